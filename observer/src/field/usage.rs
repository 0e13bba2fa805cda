//! Columns of what a process uses, and of how it is scheduled.

use super::{Row, Value, View};

type Cell<'a> = Option<Value<'a>>;

const KIB: u64 = 1024;

pub(super) fn vsz<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number(stat.virtual_size / KIB))
}

/// Kernel threads and zombies have no memory: 0, as psgo and ps(1) say.
pub(super) fn rss<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.status.as_ref().map(|status| Value::number(status.resident_kib.unwrap_or(0)))
}

pub(super) fn pmem<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    const WHOLE: u64 = 100_000;
    let resident = row.status.as_ref()?.resident_kib.unwrap_or(0).saturating_mul(KIB);
    resident.saturating_mul(WHOLE).checked_div(view.machine.memory).map(Value::Percent)
}

pub(super) fn threads<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number(stat.threads))
}

pub(super) fn minflt<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number(stat.minor_faults))
}

pub(super) fn majflt<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number(stat.major_faults))
}

pub(super) fn state<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::Word(char::from(stat.state).to_string().into()))
}

/// The state with the marks of ps(1).
pub(super) fn stat<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let stat = row.stat.as_ref()?;
    let locked = row.status.as_ref()?.locked_kib.is_some_and(|kib| kib > 0);
    let leads_session = i64::from(stat.sid) == i64::from(row.pid);
    let in_foreground = stat.tpgid != -1 && stat.tpgid == stat.pgid;
    let marks = [
        ('<', stat.nice < 0),
        ('N', stat.nice > 0),
        ('L', locked),
        ('s', leads_session),
        ('l', stat.threads > 1),
        ('+', in_foreground),
    ];
    let mut text = char::from(stat.state).to_string();
    text.extend(marks.iter().filter(|(_, set)| *set).map(|(mark, _)| mark));
    Some(Value::Word(text.into()))
}

pub(super) fn nice<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::Number(stat.nice))
}

/// Larger is more urgent, as ps(1) has it.
pub(super) fn pri<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    const MOST: i64 = 39;
    row.stat.as_ref().map(|stat| Value::Number(MOST.saturating_sub(stat.priority)))
}

pub(super) fn rtprio<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let priority = row.stat.as_ref()?.real_time_priority;
    (priority != 0).then(|| Value::number(priority))
}

pub(super) fn psr<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number(stat.processor))
}

/// The scheduling policy, in the letters of ps(1).
pub(super) fn cls<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    const NAMES: [&str; 8] = ["TS", "FF", "RR", "B", "ISO", "IDL", "DLN", "EXT"];
    let policy = row.stat.as_ref()?.policy;
    let name = usize::try_from(policy).ok().and_then(|policy| NAMES.get(policy));
    Some(Value::Word(name.map_or_else(|| format!("#{policy}").into(), |name| (*name).into())))
}

/// Whether it forked without exec (1) and used root's rights (4), in the bits of ps(1).
pub(super) fn f<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number((stat.flags >> 6) & 7))
}

pub(super) fn wchan<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let function = row.wait_channel.as_deref()?;
    (!function.is_empty()).then(|| Value::bytes(function))
}
