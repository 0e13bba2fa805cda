//! Columns of whom a process runs as. In a joined view the plain columns are the container's, by
//! its maps and its files; the host columns are the caller's.

use std::borrow::Cow;

use super::{Row, Value, View};
use crate::names::Names;

type Cell<'a> = Option<Value<'a>>;

/// Places in the lists of [`Status`](super::Status).
const REAL: usize = 0;
const EFFECTIVE: usize = 1;
const SAVED: usize = 2;
const FILE_SYSTEM: usize = 3;

macro_rules! columns {
    ($($id:ident, $name:ident: $of:ident, $which:ident, $named:ident;)*) => {
        $(
            pub(super) fn $id<'a>(row: &'a Row, _: &View) -> Cell<'a> {
                $of(row, $which).map(Value::number)
            }

            pub(super) fn $name<'a>(row: &'a Row, view: &'a View) -> Cell<'a> {
                $of(row, $which).map(|id| $named(names(row, view), id))
            }
        )*
    };
}

columns! {
    uid, user: uid_of, EFFECTIVE, user_name;
    ruid, ruser: uid_of, REAL, user_name;
    suid, suser: uid_of, SAVED, user_name;
    fsuid, fsuser: uid_of, FILE_SYSTEM, user_name;
    gid, group: gid_of, EFFECTIVE, group_name;
    rgid, rgroup: gid_of, REAL, group_name;
    sgid, sgroup: gid_of, SAVED, group_name;
    fsgid, fsgroup: gid_of, FILE_SYSTEM, group_name;
}

pub(super) fn gids<'a>(row: &'a Row, _: &View) -> Cell<'a> {
    groups_of(row).map(numbers)
}

pub(super) fn groups<'a>(row: &'a Row, view: &'a View) -> Cell<'a> {
    let names = names(row, view);
    let list = groups_of(row)?.iter();
    Some(Value::Names(list.map(|gid| name_or_number(names.group(*gid), *gid)).collect()))
}

pub(super) fn huid<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    host_uid(row, view).map(Value::number)
}

pub(super) fn huser<'a>(row: &'a Row, view: &'a View) -> Cell<'a> {
    host_uid(row, view).map(|uid| user_name(&view.names, uid))
}

pub(super) fn hgid<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    host_gid(row, view).map(Value::number)
}

pub(super) fn hgroup<'a>(row: &'a Row, view: &'a View) -> Cell<'a> {
    host_gid(row, view).map(|gid| group_name(&view.names, gid))
}

pub(super) fn hgids<'a>(row: &'a Row, view: &View) -> Cell<'a> {
    let gids: Vec<u32> = host_groups(row, view)?.collect();
    Some(numbers(&gids))
}

pub(super) fn hgroups<'a>(row: &'a Row, view: &'a View) -> Cell<'a> {
    let named = host_groups(row, view)?.map(|gid| name_or_number(view.names.group(gid), gid));
    Some(Value::Names(named.collect()))
}

fn uid_of(row: &Row, which: usize) -> Option<u32> {
    match &row.inside {
        Some(inside) => inside.uids?.get(which).copied(),
        None if which == EFFECTIVE => Some(row.effective()?.uid),
        None => row.status.as_ref()?.uids?.get(which).copied(),
    }
}

fn gid_of(row: &Row, which: usize) -> Option<u32> {
    match &row.inside {
        Some(inside) => inside.gids?.get(which).copied(),
        None if which == EFFECTIVE => Some(row.effective()?.gid),
        None => row.status.as_ref()?.gids?.get(which).copied(),
    }
}

fn groups_of(row: &Row) -> Option<&[u32]> {
    match &row.inside {
        Some(inside) => inside.groups.as_deref(),
        None => row.status.as_ref()?.groups.as_deref(),
    }
}

fn names<'a>(row: &'a Row, view: &'a View) -> &'a Names {
    row.inside.as_ref().map_or(&view.names, |inside| &inside.names)
}

/// Known in a joined view only, as psgo has it.
fn host_uid(row: &Row, view: &View) -> Option<u32> {
    row.inside.as_ref()?;
    Some(view.host_uid(row.effective()?.uid))
}

fn host_gid(row: &Row, view: &View) -> Option<u32> {
    row.inside.as_ref()?;
    Some(view.host_gid(row.effective()?.gid))
}

fn host_groups<'a>(row: &'a Row, view: &'a View) -> Option<impl Iterator<Item = u32> + 'a> {
    row.inside.as_ref()?;
    let gids = row.status.as_ref()?.groups.as_deref()?;
    Some(gids.iter().map(|gid| view.host_gid(*gid)))
}

fn user_name(names: &Names, uid: u32) -> Value<'_> {
    Value::Bytes(name_or_number(names.user(uid), uid))
}

fn group_name(names: &Names, gid: u32) -> Value<'_> {
    Value::Bytes(name_or_number(names.group(gid), gid))
}

fn name_or_number(name: Option<&[u8]>, id: u32) -> Cow<'_, [u8]> {
    name.map_or_else(|| Cow::Owned(id.to_string().into_bytes()), Cow::Borrowed)
}

fn numbers<'a>(ids: &[u32]) -> Value<'a> {
    Value::Names(ids.iter().map(|id| Cow::Owned(id.to_string().into_bytes())).collect())
}
