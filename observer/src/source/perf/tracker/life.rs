//! One life of a process, as the tracker remembers it.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{ending::Ending, known::Known, told::Comm};
use crate::{
    event::{Comm as Name, Process, ProcessKey, Status},
    source::proc::Subject,
};

/// One life of a process.
#[derive(Debug)]
pub(in super::super) struct Life {
    pub(in super::super) key: ProcessKey,
    pub(in super::super) parent: Option<ProcessKey>,
    pub(in super::super) comm: Comm,
    pub(in super::super) known: Known,
    /// Whether /proc has been asked, since the last exec, for what is known.
    pub(super) asked: bool,
    /// Whether its fork was seen: else it was found in /proc.
    pub(super) forked: bool,
    pub(super) threads: Threads,
    pub(super) ending: Ending,
    /// With what its threads, by their ids, have called for other namespaces.
    pub(super) calls: BTreeMap<u32, u64>,
    /// The pids of its children that live.
    pub(super) children: BTreeSet<u32>,
    pub(super) end: Option<End>,
    /// When the kernel let go of it, if that was told ahead of its end.
    pub(super) freed: Option<Freed>,
}

/// Its last thread has ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    pub(super) boot_ns: u64,
    pub(super) status: Option<Status>,
    /// Whether the kernel has let go of it.
    pub(super) freed: bool,
    /// Whether it was found so in /proc: its end may still be told.
    pub(super) found: bool,
}

/// When and where the kernel let go of it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Freed {
    pub(super) boot_ns: u64,
    pub(super) cpu: u32,
}

impl Life {
    pub(super) fn new(key: ProcessKey, parent: Option<ProcessKey>, comm: Comm) -> Self {
        Self {
            key,
            parent,
            comm,
            known: Known::default(),
            asked: false,
            forked: false,
            threads: Threads::default(),
            ending: Ending::default(),
            calls: BTreeMap::new(),
            children: BTreeSet::new(),
            end: None,
            freed: None,
        }
    }

    /// The process, as an event tells of it. `tid` is the thread that acted.
    pub(super) fn process(&self, tid: u32) -> Process {
        let Self { key, parent, comm, .. } = *self;
        self.known.process(Subject { key, parent, tid, comm: Name::new(comm) })
    }

    pub(super) fn lives(&self) -> bool {
        self.end.is_none()
    }

    /// Whether its end has been told.
    pub(super) fn is_over(&self) -> bool {
        self.end.is_some_and(|end| !end.found)
    }
}

/// Which of its threads live. For kernels that do not tell the last one, and to know whom a signal
/// is for.
#[derive(Debug, Default)]
pub(super) struct Threads {
    leader_gone: bool,
    /// With the times of their beginnings.
    others: BTreeMap<u32, u64>,
    /// Ends that were told before their beginnings, with their times.
    early: Vec<(u32, u64)>,
    /// When it was down to the leader by an exec: what is older does not count.
    since_ns: u64,
}

impl Threads {
    /// How many early ends to keep; the starts of more than these will never be reported.
    const EARLY: usize = 16;

    /// Those that /proc lists.
    pub(super) fn found(leader: u32, tids: impl Iterator<Item = u32>) -> Self {
        let others = tids.filter(|tid| *tid != leader).map(|tid| (tid, 0));
        Self { others: others.collect(), ..Self::default() }
    }

    /// Whether it is there now.
    pub(super) fn begin(&mut self, tid: u32, boot_ns: u64) -> bool {
        if boot_ns < self.since_ns {
            return false;
        }
        let early = self.early.iter().position(|(early, _)| *early == tid);
        let end = early.map(|place| self.early.swap_remove(place));
        if end.is_some_and(|(_, end_ns)| end_ns >= boot_ns) {
            return false;
        }
        // A thread of that id that was there before is told to have ended later on.
        self.others.insert(tid, boot_ns).is_none()
    }

    pub(super) fn end(&mut self, leader: u32, tid: u32, boot_ns: u64) {
        if boot_ns < self.since_ns {
            return;
        }
        if tid == leader {
            self.leader_gone = true;
            return;
        }
        match self.others.get(&tid) {
            Some(begin_ns) if *begin_ns > boot_ns => {}
            Some(_) => drop(self.others.remove(&tid)),
            None => {
                self.early.truncate(Self::EARLY - 1);
                self.early.push((tid, boot_ns));
            }
        }
    }

    pub(super) fn are_gone(&self) -> bool {
        self.leader_gone && self.others.is_empty()
    }

    /// Only one is left, and it is the leader now. Those that there were besides.
    pub(super) fn only_leader(&mut self, boot_ns: u64) -> impl Iterator<Item = u32> + use<> {
        let before = std::mem::take(self);
        self.since_ns = boot_ns;
        before.others.into_keys()
    }

    pub(super) fn others(&self) -> impl Iterator<Item = u32> {
        self.others.keys().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_ends_with_its_last_thread() {
        let mut threads = Threads::default();
        assert!(threads.begin(8, 1));
        threads.end(7, 7, 2);
        assert!(!threads.are_gone());
        threads.end(7, 8, 3);
        assert!(threads.are_gone());
    }

    #[test]
    fn an_end_told_ahead_of_its_beginning() {
        let mut threads = Threads::default();
        threads.end(7, 8, 2);
        assert!(!threads.begin(8, 1));
        threads.end(7, 8, 2);
        assert!(threads.begin(8, 3), "another thread with that id");
    }

    #[test]
    fn a_late_end_is_not_that_of_the_next_thread_with_that_id() {
        let mut threads = Threads::default();
        threads.begin(8, 1);
        threads.begin(8, 3);
        threads.end(7, 8, 2);
        threads.end(7, 7, 4);
        assert!(!threads.are_gone());
        threads.end(7, 8, 5);
        assert!(threads.are_gone());
    }

    #[test]
    fn after_an_exec_the_caller_is_the_leader() {
        let mut threads = Threads::found(7, [7, 8, 9].into_iter());
        threads.end(7, 7, 1);
        assert_eq!(threads.only_leader(3).collect::<Vec<_>>(), [8, 9]);
        threads.end(7, 9, 2);
        threads.end(7, 7, 2);
        assert!(!threads.are_gone(), "the leader before the exec is not the one after it");
        threads.end(7, 7, 4);
        assert!(threads.are_gone());
    }
}
