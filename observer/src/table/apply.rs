//! What each kind of event does to the table.

use std::sync::Arc;

use super::{Change, Each, End, Grave, Life, Program, State, Table, lineage::Moved, place::Place};
use crate::event::{Event, Process, ProcessKey, What};

impl Table {
    /// What an event does to the table. Hands on each change, in order.
    pub fn apply(&mut self, event: Event, each: &mut dyn FnMut(Change)) {
        match &event.what {
            What::Fork { .. } => self.fork(event, each),
            What::Exec { .. } => self.exec(event, each),
            What::Exit { .. } => self.exit(event, each),
            What::Free { .. } => self.free(event, each),
            What::Rename { .. } => self.rename(event, each),
            What::Cgroup { .. } => self.cgroup(event, each),
            What::Namespaces { .. } => self.namespaces(event, each),
            What::Gone { key } => self.gone(*key, event.boot_ns, each),
            What::Reparent { .. } | What::Found { .. } => self.describe(event, each),
            What::Request { .. } => self.request(event, each),
            What::Lost { .. } | What::Repair { .. } => {
                each(Change { event, entry: None, inferred: false });
            }
        }
    }

    /// A zombie that the kernel no longer has: its parent has waited for it.
    pub fn gone(&mut self, key: ProcessKey, boot_ns: u64, each: &mut dyn FnMut(Change)) {
        self.let_go(key, boot_ns, each);
    }

    fn fork(&mut self, event: Event, each: Each<'_>) {
        let What::Fork { process, creator, .. } = &event.what else { return };
        let (key, creator) = (process.key, creator.key);
        let taken = self.take(process, &event, each);
        let first = |life: &mut Life| !std::mem::replace(&mut life.told.fork, true);
        if self.life_mut(key).is_some_and(first) {
            self.inherit(process, creator, event.boot_ns, each);
            self.tell(key, event, each);
        }
        self.tell_taken(taken, each);
    }

    fn exec(&mut self, event: Event, each: Each<'_>) {
        let What::Exec { process, filename, args } = &event.what else { return };
        let key = process.key;
        let program = Program {
            filename: Some(filename.clone()),
            args: args.clone(),
            exec_id: process.exec_id,
            exec_ns: event.boot_ns,
        };
        let taken = self.take(process, &event, each);
        if self.is_first(key, |life| life.told.exec_ns.replace(event.boot_ns), event.boot_ns) {
            self.learn(key, &Arc::new(program), each);
            self.tell(key, event, each);
        }
        self.tell_taken(taken, each);
    }

    fn exit(&mut self, event: Event, each: Each<'_>) {
        let What::Exit { process, status, usage, reaper } = &event.what else { return };
        let (key, boot_ns, cpu) = (process.key, event.boot_ns, event.cpu);
        let end = End { boot_ns, status: *status, usage: *usage, reaper: *reaper };
        let taken = self.take(process, &event, each);
        let Some(life) = self.life_mut(key) else { return };
        let usage_was_known = life.entry.state.end().is_some_and(|end| end.usage.is_some());
        let first = !std::mem::replace(&mut life.told.exit, true);
        life.end(end);
        if matches!(life.entry.state, State::Exited(_)) {
            self.zombies.insert(key.pid);
        }
        if first {
            self.tell(key, event, each);
        } else if let Some(life) = self.life(key).filter(|_| !usage_was_known) {
            // Until now only a walk had reported it.
            each(Change::known_better(boot_ns, &life.entry));
        }
        self.tell_taken(taken, each);
        self.orphan(key, boot_ns, cpu, each);
    }

    fn free(&mut self, event: Event, each: Each<'_>) {
        let What::Free { key, status, usage } = &event.what else { return };
        let (key, boot_ns) = (*key, event.boot_ns);
        let end = End { boot_ns, status: *status, usage: *usage, reaper: None };
        let place = self.locate(key, each);
        if let Some(life) = self.life_mut(key) {
            if !std::mem::replace(&mut life.told.free, true) {
                life.free(end);
                if place == Place::Living {
                    self.bury(key.pid, boot_ns);
                }
                self.tell(key, event, each);
            }
        } else if place != Place::Grave {
            let life = self.ordinal(key);
            if place == Place::New {
                self.supersede(key.pid, boot_ns, each);
            }
            self.graves.insert(boot_ns, key, Grave::Unknown { end, life });
            each(Change { event, entry: None, inferred: false });
        }
    }

    fn rename(&mut self, event: Event, each: Each<'_>) {
        let What::Rename { process, .. } = &event.what else { return };
        let key = process.key;
        let taken = self.take(process, &event, each);
        if self.is_first(key, |life| life.told.rename_ns.replace(event.boot_ns), event.boot_ns) {
            self.tell(key, event, each);
        }
        self.tell_taken(taken, each);
    }

    fn cgroup(&mut self, mut event: Event, each: Each<'_>) {
        let boot_ns = event.boot_ns;
        let What::Cgroup { process, .. } = &event.what else { return };
        let key = process.key;
        // Where it was is known only as long as nothing later has been told.
        let known = self.life(key).filter(|life| life.entry.told_ns <= boot_ns);
        let old = known.and_then(|life| life.entry.process.cgroup.clone());
        let taken = self.take(process, &event, each);
        if let What::Cgroup { old_cgroup, .. } = &mut event.what {
            *old_cgroup = old_cgroup.take().or(old);
        }
        if self.is_first(key, |life| life.told.cgroup_ns.replace(boot_ns), boot_ns) {
            self.tell(key, event, each);
        }
        self.tell_taken(taken, each);
    }

    fn namespaces(&mut self, event: Event, each: Each<'_>) {
        let What::Namespaces { process, .. } = &event.what else { return };
        let (key, told) = (process.key, (event.boot_ns, process.tid));
        let taken = self.take(process, &event, each);
        let is_news = |life: &mut Life| life.told.namespaces.replace(told) != Some(told);
        if self.life_mut(key).is_some_and(is_news) {
            self.tell(key, event, each);
        }
        self.tell_taken(taken, each);
    }

    /// Each is another one, however alike two are.
    fn request(&mut self, event: Event, each: Each<'_>) {
        let What::Request { process, .. } = &event.what else { return };
        let key = process.key;
        let taken = self.take(process, &event, each);
        self.tell(key, event, each);
        self.tell_taken(taken, each);
    }

    /// An account of a process that is no event of the kernel's.
    fn describe(&mut self, event: Event, each: Each<'_>) {
        let Some(process) = event.what.process() else { return };
        let key = process.key;
        let taken = self.take(process, &event, each);
        self.tell(key, event, each);
        self.tell_taken(taken.filter(|moved| moved.inferred), each);
    }

    fn is_first(
        &mut self,
        key: ProcessKey,
        replace: impl FnOnce(&mut Life) -> Option<u64>,
        boot_ns: u64,
    ) -> bool {
        self.life_mut(key).is_some_and(|life| replace(life) != Some(boot_ns))
    }

    fn tell(&self, key: ProcessKey, event: Event, each: Each<'_>) {
        if let Some(life) = self.life(key) {
            each(Change::told(event, &life.entry));
        }
    }

    fn tell_taken(&self, moved: Option<Moved>, each: Each<'_>) {
        if let Some(moved) = moved {
            self.tell_moved(moved, each);
        }
    }

    /// Takes the account of a process that an event gives, unless a later one is known. Whether
    /// it turned out to have another parent.
    fn take(&mut self, process: &Process, event: &Event, each: Each<'_>) -> Option<Moved> {
        let key = process.key;
        let place = self.locate(key, each);
        match place {
            Place::Living => {}
            Place::Grave => self.name_the_dead(process, event.boot_ns),
            Place::Over | Place::New => self.admit(process, event.boot_ns, place, each),
        }
        if let Some(life) = self.life_mut(key).filter(|life| life.entry.inferred) {
            life.edit().inferred = false;
        }
        let (old_parent, moved_ns) = self.update(process, event.boot_ns)?;
        // Either an exit moved it, or the parent of which no exit has been told.
        let boot_ns = event.boot_ns.max(moved_ns);
        Some(Moved { key, old_parent, boot_ns, cpu: event.cpu, inferred: moved_ns == 0 })
    }

    /// Makes an account of a process the table's own, unless a later one is. Of a living process
    /// that turns out to have another parent: the one before, and when that one ended.
    pub(super) fn update(&mut self, process: &Process, at_ns: u64) -> Option<(ProcessKey, u64)> {
        let key = process.key;
        self.life_mut(key)?.learn_namespaces(process, at_ns);
        let known = self.life(key).filter(|life| life.entry.told_ns <= at_ns)?;
        let old = known.entry.process.parent;
        let told = process.parent.map(|told| self.parent_of(key, told));
        let (parent, moved_ns) = (told.map(|told| told.0), told.map_or(0, |told| told.1));
        let living = self.place_of(key) == Place::Living;
        if living {
            self.set_parent(key.pid, parent);
        }
        let life = self.life_mut(key)?;
        let entry = life.edit();
        entry.process = Process { parent, ..process.clone() }.or(&entry.process);
        entry.told_ns = at_ns;
        life.show_program();
        old.filter(|_| living && old != parent).map(|old| (old, moved_ns))
    }
}
