//! Namespaces → one JSON document.

use crate::{
    field::Row,
    id_map::IdMap,
    namespace::{Holder, Kin, Namespace, Namespaces, Options},
    render::{
        json::append,
        schema::{
            self, Base64, Container, HeldBy, ListedNamespace, MappedRange, MissingKin,
            NamespaceDocument, NamespaceLead, NamespaceMember, Number,
        },
        snapshot::arguments,
    },
};

/// Whether to tell more of the processes in a namespace than their pids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberDetails {
    /// Pids alone.
    No,
    /// Names, pids in every pid namespace.
    Yes,
}

/// The document of the namespaces that are `wanted`.
pub fn document(
    namespaces: &Namespaces,
    wanted: impl Fn(&Namespace) -> bool,
    details: MemberDetails,
    options: Options,
) -> Vec<u8> {
    let all = namespaces.all.iter().filter(|namespace| wanted(namespace));
    let document = NamespaceDocument {
        v: schema::VERSION,
        namespaces: all.map(|namespace| listed(namespaces, namespace, details)).collect(),
        unreadable: namespaces.unreadable,
        unreadable_files: options.deep.then_some(namespaces.unread_files),
    };
    let mut out = Vec::new();
    append(&mut out, &document);
    out.push(b'\n');
    out
}

fn listed<'a>(
    namespaces: &'a Namespaces,
    namespace: &'a Namespace,
    details: MemberDetails,
) -> ListedNamespace<'a> {
    let Namespace { id, owner, parent, members, .. } = namespace;
    let rows = members.iter().filter_map(|pid| namespaces.process(*pid));
    ListedNamespace {
        id: id.to_string(),
        kind: id.kind.name(),
        inode: id.inode,
        kernel_id: id.kernel_id.map(Number),
        parent: parent.known().map(|id| id.to_string()),
        parent_missing: missing(*parent),
        owner: owner.known().map(|id| id.to_string()),
        owner_missing: missing(*owner),
        creator_uid: namespace.creator,
        uid_map: namespace.uid_map.as_deref().map(ranges),
        gid_map: namespace.gid_map.as_deref().map(ranges),
        mounts: namespace.mounts.map(Number),
        netns_id: namespace.netns_id,
        nprocs: members.len(),
        zombies: namespace.zombies,
        kernel_threads: namespace.kernel_threads,
        pids: members,
        members: (details == MemberDetails::Yes).then(|| rows.map(member).collect()),
        held_by: namespace.holders.iter().map(held_by).collect(),
        lead: namespaces.lead(namespace).map(lead),
        mine: namespaces.is_own(namespace),
        init: namespaces.is_of_first(namespace),
    }
}

fn missing(kin: Kin) -> Option<MissingKin> {
    match kin {
        Kin::None | Kin::Known(_) => None,
        Kin::Hidden => Some(MissingKin::Hidden),
        Kin::Unknown => Some(MissingKin::Unknown),
    }
}

fn ranges(map: &[IdMap]) -> Vec<MappedRange> {
    let range = |map: &IdMap| MappedRange {
        inside: map.container_id,
        outside: map.host_id,
        count: map.size,
    };
    map.iter().map(range).collect()
}

fn held_by(holder: &Holder) -> HeldBy<'_> {
    match holder {
        Holder::Mount { path, pid, mount_namespace } => HeldBy::Mount {
            path: String::from_utf8_lossy(path),
            path_raw: raw(path),
            pid: *pid,
            mount_namespace: *mount_namespace,
        },
        Holder::Children { pid } => HeldBy::Children { pid: *pid },
        Holder::Thread { pid, tid } => HeldBy::Thread { pid: *pid, tid: *tid },
        Holder::File { pid, fd } => HeldBy::File { pid: *pid, fd: *fd },
        Holder::Socket { pid, fd } => HeldBy::Socket { pid: *pid, fd: *fd },
        Holder::Namespace { id } => HeldBy::Namespace { id: id.to_string() },
    }
}

/// Bytes that are not UTF-8.
fn raw(bytes: &[u8]) -> Option<Base64<'_>> {
    str::from_utf8(bytes).is_err().then_some(Base64(bytes))
}

fn member(row: &Row) -> NamespaceMember<'_> {
    let comm = row.identity.as_ref().map(|identity| &*identity.comm);
    let inside = row.status.as_ref().map_or(&[][..], |status| &status.pids);
    NamespaceMember {
        // The first one is its pid for the caller.
        pids: if inside.is_empty() { vec![row.pid] } else { inside.to_vec() },
        comm: comm.map(String::from_utf8_lossy),
        comm_raw: comm.and_then(raw),
        zombie: row.is_zombie(),
        kernel_thread: row.is_kernel_thread(),
    }
}

fn lead(row: &Row) -> NamespaceLead<'_> {
    let identity = row.identity.as_ref();
    let cgroup = row.cgroup.as_deref();
    let container = cgroup.and_then(|cgroup| cgroup.container.as_ref());
    NamespaceLead {
        pid: row.pid,
        parent_pid: identity.map(|identity| identity.parent),
        comm: identity.map(|identity| String::from_utf8_lossy(&identity.comm)),
        command_args: row.arguments.as_deref().map(arguments),
        uid: row.effective().map(|owner| owner.uid),
        cgroup: cgroup.map(crate::event::Cgroup::path),
        unit: cgroup.and_then(|cgroup| crate::container::unit_of_path(cgroup.path())),
        container: container.map(Container::from),
    }
}
