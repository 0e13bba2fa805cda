//! Namespaces for tests that need no machine.

use super::{Kin, Namespace, NamespaceId, NamespaceKind, Namespaces};
use crate::{
    Listing,
    facts::Facts,
    field::{Identity, Instant, Row},
    machine::Machine,
    origin::Origin,
};

pub(super) fn id(kind: NamespaceKind, inode: u64) -> NamespaceId {
    NamespaceId { kind, device: 4, inode, kernel_id: None, generation: 1 }
}

/// One with this owner, which is its parent too, of a kind that has one.
pub(super) fn one(kind: NamespaceKind, inode: u64, kin: Kin) -> Namespace {
    Namespace {
        id: id(kind, inode),
        owner: kin,
        parent: if kind.is_nested() { kin } else { Kin::None },
        creator: None,
        uid_map: None,
        gid_map: None,
        mounts: None,
        netns_id: None,
        members: Vec::new(),
        zombies: 0,
        kernel_threads: 0,
        holders: Vec::new(),
    }
}

/// With processes of these pids and parents.
pub(super) fn all(all: Vec<Namespace>, parents: &[(u32, u32)]) -> Namespaces {
    let row = |(pid, parent): &(u32, u32)| Row {
        pid: *pid,
        identity: Some(Identity { parent: *parent, ..Identity::default() }),
        ..Row::default()
    };
    Namespaces {
        all,
        listing: listing(parents.iter().map(row).collect()),
        leads: listing(Vec::new()),
        unreadable: 0,
        unread_files: 0,
        own: [None; 8],
        first: [None; 8],
    }
}

fn listing(rows: Vec<Row>) -> Listing {
    let now = Instant { boot_ns: 0, unix_ns: 0 };
    Listing::of_rows(rows, now, Facts::NONE, Machine::read().unwrap(), Origin::Proc)
}
