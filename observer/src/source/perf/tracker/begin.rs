//! A process is created, or a thread.

use super::{
    super::told::{Comm, News, Told},
    Life, Tracker, With,
};
use crate::{
    event::{Comm as Name, Creator, Kind, ProcessKey, What},
    facts::Facts,
};

const CLONE_THREAD: u64 = libc::CLONE_THREAD as u64;
const CLONE_PARENT: u64 = libc::CLONE_PARENT as u64;

/// The tracepoint comes some microseconds after the kernel took the time of the start; a thread
/// that had to wait in between, later.
const LATE_NS: u64 = 1_000_000;

/// A new process, as it is told.
struct Birth<'a> {
    told: &'a Told,
    creator: Option<ProcessKey>,
    pid: u32,
    comm: Comm,
    clone_flags: u64,
}

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
            if let Some(process) = creator {
                self.created_in_namespaces(process, told, (tid, clone_flags), with);
            }
        } else if tid != 0 {
            // The idle task of a CPU that comes up has the id 0.
            let birth = Birth { told, creator, pid: tid, comm, clone_flags };
            let key = self.new_process(&birth, with);
            self.tell_fork(key, &birth, with);
            self.created_in_namespaces(key, told, (tid, clone_flags), with);
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

    fn new_process(&mut self, birth: &Birth<'_>, with: &mut With<'_>) -> ProcessKey {
        let Birth { told, creator, pid, comm, clone_flags } = *birth;
        if let Some(creator) = creator {
            self.get_to_know(creator, with);
        }
        let from = creator.and_then(|key| self.lives.get(key));
        let inherited = from.map(|from| from.known.inherited(clone_flags)).unwrap_or_default();
        let brother = from.filter(|_| clone_flags & CLONE_PARENT != 0);
        let parent = brother.map_or(creator, |brother| brother.parent);
        let key = if let Some(key) = self.found_ahead(pid, told.boot_ns) {
            self.leave_its_parent(key);
            key
        } else {
            let key = ProcessKey { pid, start_ns: self.start_of(pid, told.boot_ns, with) };
            self.give_way_to(key);
            self.lives.insert(Life::new(key, parent, comm), self.now_ns);
            key
        };
        if let Some(life) = self.lives.get_mut(key) {
            (life.forked, life.parent, life.comm) = (true, parent, comm);
            if !std::mem::replace(&mut life.asked, true) {
                life.known = inherited;
            }
        }
        self.lives.link(key);
        key
    }

    /// One that was found in /proc before its fork was told.
    fn found_ahead(&self, pid: u32, boot_ns: u64) -> Option<ProcessKey> {
        let life = self.lives.newest(pid).filter(|life| !life.forked && life.lives())?;
        let begin_ns = life.key.start_ns;
        let told = begin_ns..begin_ns.saturating_add(self.wanted.tick_ns + LATE_NS);
        told.contains(&boot_ns).then_some(life.key)
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
        if let Some(before) = before.map(|life| life.key) {
            self.leave_its_parent(before);
        }
    }

    fn leave_its_parent(&mut self, key: ProcessKey) {
        if let Some(parent) = self.lives.get(key).and_then(|life| life.parent) {
            self.lives.unlink(parent, key);
        }
    }

    fn tell_fork(&self, key: ProcessKey, birth: &Birth<'_>, with: &mut With<'_>) {
        let Birth { told, creator, clone_flags, .. } = *birth;
        let Some(life) = self.lives.get(key) else { return };
        let creator = creator.and_then(|key| self.lives.get(key));
        let what = What::Fork {
            process: life.process(key.pid),
            creator: Creator {
                key: ProcessKey {
                    pid: told.pid,
                    start_ns: creator.map_or(0, |creator| creator.key.start_ns),
                },
                tid: told.tid,
                comm: Name::new(creator.map_or([0; 16], |creator| creator.comm)),
            },
            clone_flags,
        };
        self.give(Kind::FORK, told, what, with);
    }
}
