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

use super::{
    super::{
        asked::Asked,
        told::{Comm, News, Told, padded},
    },
    Tracker, Wanted, With,
};
use crate::{
    event::{Event, Kind, NamespaceCall, Process, ProcessKey, Status as Ending, What},
    facts::Facts,
    field::{Identity, Row, Stat, Status},
};

const TICK_NS: u64 = 10_000_000;

/// Where a clock tick is far from both its ends.
const NOW: u64 = 500 * TICK_NS + TICK_NS / 2;

/// An event, as far as it is looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Got {
    kind: u16,
    pid: u32,
    start_ns: u64,
    parent: (u32, u64),
    status: Option<Ending>,
    reaper: (u32, u64),
    comm: String,
    args: Option<Vec<u8>>,
    uid: Option<u32>,
    vpid: Option<u32>,
    cgroup: Option<String>,
    tid: u32,
    namespaces: [u32; 8],
    /// Which one, its flags, and the namespaces that children get.
    call: Option<(NamespaceCall, u64, [u32; 2])>,
}

impl Got {
    fn key(&self) -> ProcessKey {
        ProcessKey { pid: self.pid, start_ns: self.start_ns }
    }

    fn is(&self, kind: Kind) -> bool {
        self.kind == kind.0
    }

    fn of(event: &Event) -> Self {
        let process = event.what.process().map(Self::of_process).unwrap_or_default();
        match &event.what {
            What::Fork { .. } => Self { kind: Kind::FORK.0, ..process },
            What::Exec { args, .. } => {
                let args = args.as_ref().map(|args| args.captured().to_vec());
                Self { kind: Kind::EXEC.0, args, ..process }
            }
            What::Exit { status, usage: None, reaper, .. } => {
                let reaper = reaper.map(pair).unwrap_or_default();
                Self { kind: Kind::EXIT.0, status: *status, reaper, ..process }
            }
            What::Free { key, status, usage: None } => {
                let (pid, start_ns) = pair(*key);
                Self { kind: Kind::FREE.0, pid, start_ns, status: *status, ..process }
            }
            What::Rename { .. } => Self { kind: Kind::RENAME.0, ..process },
            What::Cgroup { .. } => Self { kind: Kind::CGROUP.0, ..process },
            What::Namespaces { call, flags, namespaces, .. } => {
                let inode =
                    |one: Option<crate::event::ThreadNamespace>| one.map_or(0, |one| one.inode);
                let for_children = [namespaces.pid_for_children, namespaces.time_for_children];
                Self {
                    kind: Kind::NAMESPACE.0,
                    namespaces: namespaces.own.map(inode),
                    call: Some((*call, *flags, for_children.map(inode))),
                    ..process
                }
            }
            other => panic!("no such event is given: {other:?}"),
        }
    }

    fn of_process(process: &Process) -> Self {
        let (pid, start_ns) = pair(process.key);
        Self {
            pid,
            start_ns,
            parent: process.parent.map(pair).unwrap_or_default(),
            comm: String::from_utf8_lossy(process.comm.as_bytes()).into_owned(),
            uid: process.credentials.map(|ids| ids.real_uid),
            vpid: process.vpid,
            cgroup: process.cgroup.as_ref().map(|cgroup| cgroup.path().to_owned()),
            tid: process.tid,
            namespaces: process.namespaces,
            ..Self::default()
        }
    }
}

fn pair(key: ProcessKey) -> (u32, u64) {
    (key.pid, key.start_ns)
}

/// Processes as a /proc of the test's own lists them.
#[derive(Default)]
struct World {
    rows: BTreeMap<u32, Row>,
    threads: BTreeMap<u32, Vec<u32>>,
    /// By the id of the thread.
    namespaces: BTreeMap<u32, [u32; 10]>,
    /// The processes it was asked about.
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

/// A row with this user.
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
        let mut give = |event: Event| got.push(Got::of(&event));
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
        self.got.last().expect("an event")
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
