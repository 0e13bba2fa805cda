//! Columns of time. All of a listing's are measured from its one instant.

use super::{MomentStyle, Row, Times, Value, View};

type Cell<'a> = Option<Value<'a>>;

const NS_PER_SECOND: u64 = 1_000_000_000;
/// Thousandths of a per cent in the whole.
const WHOLE: u128 = 100_000;

/// CPU time over the process's life; 0 for one that just began. psgo rounds it, ps cuts it.
pub(super) fn pcpu<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    let life = u128::from(view.now.since(row.identity.as_ref()?.start_ns));
    let half = match view.times {
        Times::Psgo => life / 2,
        Times::Ps => 0,
    };
    let share =
        (u128::from(row.cpu_time?.total_ns()) * WHOLE + half).checked_div(life).unwrap_or(0);
    Some(Value::Percent(share.try_into().unwrap_or(u64::MAX)))
}

pub(super) fn etime<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    age(row, view).map(Value::Elapsed)
}

pub(super) fn etimes<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    age(row, view).map(|age| Value::number(age / NS_PER_SECOND))
}

pub(super) fn time<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.cpu_time.map(|used| Value::CpuTime(used.total_ns()))
}

pub(super) fn cputimes<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.cpu_time.map(|used| Value::number(used.total_ns() / NS_PER_SECOND))
}

pub(super) fn stime<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    began(row, view, MomentStyle::Go)
}

pub(super) fn start<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    began(row, view, MomentStyle::Machine)
}

pub(super) fn lstart<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    began(row, view, MomentStyle::Long)
}

pub(super) fn start_time<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    began(row, view, MomentStyle::Short)
}

/// To the clock tick: a start is not known better, and digits that say nothing mislead.
fn age(row: &Row, view: &View) -> Option<u64> {
    let exact = view.now.since(row.identity.as_ref()?.start_ns);
    Some(exact - exact % view.machine.tick_ns().max(1))
}

fn began<'a>(row: &'a Row, view: &View, style: MomentStyle) -> Cell<'a> {
    let identity = row.identity.as_ref()?;
    Some(Value::Moment(view.now.unix_ns_of(identity.start_ns), style))
}
