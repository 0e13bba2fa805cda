//! The namespaces of the machine: which processes are in them, who owns them, how they nest, and
//! what keeps those alive that have no processes.
//!
//! In data-flow order: rows of processes (of /proc, or of a live table) become `drafts`; `mounts`
//! and with [`Options::deep`] `deep` add what else holds a namespace; `ask` opens each once and
//! asks the kernel for the rest, through `handle`. [`tree`] arranges the result, pure.
//!
//! Follows namespaces(7) and `ioctl_nsfs(2)`. Enters nothing. Without `CAP_SYS_PTRACE` (or root)
//! the namespaces of other users' processes stay unknown: the result says how many processes that
//! concerns, and everything else still works.

mod ask;
mod deep;
mod drafts;
#[cfg(feature = "perf")]
pub mod follow;
mod handle;
mod holder;
mod identity;
mod kind;
#[cfg(test)]
mod made_up;
mod mounts;
pub mod tree;

use std::{io, os::fd::OwnedFd};

#[cfg(feature = "perf")]
pub use self::follow::NamespaceFollower;
use self::{ask::ask, drafts::Drafts, handle::Handle};
pub use self::{holder::Holder, identity::NamespaceId, kind::NamespaceKind, tree::Tree};
use crate::{
    Error, Listing,
    facts::Facts,
    field::Row,
    id_map::IdMap,
    source::proc::{Directory, Which},
};

/// What the rows must know that namespaces are made of.
pub const FACTS: Facts =
    Facts::STAT.and(Facts::OWNER).and(Facts::ALL_NAMESPACES).and(Facts::CHILDREN_NAMESPACES);

/// What is read of the process with the lowest pid of a namespace.
const LEAD_FACTS: Facts = Facts::STAT
    .and(Facts::OWNER)
    .and(Facts::USER_NAMES)
    .and(Facts::ARGUMENTS)
    .and(Facts::CGROUP)
    .and(Facts::PIDS);

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Also looks at every thread, open file and socket. Needs `CAP_SYS_PTRACE`, for sockets
    /// `CAP_NET_ADMIN` too; takes some microseconds for each of them.
    pub deep: bool,
}

/// The namespaces of one instant.
#[derive(Debug)]
pub struct Namespaces {
    /// All namespaces, sorted by inode number, so that the initial ones come first.
    pub all: Vec<Namespace>,
    /// The processes, by ascending pid.
    pub listing: Listing,
    /// Those of them with the lowest pid of a namespace, with their arguments, users and cgroups.
    pub leads: Listing,
    /// How many processes have a namespace that the caller is not permitted to see.
    pub unreadable: u64,
    /// How many processes have open files that the caller is not permitted to see, in a deep look.
    pub unread_files: u64,
    /// Inode numbers of the caller's own, in the order of [`NamespaceKind::ALL`].
    pub own: [Option<u64>; 8],
    /// The inode numbers of the first process's namespaces, if they can be known.
    pub first: [Option<u64>; 8],
}

/// A namespace.
#[derive(Clone, Debug)]
pub struct Namespace {
    /// Which one.
    pub id: NamespaceId,
    /// The user namespace that owns it; for a user namespace, its parent.
    pub owner: Kin,
    /// Its parent, for a pid or user namespace.
    pub parent: Kin,
    /// The user that made it, of a user namespace, as the caller numbers users. `None` where it
    /// could not be opened.
    pub creator: Option<u32>,
    /// Its user id map, in the caller's numbers; see `user_namespaces(7)`. Known of a user
    /// namespace that a process is in.
    pub uid_map: Option<Vec<IdMap>>,
    /// Its group id map, likewise.
    pub gid_map: Option<Vec<IdMap>>,
    /// How many mounts it has, of a mount namespace. Before Linux 6.12 as many as the process with
    /// the lowest pid sees.
    pub mounts: Option<u64>,
    /// The number that the caller's network namespace has given it, of a network namespace; see
    /// ip-netns(8).
    pub netns_id: Option<i32>,
    /// Pids of the processes in it, ascending; zombies and kernel threads among them.
    pub members: Vec<u32>,
    /// How many of them are zombies.
    pub zombies: usize,
    /// How many of them are threads of the kernel.
    pub kernel_threads: usize,
    /// What else keeps it alive.
    pub holders: Vec<Holder>,
}

/// A namespace to which another stands in a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kin {
    /// There is none: the kind has no such relation, or it is the initial namespace.
    None,
    /// That one, which is among [`Namespaces::all`].
    Known(NamespaceId),
    /// It lies outside what the caller is permitted to see.
    Hidden,
    /// The namespace could not be opened, to be asked.
    Unknown,
}

impl Kin {
    /// The one, if it is known.
    pub fn known(self) -> Option<NamespaceId> {
        match self {
            Self::Known(id) => Some(id),
            Self::None | Self::Hidden | Self::Unknown => None,
        }
    }
}

/// The namespace that an open file of nsfs stands for, such as `/proc/PID/ns/net` or one that such
/// a file was mounted onto.
///
/// # Errors
///
/// `ENOTTY` for any other file.
pub fn of_file(file: OwnedFd) -> io::Result<NamespaceId> {
    Ok(Handle::new(file)?.id)
}

/// Reads all namespaces from /proc, as they are now.
///
/// # Errors
///
/// [`Error::System`] where /proc is not mounted, or no file can be opened any more.
pub fn scan(options: Options) -> Result<Namespaces, Error> {
    Namespaces::of(Listing::of_processes(Which::All, FACTS)?, options)
}

impl Namespaces {
    /// Collects the namespaces of these processes, and all that is related to them. The rows must
    /// know [`FACTS`], as those of [`Monitor::snapshot_for`](crate::Monitor::snapshot_for) do, and
    /// be in the order of their pids.
    ///
    /// # Errors
    ///
    /// As [`scan`].
    pub fn of(listing: Listing, options: Options) -> Result<Self, Error> {
        let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
        let mut drafts = Drafts::of(&listing.rows);
        mounts::find(&proc, &mut drafts);
        let caller = caller();
        let unread_files =
            if options.deep { deep::find(&proc, &listing.rows, caller, &mut drafts) } else { 0 };
        let all = ask(&proc, drafts);
        let mut lead_pids: Vec<u32> =
            all.iter().filter_map(|namespace| namespace.members.first().copied()).collect();
        lead_pids.sort_unstable();
        lead_pids.dedup();
        Ok(Self {
            leads: Listing::of_known(&lead_pids, LEAD_FACTS, listing.view.machine.clone())?,
            unreadable: listing.refused.saturating_add(listing.curtailed),
            unread_files,
            own: caller.map_or([None; 8], |pid| inodes(&listing, pid)),
            first: inodes(&listing, 1),
            listing,
            all,
        })
    }

    /// The namespace with this inode number.
    pub fn get(&self, inode: u64) -> Option<&Namespace> {
        let at = self.all.binary_search_by_key(&inode, |namespace| namespace.id.inode).ok()?;
        self.all.get(at)
    }

    /// The row of a process.
    pub fn process(&self, pid: u32) -> Option<&Row> {
        by_pid(&self.listing.rows, pid)
    }

    /// The process with the lowest pid in there, with its arguments, user and cgroup. `None` as
    /// well when that has ended meanwhile.
    pub fn lead(&self, namespace: &Namespace) -> Option<&Row> {
        let pid = *namespace.members.first()?;
        let lead = by_pid(&self.leads.rows, pid)?;
        let tick = |row: &Row| row.key().map(|key| self.listing.view.machine.ticks(key.start_ns));
        (tick(lead) == self.process(pid).and_then(tick)).then_some(lead)
    }

    /// Whether the caller is in it.
    pub fn is_own(&self, namespace: &Namespace) -> bool {
        let own = self.own.get(namespace.id.kind.index()).copied().flatten();
        own == Some(namespace.id.inode)
    }

    /// Whether the first process of the caller's pid namespace is in it, if that may be known.
    pub fn is_of_first(&self, namespace: &Namespace) -> Option<bool> {
        let first = self.first.get(namespace.id.kind.index()).copied().flatten()?;
        Some(first == namespace.id.inode)
    }
}

impl Namespace {
    /// Whether it is the one of its kind that the kernel began with, where its number tells.
    pub fn is_initial(&self) -> bool {
        self.id.kind.initial_inode() == Some(self.id.inode)
    }
}

/// The caller's pid as /proc has it, which may be that of a pid namespace further out.
fn caller() -> Option<u32> {
    std::fs::read_link("/proc/self").ok()?.to_str()?.parse().ok()
}

fn by_pid(rows: &[Row], pid: u32) -> Option<&Row> {
    rows.binary_search_by_key(&pid, |row| row.pid).ok().and_then(|at| rows.get(at))
}

/// Inode numbers of a process's namespaces.
fn inodes(listing: &Listing, pid: u32) -> [Option<u64>; 8] {
    by_pid(&listing.rows, pid)
        .map_or([None; 8], |row| row.namespaces.map(|inode| inode.map(u64::from)))
}
