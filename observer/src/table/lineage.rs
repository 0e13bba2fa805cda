//! Parents, and programs inherited from creators: what follows from one process for others.

use std::sync::Arc;

use super::{Change, Each, Life, Program, Table};
use crate::event::{Event, Process, ProcessKey, What};

/// A process that got another parent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved {
    pub(super) key: ProcessKey,
    pub(super) old_parent: ProcessKey,
    pub(super) boot_ns: u64,
    pub(super) cpu: u32,
    pub(super) inferred: bool,
}

impl Table {
    /// More reapers one after another than this are no history of a machine.
    const REAPERS: usize = 64;

    /// Whose child a process is, if `told` may have been read a moment before the kernel moved
    /// it: not a dead process's but its reaper's. And when it was moved.
    pub(super) fn parent_of(&self, child: ProcessKey, told: ProcessKey) -> (ProcessKey, u64) {
        let (mut parent, mut moved_ns) = (told, 0);
        for _ in 0..Self::REAPERS {
            let Some((reaper, end_ns)) = self.reaper(parent) else { break };
            (parent, moved_ns) = (reaper, end_ns.max(moved_ns));
        }
        if parent == child { (told, 0) } else { (parent, moved_ns) }
    }

    fn reaper(&self, key: ProcessKey) -> Option<(ProcessKey, u64)> {
        let living = self.living.get(&key.pid).filter(|life| life.key() == key);
        let end = match living {
            Some(life) => life.entry.state.end()?,
            None => self.graves.get(key)?.end()?,
        };
        Some((end.reaper?, end.boot_ns))
    }

    /// Gives a living process another parent.
    pub(super) fn set_parent(&mut self, pid: u32, parent: Option<ProcessKey>) {
        let Some(life) = self.living.get_mut(&pid) else { return };
        let old = life.entry.process.parent;
        if old != parent {
            life.edit().process.parent = parent;
            self.children.unlink(old, pid);
            self.children.link(parent, pid);
        }
    }

    /// The children of one who ended go to its reaper.
    pub(super) fn orphan(&mut self, parent: ProcessKey, boot_ns: u64, cpu: u32, each: Each<'_>) {
        for pid in self.children.of(parent) {
            let Some(key) = self.living.get(&pid).map(Life::key) else { continue };
            let (reaper, _) = self.parent_of(key, parent);
            if reaper != parent {
                self.set_parent(pid, Some(reaper));
                let moved = Moved { key, old_parent: parent, boot_ns, cpu, inferred: false };
                self.tell_moved(moved, each);
            }
        }
    }

    pub(super) fn tell_moved(&self, moved: Moved, each: Each<'_>) {
        let Moved { key, old_parent, boot_ns, cpu, inferred } = moved;
        if let Some(life) = self.life(key) {
            let process = life.entry.process.clone();
            let event = Event { boot_ns, cpu, what: What::Reparent { process, old_parent } };
            each(Change { inferred, ..Change::told(event, &life.entry) });
        }
    }

    /// A process was forked: it runs what its creator ran then.
    pub(super) fn inherit(&mut self, child: &Process, from: ProcessKey, ns: u64, each: Each<'_>) {
        if from == child.key {
            return;
        }
        let Some(creator) = self.life_mut(from) else {
            self.unclaimed.add(from, ns, child.key);
            return;
        };
        creator.heirs.add(ns, child.key);
        if let Some(program) = creator.programs.inherited(ns, child.exec_id).cloned() {
            self.learn(child.key, &program, each);
        }
    }

    /// A process has run this program, and so have those that it forked since. The change of the
    /// process itself is told by the caller.
    pub(super) fn learn(&mut self, key: ProcessKey, program: &Arc<Program>, each: Each<'_>) {
        let mut heirs = self.learn_one(key, program).1;
        while let Some(heir) = heirs.pop() {
            let (shown, next) = self.learn_one(heir, program);
            heirs.extend(next);
            if let Some(life) = self.life(heir).filter(|_| shown) {
                each(Change::known_better(life.entry.told_ns, &life.entry));
            }
        }
    }

    /// Whether it shows, and who may have to learn it too.
    fn learn_one(&mut self, key: ProcessKey, program: &Arc<Program>) -> (bool, Vec<ProcessKey>) {
        let Some(life) = self.life_mut(key) else { return (false, Vec::new()) };
        if !life.programs.insert(program) {
            return (false, Vec::new());
        }
        (life.show_program(), life.heirs.since(program.exec_ns).collect())
    }
}
