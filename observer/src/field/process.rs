//! Columns of who and where a process is: ids, name, arguments, files, container, namespaces.

use std::borrow::Cow;

use super::{Row, Value, View};
use crate::{event::Cgroup, tty as terminal};

type Cell<'a> = Option<Value<'a>>;

#[expect(clippy::unnecessary_wraps, reason = "the type of every column")]
pub(super) fn pid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    Some(Value::number(row.inside.as_ref().map_or(row.pid, |inside| inside.pid)))
}

pub(super) fn ppid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    match &row.inside {
        Some(inside) => Some(Value::number(inside.parent)),
        None => row.identity.as_ref().map(|identity| Value::number(identity.parent)),
    }
}

pub(super) fn pgid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    match &row.inside {
        Some(inside) => Some(Value::number(inside.pgid)),
        None => row.stat.as_ref().map(|stat| Value::number(stat.pgid)),
    }
}

pub(super) fn sid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    match &row.inside {
        Some(inside) => Some(Value::number(inside.sid)),
        None => row.stat.as_ref().map(|stat| Value::number(stat.sid)),
    }
}

pub(super) fn tpgid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.stat.as_ref().map(|stat| Value::number(stat.tpgid))
}

pub(super) fn vpid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.status.as_ref()?.pids.last().copied().map(Value::number)
}

pub(super) fn hpid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.inside.as_ref().map(|_| Value::number(row.pid))
}

pub(super) fn hppid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let identity = row.inside.as_ref().and(row.identity.as_ref())?;
    Some(Value::number(identity.parent))
}

pub(super) fn tty<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    terminal::name(row.stat.as_ref()?.tty).map(Value::Word)
}

pub(super) fn comm<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.identity.as_ref().map(|identity| Value::bytes(&identity.comm))
}

/// The arguments with blanks between, as ps(1) shows them; the name in brackets where there are
/// none.
pub(super) fn args<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let arguments = row.arguments.as_ref()?;
    // Programs that write a title over their arguments leave NULs behind it.
    let end = arguments.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let words = arguments.get(..end).unwrap_or_default();
    if !words.is_empty() {
        let text = words.iter().map(|byte| if *byte == 0 { b' ' } else { *byte });
        return Some(Value::Bytes(Cow::Owned(text.collect())));
    }
    let identity = row.identity.as_ref()?;
    let mut text = Vec::with_capacity(identity.comm.len() + 12);
    text.push(b'[');
    text.extend_from_slice(&identity.comm);
    text.push(b']');
    if identity.zombie {
        text.extend_from_slice(b" <defunct>");
    }
    Some(Value::Bytes(Cow::Owned(text)))
}

pub(super) fn exe<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.executable.as_deref().map(Value::bytes)
}

pub(super) fn cwd<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.working_directory.as_deref().map(Value::bytes)
}

pub(super) fn cgroup<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.cgroup.as_deref().map(|cgroup| Value::bytes(cgroup.path().as_bytes()))
}

/// As many digits of a container's id as engines print.
pub(super) fn container<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    const SHORT: usize = 12;
    const WHOLE: usize = 64;
    let id = container_id_of(row.cgroup.as_deref()?)?;
    let short = if id.len() == WHOLE { id.get(..SHORT) } else { None };
    Some(Value::bytes(short.unwrap_or(id).as_bytes()))
}

pub(super) fn containerid<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    container_id_of(row.cgroup.as_deref()?).map(|id| Value::bytes(id.as_bytes()))
}

fn container_id_of(cgroup: &Cgroup) -> Option<&str> {
    cgroup.container.as_ref().map(|container| container.id.as_str())
}

pub(super) fn runtime<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let container = row.cgroup.as_ref()?.container.as_ref()?;
    Some(Value::Word(container.runtime.name().into()))
}

/// The inode number of the namespace of that kind, by its place among
/// [`NAMESPACES`](crate::event::NAMESPACES).
pub(super) fn namespace<'a, const KIND: usize>(row: &'a Row, _: &View) -> Cell<'a> {
    row.namespaces.get(KIND).copied().flatten().map(Value::number)
}
