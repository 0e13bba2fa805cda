//! Drafts → namespaces: each is opened once and asked for its identity and its kin; kin that
//! nobody has found yet are added, and asked as well.

use std::collections::BTreeMap;

use nix::errno::Errno;

use super::{
    Holder, Kin, Namespace, NamespaceId, NamespaceKind,
    drafts::{Draft, Drafts, Opened},
    handle::Handle,
};
use crate::{
    id_map::{self, IdMap},
    source::proc::Directory,
    sys::NetnsIds,
};

/// By inode number.
pub(super) fn ask(proc: &Directory, mut drafts: Drafts) -> Vec<Namespace> {
    let mut asked: BTreeMap<u64, Namespace> = BTreeMap::new();
    let mut waiting = drafts.inodes();
    let netns_ids = NetnsIds::open().ok();
    while let Some(inode) = waiting.pop() {
        let Some(mut draft) = drafts.remove(inode) else { continue };
        let handle = match draft.open(proc, inode) {
            Opened::Yes(handle) => Some(handle),
            Opened::Refused => None,
            Opened::Gone => continue,
        };
        let mut kin = |relative: Result<Handle, Errno>| match relative {
            Ok(relative) => {
                let id = relative.id;
                if !asked.contains_key(&id.inode) && id.inode != inode {
                    if !drafts.contains(id.inode) {
                        waiting.push(id.inode);
                    }
                    drafts.opened(relative);
                }
                Kin::Known(id)
            }
            Err(_) => Kin::Hidden,
        };
        let (owner, parent) = match &handle {
            Some(handle) => relations(handle, &mut kin),
            None => (Kin::Unknown, if draft.kind.is_nested() { Kin::Unknown } else { Kin::None }),
        };
        let mut namespace = namespace(proc, inode, draft, handle.as_ref());
        (namespace.owner, namespace.parent) = (owner, parent);
        if let (NamespaceKind::Network, Some(handle)) = (namespace.id.kind, &handle) {
            namespace.netns_id = netns_ids.as_ref().and_then(|ids| handle.netns_id(ids));
        }
        asked.insert(inode, namespace);
    }
    let mut all: Vec<Namespace> = asked.into_values().collect();
    name_who_keeps(&mut all);
    all
}

fn relations(handle: &Handle, kin: &mut dyn FnMut(Result<Handle, Errno>) -> Kin) -> (Kin, Kin) {
    let kind = handle.id.kind;
    let is_first = kind.initial_inode() == Some(handle.id.inode);
    if kind == NamespaceKind::User && is_first {
        return (Kin::None, Kin::None);
    }
    let owner = kin(handle.owner());
    let parent = match kind {
        // What the kernel says of either is the same.
        NamespaceKind::User => owner,
        NamespaceKind::Pid if !is_first => kin(handle.parent()),
        _ => Kin::None,
    };
    (owner, parent)
}

/// All but its kin.
fn namespace(proc: &Directory, inode: u64, draft: Draft, handle: Option<&Handle>) -> Namespace {
    let kind = draft.kind;
    let unasked = NamespaceId { kind, device: 0, inode, kernel_id: None, generation: 1 };
    let is_user = kind == NamespaceKind::User;
    let map = |name| {
        let read = |pid: &u32| read_map(proc, *pid, name);
        draft.some_members().iter().filter(|_| is_user).find_map(read)
    };
    let (uid_map, gid_map) = (map(c"uid_map"), map(c"gid_map"));
    let mut holders = draft.holders;
    holders.sort_unstable();
    holders.dedup();
    Namespace {
        id: handle.map_or(unasked, |handle| handle.id),
        owner: Kin::None,
        parent: Kin::None,
        creator: handle.and_then(Handle::creator),
        uid_map,
        gid_map,
        mounts: handle.and_then(Handle::mounts).or(draft.mounts),
        netns_id: None,
        members: draft.members,
        zombies: draft.zombies,
        kernel_threads: draft.kernel_threads,
        holders,
    }
}

fn read_map(proc: &Directory, pid: u32, name: &std::ffi::CStr) -> Option<Vec<IdMap>> {
    let lines = proc.process(pid).ok()?.read_lines(name).ok()?;
    Some(id_map::parse(&lines))
}

/// Those that nobody is in are kept by the ones that belong to them or lie within them.
fn name_who_keeps(all: &mut [Namespace]) {
    let mut keepers: Vec<(NamespaceId, NamespaceId)> = Vec::new();
    for namespace in &*all {
        let kin = [namespace.owner, namespace.parent].into_iter().filter_map(Kin::known);
        keepers.extend(kin.map(|kin| (kin, namespace.id)));
    }
    keepers.sort_unstable();
    keepers.dedup();
    for namespace in all.iter_mut().filter(|namespace| namespace.members.is_empty()) {
        let from = keepers.partition_point(|(kept, _)| *kept < namespace.id);
        let kept = keepers.iter().skip(from).take_while(|(kept, _)| *kept == namespace.id);
        namespace.holders.extend(kept.map(|(_, keeper)| Holder::Namespace { id: *keeper }));
    }
}
