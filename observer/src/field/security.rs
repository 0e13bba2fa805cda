//! Columns of what a process may do.

use std::fmt::Write as _;

use super::{Row, Value, View};
use crate::capabilities;

type Cell<'a> = Option<Value<'a>>;

/// Places in [`Status::capabilities`](super::Status::capabilities).
const INHERITABLE: usize = 0;
const PERMITTED: usize = 1;
const EFFECTIVE: usize = 2;
const BOUNDING: usize = 3;
const AMBIENT: usize = 4;

pub(super) fn capinh<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    set(row, view, INHERITABLE)
}

pub(super) fn capprm<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    set(row, view, PERMITTED)
}

pub(super) fn capeff<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    set(row, view, EFFECTIVE)
}

pub(super) fn capbnd<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    set(row, view, BOUNDING)
}

pub(super) fn capamb<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    set(row, view, AMBIENT)
}

fn set<'a>(row: &'a Row, view: &View, which: usize) -> Cell<'a> {
    let mask = (*row.status.as_ref()?.capabilities.get(which)?)?;
    Some(Value::Capabilities { mask, last: view.machine.last_capability })
}

/// All five sets in one cell.
pub(super) fn capall<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    const NAMES: [&str; 5] = ["inh", "prm", "eff", "bnd", "amb"];
    let mut text = String::new();
    for (name, mask) in NAMES.iter().zip(row.status.as_ref()?.capabilities) {
        let blank = if text.is_empty() { "" } else { " " };
        let set =
            mask.map_or("?".into(), |mask| capabilities::text(mask, view.machine.last_capability));
        let _infallible = write!(text, "{blank}{name}={set}");
    }
    Some(Value::Word(text.into()))
}

pub(super) fn seccomp<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    let word = match row.status.as_ref()?.seccomp? {
        0 => "disabled",
        1 => "strict",
        2 => "filter",
        // The kernel's own mark for a process that it is killing.
        _ => return None,
    };
    Some(Value::Word(word.into()))
}

pub(super) fn seccompfilters<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.status.as_ref()?.seccomp_filters.map(Value::number)
}

pub(super) fn nnp<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.status.as_ref()?.no_new_privileges.map(|set| Value::number(u8::from(set)))
}

pub(super) fn label<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    row.label.as_deref().map(Value::bytes)
}
