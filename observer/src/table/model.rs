//! A small machine that is obviously right, and the histories that it writes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use proptest::prelude::*;

use super::{Entry, Program, Seen, State, Table, Walk};
use crate::event::{
    Args, Cgroup, Comm, Creator, Credentials, Event, NamespaceCall, Process, ProcessKey, Status,
    Usage, What,
};

pub(super) const TICK_NS: u64 = 100;
pub(super) const STATUS: Option<Status> = Some(Status::Code(3));
const LAST_PID: u32 = 12;

/// One thing that happens: what, to whom, and a detail of it.
pub(super) type Action = (u8, u8, u8);

pub(super) fn actions() -> impl Strategy<Value = Vec<Action>> {
    prop::collection::vec((0..15_u8, any::<u8>(), any::<u8>()), 1..80)
}

/// A machine of a dozen pids, which are soon used again, also within a tick.
pub(super) struct Model {
    tasks: BTreeMap<u32, Task>,
    /// Waited for, but not let go of by the kernel.
    reaped: Vec<ProcessKey>,
    /// What each life ever was, for all of history.
    lives: BTreeMap<ProcessKey, Was>,
    pub(super) events: Vec<Event>,
    pub(super) now_ns: u64,
    /// What an exec adds to the kernel's count of them: 0 where it does not count.
    exec_step: u64,
}

#[derive(Clone)]
struct Task {
    process: Process,
    args: String,
    exec_ns: u64,
    is_zombie: bool,
    is_subreaper: bool,
}

#[derive(Clone, Default)]
struct Was {
    comms: BTreeSet<Vec<u8>>,
    args: BTreeSet<String>,
    /// What its ancestors ran ahead of it.
    ancestral: BTreeSet<String>,
}

pub(crate) fn comm(name: &str) -> Comm {
    let mut padded = [0; 16];
    padded[..name.len()].copy_from_slice(name.as_bytes());
    Comm::new(padded)
}

pub(crate) fn process(pid: u32, start_ns: u64, parent: Option<ProcessKey>) -> Process {
    Process {
        key: ProcessKey { pid, start_ns },
        parent,
        exec_id: 0,
        tid: pid,
        vpid: Some(pid),
        comm: comm("init"),
        credentials: Some(Credentials {
            real_uid: 0,
            effective_uid: 0,
            real_gid: 0,
            effective_gid: 0,
        }),
        namespaces: [1; 8],
        cgroup: Some(Arc::default()),
    }
}

pub(super) fn namespaces(process: Process) -> What {
    What::Namespaces { process, call: NamespaceCall::Unshare, flags: 0, namespaces: Box::default() }
}

#[expect(clippy::unnecessary_wraps, reason = "as an event has it")]
pub(super) fn args(text: &str) -> Option<Args> {
    let bytes = Bytes::copy_from_slice(format!("{text}\0").as_bytes());
    let size = bytes.len() as u64;
    Some(Args::new(bytes, size, u64::MAX))
}

#[expect(clippy::unnecessary_wraps, reason = "as an event has it")]
pub(super) fn usage(max_rss_pages: u64) -> Option<Usage> {
    Some(Usage { user_ns: 1, system_ns: 2, max_rss_pages })
}

impl Model {
    /// A machine on which init runs.
    pub(super) fn new(exec_step: u64) -> Self {
        let mut init = process(1, 1, None);
        init.exec_id = exec_step;
        let init = Task {
            process: init,
            args: "init".to_owned(),
            exec_ns: 2,
            is_zombie: false,
            is_subreaper: true,
        };
        let mut model = Self {
            tasks: BTreeMap::from([(1, init)]),
            reaped: Vec::new(),
            lives: BTreeMap::new(),
            events: Vec::new(),
            now_ns: 10,
            exec_step,
        };
        model.remember(1);
        model
    }

    pub(super) fn run(exec_step: u64, actions: &[Action]) -> Self {
        let mut model = Self::new(exec_step);
        for action in actions {
            model.act(*action);
        }
        model.settle();
        model
    }

    pub(super) fn act(&mut self, (what, who, detail): Action) {
        self.now_ns += 5 + u64::from(detail % 16);
        let alive = |task: &&Task| !task.is_zombie;
        let running: Vec<u32> = self.tasks.values().filter(alive).map(pid).collect();
        let pid = running[usize::from(who) % running.len()];
        match what {
            0..=2 => self.fork(pid, detail),
            3 | 4 => self.exec(pid),
            5 | 6 if pid != 1 => self.exit(pid, detail),
            7 | 8 => self.reap(who),
            9 => self.free(),
            10 => self.rename(pid),
            11 => self.move_cgroup(pid, detail),
            12 => self.unshare(pid, detail),
            13 => self.unshare_in_a_thread(pid),
            _ => self.tasks.get_mut(&pid).unwrap().is_subreaper = true,
        }
    }

    /// The kernel lets go of all that have been waited for.
    pub(super) fn settle(&mut self) {
        while !self.reaped.is_empty() {
            self.now_ns += 5;
            self.free();
        }
    }

    fn fork(&mut self, from: u32, detail: u8) {
        let free: Vec<u32> = (2..=LAST_PID).filter(|pid| !self.tasks.contains_key(pid)).collect();
        let Some(pid) = free.get(usize::from(detail) % free.len().max(1)) else { return };
        let mut task = self.tasks[&from].clone();
        let creator = task.process.clone();
        let beside = detail > 230 && from != 1;
        task.process.key = ProcessKey { pid: *pid, start_ns: self.now_ns - 1 };
        task.process.parent = if beside { creator.parent } else { Some(creator.key) };
        (task.process.tid, task.process.vpid, task.is_subreaper) = (*pid, Some(*pid), false);
        let process = task.process.clone();
        self.tasks.insert(*pid, task);
        self.remember(*pid);
        let mut ancestral = self.lives[&creator.key].args.clone();
        ancestral.extend(self.lives[&creator.key].ancestral.iter().cloned());
        self.lives.entry(process.key).or_default().ancestral = ancestral;
        let creator = Creator { key: creator.key, tid: creator.tid, comm: creator.comm };
        self.emit(What::Fork { process, creator, clone_flags: 0 });
    }

    fn exec(&mut self, pid: u32) {
        let task = self.tasks.get_mut(&pid).unwrap();
        task.process.exec_id += self.exec_step;
        task.args = format!("args-{}", self.now_ns);
        task.process.comm = comm(&format!("e{}", self.now_ns));
        task.exec_ns = self.now_ns;
        let (process, args) = (task.process.clone(), args(&task.args));
        self.remember(pid);
        self.emit(What::Exec { process, filename: Bytes::from_static(b"/bin/x"), args });
    }

    fn exit(&mut self, pid: u32, detail: u8) {
        let process = self.tasks[&pid].process.clone();
        let mut reaper = process.parent.unwrap();
        while !self.tasks[&reaper.pid].is_subreaper {
            reaper = self.tasks[&reaper.pid].process.parent.unwrap();
        }
        self.tasks.get_mut(&pid).unwrap().is_zombie = true;
        let key = process.key;
        self.emit(What::Exit { process, status: STATUS, usage: usage(7), reaper: Some(reaper) });
        let children = self.tasks.values().filter(|task| task.process.parent == Some(key));
        let children: Vec<_> = children.map(pid_of).collect();
        for (child, is_zombie) in children {
            if !is_zombie && detail.is_multiple_of(4) {
                // It speaks before the kernel has moved it.
                self.now_ns += 1;
                self.rename(child);
            }
            self.tasks.get_mut(&child).unwrap().process.parent = Some(reaper);
        }
    }

    fn reap(&mut self, who: u8) {
        let zombies: Vec<u32> =
            self.tasks.values().filter(|task| task.is_zombie).map(pid).collect();
        if let Some(pid) = zombies.get(usize::from(who) % zombies.len().max(1)) {
            let task = self.tasks.remove(pid).unwrap();
            self.reaped.push(task.process.key);
        }
    }

    fn free(&mut self) {
        if !self.reaped.is_empty() {
            let key = self.reaped.remove(0);
            self.emit(What::Free { key, status: STATUS, usage: usage(8) });
        }
    }

    fn rename(&mut self, pid: u32) {
        let task = self.tasks.get_mut(&pid).unwrap();
        let old_comm = task.process.comm;
        task.process.comm = comm(&format!("r{}", self.now_ns));
        let process = task.process.clone();
        self.remember(pid);
        self.emit(What::Rename { process, old_comm });
    }

    fn move_cgroup(&mut self, pid: u32, detail: u8) {
        let task = self.tasks.get_mut(&pid).unwrap();
        let v2 = format!("/g{}", detail % 4);
        task.process.cgroup = Some(Arc::new(Cgroup { v2, ..Cgroup::default() }));
        let process = task.process.clone();
        self.emit(What::Cgroup { process, old_cgroup: None });
    }

    fn unshare(&mut self, pid: u32, detail: u8) {
        let task = self.tasks.get_mut(&pid).unwrap();
        task.process.namespaces[4] = 1 + u32::from(detail % 4);
        let process = task.process.clone();
        self.emit(namespaces(process));
    }

    /// Nothing follows for the process.
    fn unshare_in_a_thread(&mut self, pid: u32) {
        let process = self.tasks[&pid].process.clone();
        self.emit(namespaces(Process { tid: pid + LAST_PID, namespaces: [0; 8], ..process }));
    }

    fn emit(&mut self, what: What) {
        self.events.push(Event { boot_ns: self.now_ns, cpu: 0, what });
    }

    fn remember(&mut self, pid: u32) {
        let task = &self.tasks[&pid];
        let was = self.lives.entry(task.process.key).or_default();
        was.comms.insert(task.process.comm.as_bytes().to_vec());
        was.args.insert(task.args.clone());
    }

    /// What a walk sees at this moment.
    pub(super) fn walk(&mut self) -> Walk {
        let began_ns = self.now_ns + 1;
        self.now_ns += 3;
        let tasks = self.tasks.values().map(|task| Seen {
            process: task.process.clone(),
            boot_ns: began_ns + 1,
            zombie: task.is_zombie,
            status: if task.is_zombie { STATUS } else { None },
            program: Some(Program {
                filename: None,
                args: args(&task.args),
                exec_id: task.process.exec_id,
                exec_ns: task.exec_ns,
            }),
            start_is_exact: true,
        });
        Walk { began_ns, ended_ns: self.now_ns, tasks: tasks.collect(), ..Walk::default() }
    }

    /// What the table must show of each process.
    pub(super) fn truth(&self) -> Vec<Shown> {
        self.tasks.values().map(Task::shown).collect()
    }

    /// Whether this is an entry of one life, and of no other.
    pub(super) fn is_of_one_life(&self, entry: &Entry) -> bool {
        let Some(was) = self.lives.get(&entry.process.key) else { return false };
        // Where execs are not counted, nothing says that one of an ancestor's is on its way.
        let may_lag = self.exec_step == 0;
        let knows =
            |args: &String| was.args.contains(args) || (may_lag && was.ancestral.contains(args));
        was.comms.contains(entry.process.comm.as_bytes())
            && Shown::of(entry).args.as_ref().is_none_or(knows)
    }
}

fn pid(task: &Task) -> u32 {
    task.process.key.pid
}

fn pid_of(task: &Task) -> (u32, bool) {
    (pid(task), task.is_zombie)
}

/// What the model and the table must agree on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    key: ProcessKey,
    parent: Option<ProcessKey>,
    comm: Comm,
    cgroup: Option<Arc<Cgroup>>,
    namespaces: [u32; 8],
    exec_id: u64,
    is_zombie: bool,
    pub(super) args: Option<String>,
}

impl Shown {
    pub(super) fn of(entry: &Entry) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let args = entry.program.as_ref().and_then(|program| program.args.as_ref());
        let args = args.and_then(|args| args.iter().next().map(text));
        Self {
            is_zombie: matches!(entry.state, State::Exited(_)),
            args,
            ..Self::new(&entry.process)
        }
    }

    fn new(process: &Process) -> Self {
        Self {
            key: process.key,
            parent: process.parent,
            comm: process.comm,
            cgroup: process.cgroup.clone(),
            namespaces: process.namespaces,
            exec_id: process.exec_id,
            is_zombie: false,
            args: None,
        }
    }

    /// What the table shows.
    pub(super) fn all(table: &Table) -> Vec<Self> {
        table.living().map(|entry| Self::of(entry)).collect()
    }
}

impl Task {
    fn shown(&self) -> Shown {
        let args = Some(self.args.clone());
        Shown { is_zombie: self.is_zombie, args, ..Shown::new(&self.process) }
    }
}
