//! The tracker by what it gives, with a /proc of the test's own.

mod any;
mod facts;
mod identity;
mod lineage;
mod loss;
mod namespaces;
mod threads;

use std::collections::BTreeMap;

use bytes::Bytes;
use observer_common::{Kind, Record};

use super::{
    super::{
        asked::Asked,
        given::Given,
        told::{Comm, News, Told, padded},
    },
    Tracker, Wanted, With,
};
use crate::{
    event::ProcessKey,
    facts::Facts,
    field::{Identity, Row, Stat, Status},
};

const TICK_NS: u64 = 10_000_000;

/// Where a clock tick is far from both its ends.
const NOW: u64 = 500 * TICK_NS + TICK_NS / 2;

/// A record, as far as it is looked at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Got {
    kind: u16,
    pid: u32,
    start_ns: u64,
    parent: (u32, u64),
    absent: u32,
    status: u32,
    reaper: (u32, u64),
    comm: String,
    args: Vec<u8>,
    uid: u32,
    tid: u32,
    namespaces: [u32; 8],
    /// Which one, its flags, and the namespaces that children get.
    call: (u32, u64, [u32; 2]),
}

impl Got {
    fn key(&self) -> ProcessKey {
        ProcessKey { pid: self.pid, start_ns: self.start_ns }
    }

    fn is(&self, kind: Kind) -> bool {
        self.kind == kind.0
    }

    fn lacks(&self, bits: u32) -> bool {
        self.absent & bits == bits
    }

    fn of(given: &Given<'_>) -> Self {
        let (mut status, mut reaper, mut args) = (0, (0, 0), Vec::new());
        let (mut call, mut flags, mut for_children) = (0, 0, [0; 2]);
        let process = match given.record {
            Record::Fork { facts, .. } => facts.child,
            Record::Exec { facts, args: bytes, .. } => {
                args = bytes.to_vec();
                facts.process
            }
            Record::Exit { facts, .. } => {
                (status, reaper) = (facts.status, (facts.reaper_pid, facts.reaper_start_ns));
                facts.process
            }
            Record::Rename { facts, .. } => facts.process,
            Record::Cgroup { facts, .. } => facts.process,
            Record::Namespace { facts, .. } => {
                (call, flags, for_children) = (facts.call, facts.flags, facts.for_children);
                facts.process
            }
            Record::Free { facts } => {
                status = facts.status;
                let mut process: observer_common::ProcessFacts = zerocopy::FromZeros::new_zeroed();
                (process.pid, process.start_ns) = (facts.pid, facts.start_ns);
                process
            }
            other => panic!("no such record is given: {other:?}"),
        };
        Self {
            kind: given.kind.0,
            pid: process.pid,
            start_ns: process.start_ns,
            parent: (process.parent_pid, process.parent_start_ns),
            absent: given.absent,
            status,
            reaper,
            comm: String::from_utf8_lossy(&process.comm).trim_end_matches('\0').to_owned(),
            args,
            uid: process.uid,
            tid: process.tid,
            namespaces: process.namespaces,
            call: (call, flags, for_children),
        }
    }
}

/// Processes as a /proc of the test's own lists them.
#[derive(Default)]
struct World {
    rows: BTreeMap<u32, Row>,
    threads: BTreeMap<u32, Vec<u32>>,
    /// By the id of the thread.
    namespaces: BTreeMap<u32, [u32; 10]>,
    /// Whom it was asked about.
    asked: Vec<u32>,
}

impl Asked for World {
    fn process(&mut self, pid: u32, _wanted: Facts) -> Option<Row> {
        self.asked.push(pid);
        self.rows.get(&pid).cloned()
    }

    fn namespaces(&mut self, _pid: u32, tid: u32) -> [u32; 10] {
        self.namespaces.get(&tid).copied().unwrap_or_default()
    }

    fn threads(&mut self, pid: u32) -> Vec<u32> {
        self.threads.get(&pid).cloned().unwrap_or_else(|| vec![pid])
    }

    fn all(&mut self) -> Vec<Row> {
        self.rows.values().cloned().collect()
    }
}

/// A process that began in the clock tick of that time.
fn row(pid: u32, parent: u32, start_ns: u64) -> Row {
    Row {
        pid,
        identity: Some(Identity {
            comm: (*b"old").into(),
            parent,
            start_ns: start_ns - start_ns % TICK_NS,
            zombie: false,
        }),
        stat: Some(Stat { threads: 1, ..Stat::default() }),
        ..Row::default()
    }
}

/// What is told of whom it runs as.
fn with_user(mut row: Row, uid: u32) -> Row {
    row.status = Some(Status {
        uids: Some([uid; 4]),
        gids: Some([uid; 4]),
        pids: [row.pid].into(),
        ..Status::default()
    });
    row
}

/// What the tracker makes of a story.
struct Play {
    tracker: Tracker,
    world: World,
    got: Vec<Got>,
    now_ns: u64,
    missed: u32,
}

impl Play {
    /// Process 1 is there; everything is asked for.
    fn begin() -> Self {
        let kinds =
            vec![Kind::FORK, Kind::EXEC, Kind::EXIT, Kind::FREE, Kind::RENAME, Kind::CGROUP];
        Self::with_kinds(kinds)
    }

    fn with_kinds(kinds: Vec<Kind>) -> Self {
        let mut world = World::default();
        world.rows.insert(1, row(1, 0, TICK_NS));
        let tracker = Tracker::new(Wanted { kinds, args_max: None, tick_ns: TICK_NS });
        let mut play = Self { tracker, world, got: Vec::new(), now_ns: NOW, missed: 0 };
        play.look(Tracker::look_around);
        play
    }

    fn look(&mut self, look: impl FnOnce(&mut Tracker, &mut With<'_>)) {
        let Self { tracker, world, got, missed, .. } = self;
        let mut give = |given: &Given<'_>| got.push(Got::of(given));
        let mut miss = |_cpu| *missed += 1;
        look(tracker, &mut With { asked: world, give: &mut give, miss: &mut miss });
    }

    /// Something happens in a thread of a process, a microsecond after the last.
    fn tell(&mut self, pid: u32, tid: u32, news: News) -> u64 {
        self.now_ns += 1_000;
        let told = Told { boot_ns: self.now_ns, cpu: 0, pid, tid, news };
        self.look(|tracker, with| tracker.take(told, with));
        self.now_ns
    }

    fn fork(&mut self, parent: u32, child: u32) -> ProcessKey {
        let start_ns = self.tell(parent, parent, new_task(child, libc::SIGCHLD));
        ProcessKey { pid: child, start_ns }
    }

    fn exit(&mut self, pid: u32) -> u64 {
        self.tell(pid, pid, last_exit())
    }

    fn last(&self) -> &Got {
        self.got.last().expect("a record")
    }

    fn of(&self, kind: Kind) -> Vec<&Got> {
        self.got.iter().filter(|got| got.is(kind)).collect()
    }
}

fn new_task(tid: u32, flags: libc::c_int) -> News {
    News::NewTask { tid, comm: comm("forked"), clone_flags: u64::from(flags.cast_unsigned()) }
}

fn exec(pid: u32, old_pid: u32) -> News {
    let filename = Bytes::from_static(b"/bin/new");
    News::Exec { pid, old_pid, filename, overtaken: false }
}

fn last_exit() -> News {
    News::Exit { comm: comm("ended"), group_dead: Some(true) }
}

fn some_exit() -> News {
    News::Exit { comm: comm("ended"), group_dead: None }
}

fn comm(name: &str) -> Comm {
    padded(name.as_bytes())
}
