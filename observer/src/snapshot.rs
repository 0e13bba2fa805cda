//! The table at one instant: immutable, cheap to clone, and the place in the stream of changes that
//! belongs to it.

use std::{fmt, sync::Arc};

use crate::{
    Error, Listing,
    census::Details,
    facts::Facts,
    field::{Identity, Instant, Owner, Row, Status},
    machine::Machine,
    origin::Origin,
    source::proc::add_what_no_walk_tells,
    table::{Entry, State},
};

/// All processes at one instant.
#[derive(Clone)]
pub struct Snapshot(Arc<Parts>);

/// What a snapshot is made of.
pub(crate) struct Parts {
    pub(crate) token: Token,
    pub(crate) now: Instant,
    pub(crate) machine: Arc<Machine>,
    pub(crate) origin: Origin,
    pub(crate) entries: Arc<[Arc<Entry>]>,
    pub(crate) details: Option<Details>,
}

/// A place in a monitor's stream of changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The boot that the stream belongs to.
    pub boot_id: String,
    /// The monitor that the stream belongs to: when that started, in nanoseconds since boot.
    pub epoch: u64,
    /// The number of the last change that the snapshot contains.
    pub seq: u64,
    /// How many events had been lost by then.
    pub lost: u64,
    /// Whether the table was complete: it had repaired every loss.
    pub complete: bool,
}

/// How new a snapshot's facts must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// What events alone report: which processes exist, their parents, cgroups and arguments at
    /// exec, and the user that each had at its last event.
    Table,
    /// What a walk over the kernel's tasks adds: CPU time, state, sizes, all ids and namespaces,
    /// capabilities. Arguments are those at exec.
    Refreshed,
    /// What [`Self::Refreshed`] gives, with the arguments as they are in memory now.
    Reread,
}

/// Facts that the table alone knows. The user that a process runs as is not among them: no event
/// reports setuid(2).
const OF_THE_TABLE: Facts = Facts::IDENTITY.and(Facts::PIDS).and(Facts::CGROUP).and(Facts::NAMES);

impl Freshness {
    /// The cheapest freshness that gives these facts.
    pub fn sufficient_for(wanted: Facts) -> Self {
        if wanted.have(Facts::ARGUMENTS) {
            Self::Reread
        } else if wanted.without(OF_THE_TABLE) == Facts::NONE {
            Self::Table
        } else {
            Self::Refreshed
        }
    }
}

impl Snapshot {
    pub(crate) fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The place from which the stream of changes continues this snapshot.
    pub fn token(&self) -> &Token {
        &self.0.token
    }

    /// When the snapshot was taken.
    pub fn now(&self) -> Instant {
        self.0.now
    }

    /// Running processes and zombies as the table knows them, by ascending pid.
    pub fn processes(&self) -> &[Arc<Entry>] {
        &self.0.entries
    }

    /// The process with this pid.
    pub fn get(&self, pid: u32) -> Option<&Arc<Entry>> {
        let entries = self.processes();
        let at = entries.binary_search_by_key(&pid, |entry| entry.process.key.pid).ok()?;
        entries.get(at)
    }

    /// Makes a listing with one row per process: the wanted facts, as far as the snapshot was taken
    /// with them, and the names that they need. What neither events nor a walk report (label,
    /// executable, working directory, wait channel) is read from /proc now.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is needed and not mounted.
    pub fn listing(&self, wanted: Facts) -> Result<Listing, Error> {
        let Parts { token, now, machine, origin, .. } = &*self.0;
        let mut rows = self.rows(wanted);
        add_what_no_walk_tells(&mut rows, wanted, machine)?;
        let machine = Machine::clone(machine);
        let mut listing = Listing::of_rows(rows, *now, wanted, machine, *origin);
        listing.seq = token.seq;
        listing.lost = token.lost;
        listing.torn = !token.complete;
        Ok(listing)
    }

    fn rows(&self, wanted: Facts) -> Vec<Row> {
        let Parts { machine, entries, details, .. } = &*self.0;
        match details {
            Some(details) => details.rows(entries, wanted, machine),
            None => entries.iter().map(|entry| row(entry, wanted)).collect(),
        }
    }
}

/// What the table alone tells.
fn row(entry: &Entry, wanted: Facts) -> Row {
    let process = &entry.process;
    Row {
        pid: process.key.pid,
        life: entry.life,
        owner: process
            .credentials
            .map(|ids| Owner { uid: ids.effective_uid, gid: ids.effective_gid }),
        identity: Some(Identity {
            comm: process.comm.as_bytes().into(),
            parent: process.parent.map_or(0, |parent| parent.pid),
            start_ns: process.key.start_ns,
            zombie: entry.state != State::Running,
        }),
        status: wanted
            .have(Facts::PIDS)
            .then(|| Status { pids: process.vpid.into_iter().collect(), ..Status::default() }),
        arguments: if wanted.have(Facts::ARGUMENTS) { entry.arguments() } else { None },
        cgroup: process.cgroup.clone(),
        namespaces: process.namespaces.map(|inode| (inode != 0).then_some(inode)),
        ..Row::default()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("token", &self.0.token)
            .field("processes", &self.0.entries.len())
            .finish_non_exhaustive()
    }
}
