//! What happened, and what /proc says of whom it happened to → a record.

use observer_common::{
    ABI_VERSION, CgroupFacts, CgroupNames, ExecFacts, ExitFacts, ForkFacts, FreeFacts, Header,
    Kind, ProcessFacts, Record, RenameFacts, absent,
};
use zerocopy::FromZeros as _;

use super::{
    difference::{Deed, Happened},
    listing::Shown,
};
use crate::{event::ProcessKey, field::Row, source::Item};

/// A record that owns what it tells.
#[derive(Debug)]
pub(super) struct Told {
    header: Header,
    body: Body,
    v2: Vec<u8>,
    v1: Vec<u8>,
}

#[derive(Debug)]
enum Body {
    Fork(ForkFacts),
    Exec { facts: ExecFacts, filename: Vec<u8>, args: Vec<u8> },
    Exit(ExitFacts),
    Free(FreeFacts),
    Rename(RenameFacts),
    Cgroup(CgroupFacts),
}

impl Told {
    /// `row` is what /proc said of the process when it was last asked, if it was there to be asked.
    /// Of an exec `args_max` bytes of arguments are told.
    pub(super) fn new(
        happened: &Happened,
        row: Option<&Row>,
        boot_ns: u64,
        args_max: Option<u64>,
    ) -> Self {
        let Happened { process: shown, parent, what, .. } = happened;
        let process = process(shown, *parent, row);
        let body = match *what {
            Deed::Forked { creator } => Body::Fork(ForkFacts {
                child: process,
                creator_start_ns: creator.key.start_ns,
                clone_flags: 0,
                creator_pid: creator.key.pid,
                creator_tid: creator.key.pid,
                creator_comm: creator.comm,
            }),
            Deed::Execed => exec(process, row, args_max),
            Deed::Renamed { old_comm } => Body::Rename(RenameFacts {
                process: ProcessFacts { comm: old_comm, ..process },
                new_comm: shown.comm,
            }),
            Deed::Ended { reaper } => Body::Exit(ExitFacts {
                process,
                reaper_start_ns: reaper.map_or(0, |reaper| reaper.start_ns),
                reaper_pid: reaper.map_or(0, |reaper| reaper.pid),
                status: shown.status.unwrap_or(0),
                ..ExitFacts::new_zeroed()
            }),
            Deed::Gone => Body::Free(FreeFacts {
                start_ns: shown.key.start_ns,
                pid: shown.key.pid,
                status: shown.status.unwrap_or(0),
                ..FreeFacts::new_zeroed()
            }),
        };
        Self::of(body, row, shown.status, boot_ns)
    }

    /// A process that was found in another cgroup than before.
    pub(super) fn moved(
        shown: &Shown,
        parent: Option<ProcessKey>,
        row: &Row,
        boot_ns: u64,
    ) -> Self {
        let body = Body::Cgroup(CgroupFacts { process: process(shown, parent, Some(row)) });
        Self::of(body, Some(row), None, boot_ns)
    }

    fn of(body: Body, row: Option<&Row>, status: Option<u32>, boot_ns: u64) -> Self {
        let arguments = match &body {
            Body::Exec { args, .. } if args.is_empty() => absent::ARGUMENTS,
            _ => 0,
        };
        let status = if status.is_some() { 0 } else { absent::STATUS | absent::CORE };
        let cgroup = row.and_then(|row| row.cgroup.as_deref());
        let header = Header {
            boot_ns,
            kind: body.kind(),
            version: ABI_VERSION,
            absent: absent_of(row) | arguments | status | absent::USAGE,
            ..Header::new_zeroed()
        };
        let v1 = cgroup.and_then(|cgroup| cgroup.v1.as_deref());
        Self {
            header,
            body,
            v2: names(cgroup.map_or("", |cgroup| &cgroup.v2)),
            v1: names(v1.unwrap_or("")),
        }
    }

    pub(super) fn kind(&self) -> Kind {
        self.header.kind
    }

    pub(super) fn item(&self) -> Item<'_> {
        let cgroup = CgroupNames { v2: &self.v2, v1: &self.v1 };
        let record = match &self.body {
            Body::Fork(facts) => Record::Fork { facts: *facts, cgroup },
            Body::Exec { facts, filename, args } => {
                Record::Exec { facts: *facts, cgroup, filename, args }
            }
            Body::Exit(facts) => Record::Exit { facts: *facts, cgroup },
            Body::Free(facts) => Record::Free { facts: *facts },
            Body::Rename(facts) => Record::Rename { facts: *facts, cgroup },
            Body::Cgroup(facts) => Record::Cgroup { facts: *facts, cgroup },
        };
        Item::Record(self.header, record)
    }
}

impl Body {
    fn kind(&self) -> Kind {
        match self {
            Self::Fork(_) => Kind::FORK,
            Self::Exec { .. } => Kind::EXEC,
            Self::Exit(_) => Kind::EXIT,
            Self::Free(_) => Kind::FREE,
            Self::Rename(_) => Kind::RENAME,
            Self::Cgroup(_) => Kind::CGROUP,
        }
    }
}

fn exec(process: ProcessFacts, row: Option<&Row>, args_max: Option<u64>) -> Body {
    let all = row.and_then(|row| row.arguments.as_deref()).unwrap_or_default();
    let size = all.len() as u64;
    let wanted = size.min(args_max.unwrap_or(u64::MAX));
    let args = all.get(..usize::try_from(wanted).unwrap_or(all.len())).unwrap_or(all);
    // Where the name may not be read it stays empty: the first argument need not be one.
    let link = row.and_then(|row| row.executable.as_deref()).unwrap_or_default();
    let filename = link.strip_suffix(b" (deleted)").unwrap_or(link);
    let facts =
        ExecFacts { process, args_size: size, args_wanted: wanted, ..ExecFacts::new_zeroed() };
    Body::Exec { facts, filename: filename.to_vec(), args: args.to_vec() }
}

fn process(shown: &Shown, parent: Option<ProcessKey>, row: Option<&Row>) -> ProcessFacts {
    let status = row.and_then(|row| row.status.as_ref());
    let uids = status.and_then(|status| status.uids).unwrap_or_default();
    let gids = status.and_then(|status| status.gids).unwrap_or_default();
    ProcessFacts {
        start_ns: shown.key.start_ns,
        parent_start_ns: parent.map_or(0, |parent| parent.start_ns),
        pid: shown.key.pid,
        tid: shown.key.pid,
        parent_pid: parent.map_or(0, |parent| parent.pid),
        vpid: status.and_then(|status| status.pids.last().copied()).unwrap_or(0),
        uid: uids[0],
        euid: uids[1],
        gid: gids[0],
        egid: gids[1],
        namespaces: row.map_or([0; 8], |row| row.namespaces.map(Option::unwrap_or_default)),
        comm: shown.comm,
        ..ProcessFacts::new_zeroed()
    }
}

fn absent_of(row: Option<&Row>) -> u32 {
    let status = row.and_then(|row| row.status.as_ref());
    let knows = [
        (status.is_some_and(|status| !status.pids.is_empty()), absent::VPID),
        (
            status.is_some_and(|status| status.uids.is_some() && status.gids.is_some()),
            absent::CREDENTIALS,
        ),
        (row.is_some_and(|row| row.cgroup.is_some()), absent::CGROUP),
    ];
    knows.iter().filter(|(known, _)| !known).map(|(_, bit)| bit).sum()
}

/// A path as a record has it: its names from the leaf upwards, each with a NUL.
fn names(path: &str) -> Vec<u8> {
    let mut names = Vec::with_capacity(path.len());
    for name in path.rsplit('/').filter(|name| !name.is_empty()) {
        names.extend_from_slice(name.as_bytes());
        names.push(0);
    }
    names
}
