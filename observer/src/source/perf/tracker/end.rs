//! A thread ends, and with the last one its process; later the kernel lets go of it.

use std::collections::BTreeSet;

use super::{
    super::told::{News, Told},
    Tracker, With,
    find::Found,
    life::{End, Freed},
};
use crate::{
    event::{Event, Kind, ProcessKey, Status, What},
    facts::Facts,
    field::Row,
};

impl Tracker {
    /// A thread of the process ends.
    pub(super) fn exit(&mut self, key: ProcessKey, told: &Told, with: &mut With<'_>) {
        let News::Exit { comm, group_dead } = told.news else { return };
        let Some(life) = self.lives.get_mut(key).filter(|life| !life.is_over()) else { return };
        if told.tid == key.pid {
            life.comm = comm;
        }
        life.threads.end(key.pid, told.tid, told.boot_ns);
        life.ending.thread_ended(told.tid);
        let is_last = group_dead.unwrap_or_else(|| life.threads.are_gone());
        if told.tid != key.pid {
            self.lives.thread_ended(told.tid);
        }
        if is_last {
            self.end(key, told, with);
        }
    }

    fn end(&mut self, key: ProcessKey, told: &Told, with: &mut With<'_>) {
        self.get_to_know(key, with);
        self.look_for_its_parent(key, with);
        let reaper = self.reaper(key, told.boot_ns, with);
        let Some(life) = self.lives.get_mut(key) else { return };
        // Whether a core was dumped, no tracepoint tells.
        let status = life.ending.status().map(|raw| Status::from_wait(raw).without_core());
        life.end = Some(End { boot_ns: told.boot_ns, status, freed: false, found: false });
        let (parent, freed) = (life.parent, life.freed);
        for tid in life.threads.only_leader(told.boot_ns) {
            self.lives.thread_ended(tid);
        }
        if let Some(parent) = parent {
            self.lives.unlink(parent, key);
        }
        self.tell_exit(key, told, reaper, with);
        if !self.wanted.has(Kind::FREE) {
            self.lives.over(key, self.now_ns);
        } else if let Some(freed) = freed.filter(|freed| freed.boot_ns >= told.boot_ns) {
            self.let_go(key, freed, with);
        }
    }

    fn tell_exit(
        &self,
        key: ProcessKey,
        told: &Told,
        reaper: Option<ProcessKey>,
        with: &mut With<'_>,
    ) {
        let Some(life) = self.lives.get(key) else { return };
        let what = What::Exit {
            process: life.process(told.tid),
            status: life.end.and_then(|end| end.status),
            usage: None,
            reaper,
        };
        self.give(Kind::EXIT, told, what, with);
    }

    /// The process that takes its children: one of them tells, since the kernel gives all to the
    /// same. `None` where there is no child, or none that could be asked.
    fn reaper(&mut self, key: ProcessKey, boot_ns: u64, with: &mut With<'_>) -> Option<ProcessKey> {
        const ASKED: usize = 4;
        let children = self.lives.get(key)?.children.clone();
        let parents = children.iter().take(ASKED).filter_map(|child| {
            let child = self.lives.newest(*child)?.key;
            let row = self.ask(child, Facts::IDENTITY, with)?;
            Some(row.identity?.parent)
        });
        // One that was not moved yet still has this one.
        let pid = parents.into_iter().find(|parent| ![0, key.pid].contains(parent))?;
        let Found::Life(reaper) = self.find(pid, boot_ns, with) else { return None };
        self.hand_over(&children, key, reaper);
        Some(reaper)
    }

    fn hand_over(&mut self, children: &BTreeSet<u32>, from: ProcessKey, to: ProcessKey) {
        for pid in children {
            let child = self.lives.newest_mut(*pid).filter(|child| child.parent == Some(from));
            if let Some(child) = child {
                child.parent = Some(to);
                let key = child.key;
                self.lives.link(key);
            }
        }
        if let Some(life) = self.lives.get_mut(from) {
            life.children.clear();
        }
    }

    /// Asks for the parent of one whose parent has ended without anybody knowing the next.
    fn look_for_its_parent(&mut self, key: ProcessKey, with: &mut With<'_>) {
        if self.is_orphan(key)
            && let Some(row) = self.ask(key, Facts::IDENTITY, with)
        {
            self.follow_its_parent(key, &row);
        }
    }

    /// Takes the parent that /proc tells, if the one that is known has ended.
    pub(super) fn follow_its_parent(&mut self, key: ProcessKey, row: &Row) {
        let Some(pid) = row.identity.as_ref().map(|identity| identity.parent) else { return };
        if !self.is_orphan(key) {
            return;
        }
        let found = self.lives.newest(pid).filter(|parent| parent.lives()).map(|life| life.key);
        if let Some(parent) = found
            && let Some(life) = self.lives.get_mut(key)
        {
            life.parent = Some(parent);
            self.lives.link(key);
        }
    }

    fn is_orphan(&self, key: ProcessKey) -> bool {
        let parent = self.lives.get(key).and_then(|life| life.parent);
        parent.is_some_and(|parent| self.lives.get(parent).is_none_or(|parent| !parent.lives()))
    }

    /// The kernel lets go of a thread. That is news only of a leader: of the first process of that
    /// pid that has ended.
    pub(super) fn free(&mut self, tid: u32, told: &Told, with: &mut With<'_>) {
        let freed = Freed { boot_ns: told.boot_ns, cpu: told.cpu };
        if let Some(key) = self.lives.oldest_zombie(tid).map(|life| life.key) {
            self.let_go(key, freed, with);
        } else if let Some(life) = self.lives.oldest_living(tid, told.boot_ns) {
            life.freed = Some(freed);
        }
    }

    fn let_go(&mut self, key: ProcessKey, freed: Freed, with: &mut With<'_>) {
        let Some(life) = self.lives.get_mut(key) else { return };
        let Some(end) = &mut life.end else { return };
        end.freed = true;
        let what = What::Free { key, status: end.status, usage: None };
        if self.wanted.has(Kind::FREE) {
            (with.give)(Event { boot_ns: freed.boot_ns, cpu: freed.cpu, what });
        }
        self.lives.over(key, self.now_ns);
    }
}
