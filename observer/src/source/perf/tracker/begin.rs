//! A process is created, or a thread.

use observer_common::{ForkFacts, Kind, Record};

use super::{
    super::{
        given::{Given, describe},
        told::{Comm, News, Told},
    },
    Life, Tracker, With,
};
use crate::{event::ProcessKey, facts::Facts};

const CLONE_THREAD: u64 = libc::CLONE_THREAD as u64;
const CLONE_PARENT: u64 = libc::CLONE_PARENT as u64;

/// The tracepoint comes some microseconds after the kernel took the time of the start; a thread
/// that had to wait in between, later.
const LATE_NS: u64 = 1_000_000;

impl Tracker {
    /// `creator` is `None` where that cannot be known.
    pub(super) fn new_task(
        &mut self,
        creator: Option<ProcessKey>,
        told: &Told,
        with: &mut With<'_>,
    ) {
        let News::NewTask { tid, comm, clone_flags } = told.news else { return };
        if clone_flags & CLONE_THREAD != 0 {
            self.new_thread(creator, tid, told.boot_ns);
        } else if tid != 0 {
            // The idle task of a CPU that comes up has the id 0.
            let key = self.new_process(creator, told, (tid, comm), clone_flags, with);
            self.tell_fork(key, creator, told, clone_flags, with);
            if self.waiting.have(tid) {
                self.understand_what_waited(tid, with);
            }
        }
    }

    fn new_thread(&mut self, process: Option<ProcessKey>, tid: u32, boot_ns: u64) {
        let Some(life) = process.and_then(|key| self.lives.get_mut(key)) else { return };
        let pid = life.key.pid;
        if life.lives() && life.threads.begin(tid, boot_ns) {
            self.lives.thread_began(tid, pid);
        }
    }

    fn new_process(
        &mut self,
        creator: Option<ProcessKey>,
        told: &Told,
        (pid, comm): (u32, Comm),
        clone_flags: u64,
        with: &mut With<'_>,
    ) -> ProcessKey {
        if let Some(creator) = creator {
            self.get_to_know(creator, with);
        }
        let from = creator.and_then(|key| self.lives.get(key));
        let inherited = from.map(|from| from.known.inherited(clone_flags)).unwrap_or_default();
        let brother = from.filter(|_| clone_flags & CLONE_PARENT != 0);
        let parent = brother.map_or(creator, |brother| brother.parent);
        if let Some(life) = self.found_ahead(pid, told.boot_ns) {
            let before = life.parent;
            (life.forked, life.parent, life.comm) = (true, parent, comm);
            if !life.asked {
                (life.known, life.asked) = (inherited, true);
            }
            let key = life.key;
            if let Some(before) = before.filter(|before| Some(*before) != parent) {
                self.lives.unlink(before, key);
            }
            self.lives.link(key);
            return key;
        }
        let start_ns = self.start_of(pid, told.boot_ns, with);
        let key = ProcessKey { pid, start_ns };
        let mut life = Life::new(key, parent, comm);
        (life.known, life.asked, life.forked) = (inherited, true, true);
        self.give_way_to(key);
        self.lives.insert(life, self.now_ns);
        self.lives.link(key);
        key
    }

    /// One that was found in /proc before its fork was told.
    fn found_ahead(&mut self, pid: u32, boot_ns: u64) -> Option<&mut Life> {
        let tick_ns = self.wanted.tick_ns;
        self.lives.newest_mut(pid).filter(|life| {
            let begin_ns = life.key.start_ns;
            let told = begin_ns..begin_ns.saturating_add(tick_ns + LATE_NS);
            !life.forked && life.lives() && told.contains(&boot_ns)
        })
    }

    /// When a new process began. That is a moment before its fork is told: where a clock tick may
    /// have passed in between, /proc tells which one is right, so that its id is the same from
    /// every source.
    fn start_of(&self, pid: u32, boot_ns: u64, with: &mut With<'_>) -> u64 {
        let tick_ns = self.wanted.tick_ns.max(1);
        let told_ns = boot_ns - boot_ns % tick_ns;
        if boot_ns - told_ns > LATE_NS {
            return boot_ns;
        }
        let row = with.asked.process(pid, Facts::IDENTITY);
        match row.and_then(|row| row.key()) {
            Some(found) if found.start_ns + tick_ns == told_ns => told_ns - 1,
            _ => boot_ns,
        }
    }

    /// Whoever had the pid has ended, whether that was told or not: it is nobody's child any more.
    fn give_way_to(&mut self, key: ProcessKey) {
        let before = self.lives.newest(key.pid).filter(|life| life.lives() && life.key < key);
        let before = before.and_then(|life| Some((life.parent?, life.key)));
        if let Some((parent, before)) = before {
            self.lives.unlink(parent, before);
        }
    }

    fn tell_fork(
        &self,
        key: ProcessKey,
        creator: Option<ProcessKey>,
        told: &Told,
        clone_flags: u64,
        with: &mut With<'_>,
    ) {
        let Some(life) = self.lives.get(key) else { return };
        let described = describe(life, key.pid);
        let creator = creator.and_then(|key| self.lives.get(key));
        let facts = ForkFacts {
            child: described.facts,
            creator_start_ns: creator.map_or(0, |creator| creator.key.start_ns),
            clone_flags,
            creator_pid: told.pid,
            creator_tid: told.tid,
            creator_comm: creator.map_or([0; 16], |creator| creator.comm),
        };
        let given = Given {
            boot_ns: told.boot_ns,
            cpu: told.cpu,
            kind: Kind::FORK,
            absent: described.absent,
            record: Record::Fork { facts, cgroup: described.cgroup },
        };
        self.give(given, with);
    }
}
