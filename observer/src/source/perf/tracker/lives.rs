//! All lives that are known, by pid and time: a pid is used again, and news of its last life may
//! come when it has another one.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::Life;
use crate::event::ProcessKey;

/// Lives by pid.
#[derive(Debug, Default)]
pub(super) struct Lives {
    /// Of each pid the oldest first; the last one may have ended as well.
    by_pid: HashMap<u32, Vec<Life>>,
    /// The process of each thread that is not its leader.
    processes: HashMap<u32, u32>,
    /// Those that are over, and since when.
    over: VecDeque<(u64, ProcessKey)>,
    /// Those whose end was not told, and since when that is known.
    vanished: VecDeque<(u64, ProcessKey)>,
}

impl Lives {
    /// News of what is over come this late at most.
    const OVER_NS: u64 = 200_000_000;

    /// The end of what is gone may be this late, and the kernel's letting go of it.
    const VANISHED_NS: u64 = 2_000_000_000;

    pub(super) fn get(&self, key: ProcessKey) -> Option<&Life> {
        self.by_pid.get(&key.pid)?.iter().rfind(|life| life.key == key)
    }

    pub(super) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut Life> {
        self.by_pid.get_mut(&key.pid)?.iter_mut().rfind(|life| life.key == key)
    }

    /// The life that had the pid at that time. Not one that had ended by then.
    pub(super) fn at(&self, pid: u32, boot_ns: u64) -> Option<ProcessKey> {
        let lives = self.by_pid.get(&pid)?;
        let life = lives.iter().rfind(|life| life.key.start_ns <= boot_ns)?;
        let over_ns = life.end.filter(|_| life.is_over()).map(|end| end.boot_ns);
        over_ns.is_none_or(|over_ns| boot_ns <= over_ns).then_some(life.key)
    }

    /// The last one that had the pid.
    pub(super) fn newest(&self, pid: u32) -> Option<&Life> {
        self.by_pid.get(&pid)?.last()
    }

    pub(super) fn newest_mut(&mut self, pid: u32) -> Option<&mut Life> {
        self.by_pid.get_mut(&pid)?.last_mut()
    }

    /// The first one that had the pid, has ended, and was not let go of.
    pub(super) fn oldest_zombie(&mut self, pid: u32) -> Option<&mut Life> {
        let lives = self.by_pid.get_mut(&pid)?;
        lives.iter_mut().find(|life| life.end.is_some_and(|end| !end.freed))
    }

    /// The first one that had the pid at that time and has not ended.
    pub(super) fn oldest_living(&mut self, pid: u32, boot_ns: u64) -> Option<&mut Life> {
        let lives = self.by_pid.get_mut(&pid)?;
        lives.iter_mut().find(|life| life.lives() && life.key.start_ns <= boot_ns)
    }

    /// A new one. Whoever had the pid before has it no more.
    pub(super) fn insert(&mut self, life: Life, now_ns: u64) {
        let key = life.key;
        for tid in life.threads.others() {
            self.processes.insert(tid, key.pid);
        }
        let lives = self.by_pid.entry(key.pid).or_insert_with(|| Vec::with_capacity(1));
        let place = lives.partition_point(|known| known.key < key);
        lives.insert(place, life);
        // Whoever is not the last has the pid no more.
        let over = if place + 1 < lives.len() { Some(place) } else { place.checked_sub(1) };
        let over = over.and_then(|over| lives.get(over));
        self.vanished.extend(over.map(|life| (now_ns, life.key)));
    }

    /// It is over: late news excepted, nothing more will be told.
    pub(super) fn over(&mut self, key: ProcessKey, now_ns: u64) {
        self.over.push_back((now_ns, key));
    }

    /// It is gone, and its end has not been told.
    pub(super) fn vanished(&mut self, key: ProcessKey, now_ns: u64) {
        self.vanished.push_back((now_ns, key));
    }

    /// Forgets lives about which no news can come any more.
    pub(super) fn forget(&mut self, now_ns: u64) {
        while let Some((since_ns, key)) = self.over.front().copied()
            && since_ns.saturating_add(Self::OVER_NS) < now_ns
        {
            self.over.pop_front();
            self.remove(key);
        }
        while let Some((since_ns, key)) = self.vanished.front().copied()
            && since_ns.saturating_add(Self::VANISHED_NS) < now_ns
        {
            self.vanished.pop_front();
            self.remove(key);
        }
    }

    fn remove(&mut self, key: ProcessKey) {
        let Some(lives) = self.by_pid.get_mut(&key.pid) else { return };
        let Some(place) = lives.iter().position(|life| life.key == key) else { return };
        let life = lives.remove(place);
        if lives.is_empty() {
            self.by_pid.remove(&key.pid);
        }
        for tid in life.threads.others() {
            self.thread_ended(tid);
        }
        if let Some(parent) = life.parent {
            self.unlink(parent, key);
        }
    }

    pub(super) fn thread_began(&mut self, tid: u32, pid: u32) {
        self.processes.insert(tid, pid);
    }

    pub(super) fn thread_ended(&mut self, tid: u32) {
        self.processes.remove(&tid);
    }

    /// The process that a thread belongs to, if it is not its leader.
    pub(super) fn process_of(&self, tid: u32) -> Option<u32> {
        self.processes.get(&tid).copied()
    }

    /// It is the child of its parent.
    pub(super) fn link(&mut self, key: ProcessKey) {
        let parent = self.get(key).and_then(|life| life.parent);
        if let Some(parent) = parent.and_then(|parent| self.get_mut(parent)) {
            parent.children.insert(key.pid);
        }
    }

    /// It is that parent's child no more; another life of its pid may be.
    pub(super) fn unlink(&mut self, parent: ProcessKey, child: ProcessKey) {
        let another = self.newest(child.pid).is_some_and(|newest| {
            newest.key != child && newest.lives() && newest.parent == Some(parent)
        });
        if let Some(parent) = self.get_mut(parent).filter(|_| !another) {
            parent.children.remove(&child.pid);
        }
    }

    /// Each one that the kernel has not let go of, in no order.
    pub(super) fn not_freed(&self) -> impl Iterator<Item = &Life> {
        let all = self.by_pid.values().flatten();
        all.filter(|life| life.end.is_none_or(|end| !end.freed))
    }

    /// Each one that has not ended, in no order.
    pub(super) fn living_mut(&mut self) -> impl Iterator<Item = &mut Life> {
        self.by_pid.values_mut().flatten().filter(|life| life.lives())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_pid.values().map(Vec::len).sum()
    }
}
