//! What happened, and what /proc says of whom it happened to → an event.

use bytes::Bytes;

use super::{
    difference::{Deed, Happened},
    listing::Shown,
};
use crate::{
    event::{Args, Comm, Creator, Event, Kind, Process, ProcessKey, Status, What},
    field::Row,
    source::proc::{Described, Subject},
};

/// The kind of event that a deed makes.
pub(super) fn kind(deed: &Deed) -> Kind {
    match deed {
        Deed::Forked { .. } => Kind::FORK,
        Deed::Execed => Kind::EXEC,
        Deed::Ended { .. } => Kind::EXIT,
        Deed::Gone => Kind::FREE,
        Deed::Renamed { .. } => Kind::RENAME,
    }
}

/// The event of a deed. `row` is what /proc said of the process when it was last asked, if it was there
/// to be asked. Of an exec `args_max` bytes of arguments are told.
pub(super) fn event(
    happened: &Happened,
    row: Option<&Row>,
    boot_ns: u64,
    args_max: Option<u64>,
) -> Event {
    let Happened { process: shown, parent, what, .. } = happened;
    let process = process(shown, *parent, row);
    let status = shown.status.map(Status::from_wait);
    let what = match *what {
        Deed::Forked { creator } => What::Fork {
            process,
            creator: Creator {
                key: creator.key,
                tid: creator.key.pid,
                comm: Comm::new(creator.comm),
            },
            clone_flags: 0,
        },
        Deed::Execed => What::Exec { process, filename: filename(row), args: args(row, args_max) },
        Deed::Renamed { old_comm } => What::Rename { process, old_comm: Comm::new(old_comm) },
        Deed::Ended { reaper } => What::Exit { process, status, usage: None, reaper },
        Deed::Gone => What::Free { key: shown.key, status, usage: None },
    };
    Event { boot_ns, cpu: 0, what }
}

/// The event of a process that was found in another cgroup than before.
pub(super) fn moved(shown: &Shown, parent: Option<ProcessKey>, row: &Row, boot_ns: u64) -> Event {
    let process = process(shown, parent, Some(row));
    Event { boot_ns, cpu: 0, what: What::Cgroup { process, old_cgroup: None } }
}

fn process(shown: &Shown, parent: Option<ProcessKey>, row: Option<&Row>) -> Process {
    let Shown { key, comm, .. } = *shown;
    let described = row.map(Described::of).unwrap_or_default();
    described.process(Subject { key, parent, tid: key.pid, comm: Comm::new(comm) })
}

/// Where the name may not be read it stays empty: the first argument need not be one.
fn filename(row: Option<&Row>) -> Bytes {
    let link = row.and_then(|row| row.executable.as_deref()).unwrap_or_default();
    Bytes::copy_from_slice(link.strip_suffix(b" (deleted)").unwrap_or(link))
}

fn args(row: Option<&Row>, args_max: Option<u64>) -> Option<Args> {
    let all = row?.arguments.as_ref().filter(|all| !all.is_empty())?;
    Some(Args::cut(all, args_max))
}
