//! A namespace → the text of a column. Bytes that others chose stay as they are: whoever shows them
//! escapes them.

use std::io::Write as _;

use super::kept::{held_by, mounted_at};
use crate::{
    field::find,
    id_map::IdMap,
    namespace::{Kin, Namespace, Namespaces},
    render::write_cell,
};

/// What the text of a cell is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    pub(super) namespaces: &'a Namespaces,
    pub(super) namespace: &'a Namespace,
}

/// Appends the text of a column.
pub(super) type Getter = fn(Subject<'_>, &mut Vec<u8>);

/// What stands where nothing is known.
const UNKNOWN: &[u8] = b"?";

/// A column of `observer ps`, of the process with the lowest pid.
fn of_lead(subject: Subject<'_>, name: &str, out: &mut Vec<u8>) {
    let Subject { namespaces, namespace } = subject;
    if let (Some(row), Ok(field)) = (namespaces.lead(namespace), find(name)) {
        write_cell(out, field, row, &namespaces.leads.view);
    }
}

pub(super) fn number(out: &mut Vec<u8>, number: impl Into<u64>) {
    out.extend_from_slice(itoa::Buffer::new().format(number.into()).as_bytes());
}

fn count(out: &mut Vec<u8>, count: usize) {
    out.extend_from_slice(itoa::Buffer::new().format(count).as_bytes());
}

pub(super) fn ns(subject: Subject<'_>, out: &mut Vec<u8>) {
    number(out, subject.namespace.id.inode);
}

pub(super) fn kind(subject: Subject<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(subject.namespace.id.kind.name().as_bytes());
}

pub(super) fn path(subject: Subject<'_>, out: &mut Vec<u8>) {
    let namespace = subject.namespace;
    if let Some(pid) = namespace.members.first() {
        let _infallible = write!(out, "/proc/{pid}/ns/{}", namespace.id.kind.name());
    } else if let Some(path) = mounted_at(namespace).next() {
        out.extend_from_slice(path);
    }
}

pub(super) fn nprocs(subject: Subject<'_>, out: &mut Vec<u8>) {
    count(out, subject.namespace.members.len());
}

pub(super) fn pid(subject: Subject<'_>, out: &mut Vec<u8>) {
    if let Some(pid) = subject.namespace.members.first() {
        number(out, *pid);
    }
}

pub(super) fn ppid(subject: Subject<'_>, out: &mut Vec<u8>) {
    of_lead(subject, "ppid", out);
}

pub(super) fn command(subject: Subject<'_>, out: &mut Vec<u8>) {
    of_lead(subject, "args", out);
}

pub(super) fn uid(subject: Subject<'_>, out: &mut Vec<u8>) {
    of_lead(subject, "uid", out);
}

pub(super) fn user(subject: Subject<'_>, out: &mut Vec<u8>) {
    of_lead(subject, "user", out);
}

pub(super) fn netnsid(subject: Subject<'_>, out: &mut Vec<u8>) {
    let namespace = subject.namespace;
    match namespace.netns_id {
        Some(id) => {
            let _infallible = write!(out, "{id}");
        }
        None if namespace.id.kind == crate::namespace::NamespaceKind::Network => {
            out.extend_from_slice(b"unassigned");
        }
        None => {}
    }
}

pub(super) fn nsfs(subject: Subject<'_>, out: &mut Vec<u8>) {
    for (index, path) in mounted_at(subject.namespace).enumerate() {
        out.extend_from_slice(if index == 0 { b"" } else { b"," });
        out.extend_from_slice(path);
    }
}

pub(super) fn pns(subject: Subject<'_>, out: &mut Vec<u8>) {
    kin(out, subject.namespace.parent);
}

pub(super) fn ons(subject: Subject<'_>, out: &mut Vec<u8>) {
    kin(out, subject.namespace.owner);
}

fn kin(out: &mut Vec<u8>, kin: Kin) {
    match kin {
        Kin::None => out.push(b'0'),
        Kin::Known(id) => number(out, id.inode),
        Kin::Hidden | Kin::Unknown => out.extend_from_slice(UNKNOWN),
    }
}

pub(super) fn id(subject: Subject<'_>, out: &mut Vec<u8>) {
    let _infallible = write!(out, "{}", subject.namespace.id);
}

pub(super) fn creator(subject: Subject<'_>, out: &mut Vec<u8>) {
    if let Some(uid) = subject.namespace.creator {
        number(out, uid);
    }
}

pub(super) fn uidmap(subject: Subject<'_>, out: &mut Vec<u8>) {
    map(out, subject.namespace.uid_map.as_deref());
}

pub(super) fn gidmap(subject: Subject<'_>, out: &mut Vec<u8>) {
    map(out, subject.namespace.gid_map.as_deref());
}

fn map(out: &mut Vec<u8>, map: Option<&[IdMap]>) {
    for (index, range) in map.unwrap_or_default().iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"" } else { b"," });
        let IdMap { container_id, host_id, size } = range;
        let _infallible = write!(out, "{container_id}:{host_id}:{size}");
    }
}

pub(super) fn mounts(subject: Subject<'_>, out: &mut Vec<u8>) {
    if let Some(mounts) = subject.namespace.mounts {
        number(out, mounts);
    }
}

pub(super) fn zombies(subject: Subject<'_>, out: &mut Vec<u8>) {
    count(out, subject.namespace.zombies);
}

pub(super) fn kthreads(subject: Subject<'_>, out: &mut Vec<u8>) {
    count(out, subject.namespace.kernel_threads);
}

pub(super) fn container(subject: Subject<'_>, out: &mut Vec<u8>) {
    of_lead(subject, "container", out);
}

pub(super) fn unit(subject: Subject<'_>, out: &mut Vec<u8>) {
    let Subject { namespaces, namespace } = subject;
    let cgroup = namespaces.lead(namespace).and_then(|row| row.cgroup.as_ref());
    let unit = cgroup.and_then(|cgroup| crate::container::unit_of_path(cgroup.path()));
    out.extend_from_slice(unit.unwrap_or_default().as_bytes());
}

pub(super) fn cgroup(subject: Subject<'_>, out: &mut Vec<u8>) {
    of_lead(subject, "cgroup", out);
}

pub(super) fn held(subject: Subject<'_>, out: &mut Vec<u8>) {
    held_by(subject.namespace, out);
}

pub(super) fn mine(subject: Subject<'_>, out: &mut Vec<u8>) {
    answer(out, Some(subject.namespaces.is_own(subject.namespace)));
}

pub(super) fn init(subject: Subject<'_>, out: &mut Vec<u8>) {
    answer(out, subject.namespaces.is_of_first(subject.namespace));
}

fn answer(out: &mut Vec<u8>, answer: Option<bool>) {
    out.extend_from_slice(match answer {
        Some(true) => b"yes",
        Some(false) => b"no",
        None => UNKNOWN,
    });
}

pub(super) fn keeper(subject: Subject<'_>, out: &mut Vec<u8>) {
    if subject.namespace.members.is_empty() {
        held(subject, out);
    } else {
        command(subject, out);
    }
}
