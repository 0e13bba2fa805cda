//! The table beside a walk over all tasks: what is missing is added, what is gone let go, what is
//! different told.

use std::sync::Arc;

use hashbrown::HashSet;

use super::{
    Change, Each, End, Entry, Life, Mended, Program, Seen, State, Table, Walk, place::Place,
};
use crate::event::{Process, ProcessKey, What};

impl Table {
    /// Compares the table with one walk over all tasks, and mends it.
    pub fn reconcile(&mut self, walk: &Walk, each: &mut dyn FnMut(Change)) -> Mended {
        let mut mended = Mended::default();
        for seen in &walk.tasks {
            self.meet(seen, &mut mended, each);
        }
        self.let_unseen_go(walk, &mut mended, each);
        mended
    }

    fn meet(&mut self, seen: &Seen, mended: &mut Mended, each: Each<'_>) {
        let mut process = seen.process.clone();
        if !seen.start_is_exact {
            process.key = self.in_tick(process.key).unwrap_or(process.key);
            process.parent = process.parent.map(|parent| self.in_tick(parent).unwrap_or(parent));
        }
        let place = if seen.start_is_exact {
            self.locate(process.key, each)
        } else {
            self.place_of(process.key)
        };
        match place {
            Place::Living => {
                let changed = self.compare(process, seen, each);
                mended.changed += u64::from(changed);
            }
            Place::New => {
                let ran = self.supersede(process.key.pid, seen.boot_ns, each);
                mended.removed += u64::from(ran);
                mended.added += 1;
                self.add(&process, seen, each);
            }
            // It ended while the walk was under way.
            Place::Grave | Place::Over => {}
        }
    }

    fn add(&mut self, process: &Process, seen: &Seen, each: Each<'_>) {
        let key = process.key;
        self.admit(process, seen.boot_ns, Place::New, each);
        self.update(process, seen.boot_ns);
        if let Some(life) = self.living.get_mut(&key.pid) {
            life.approximate = !seen.start_is_exact;
            life.edit().inferred = true;
        }
        if seen.zombie {
            self.end_unseen(key, seen);
        }
        self.read_program(key, seen, each);
        if let Some(life) = self.life(key) {
            each(Change::known_better(seen.boot_ns, &life.entry));
        }
    }

    /// Whether something was different.
    fn compare(&mut self, mut process: Process, seen: &Seen, each: Each<'_>) -> bool {
        let key = process.key;
        let Some(before) = self.find(key).map(Arc::clone) else { return false };
        process.tid = before.process.tid;
        // A zombie has left its namespaces, and not everybody tells everything.
        let process = process.or(&before.process);
        if seen.boot_ns > before.told_ns && process != before.process {
            self.update(&process, seen.boot_ns);
        }
        if seen.zombie && before.state == State::Running {
            self.end_unseen(key, seen);
            if let Some(life) = self.life_mut(key) {
                life.told.exit = true;
            }
        }
        self.read_program(key, seen, each);
        let Some(life) = self.life(key) else { return false };
        tell_differences(&before, &life.entry, seen, each)
    }

    fn end_unseen(&mut self, key: ProcessKey, seen: &Seen) {
        if let Some(life) = self.living.get_mut(&key.pid) {
            life.end(End { status: seen.status, ..End::noticed(seen.boot_ns) });
            self.zombies.insert(key.pid);
        }
    }

    /// Takes the program that somebody read, if the table has none that is as new.
    fn read_program(&mut self, key: ProcessKey, seen: &Seen, each: Each<'_>) {
        let Some(read) = &seen.program else { return };
        let Some(life) = self.life(key).filter(|life| life.entry.program.is_none()) else { return };
        let exec_id = if read.exec_id == 0 { life.entry.process.exec_id } else { read.exec_id };
        self.learn(key, &Arc::new(Program { exec_id, ..read.clone() }), each);
    }

    fn let_unseen_go(&mut self, walk: &Walk, mended: &mut Mended, each: Each<'_>) {
        let seen = walk.tasks.iter().map(|seen| seen.process.key.pid);
        let seen: HashSet<u32> = seen.chain(walk.hidden.iter().copied()).collect();
        let older = |life: &&Life| {
            life.key().start_ns < walk.began_ns && life.entry.told_ns < walk.began_ns
        };
        let unseen = self.living.values().filter(|life| !seen.contains(&life.key().pid));
        let gone: Vec<_> = unseen.filter(older).map(|l| (l.key(), l.is_running())).collect();
        for (key, ran) in gone {
            mended.removed += u64::from(ran);
            self.let_go(key, walk.ended_ns, each);
        }
    }
}

/// Tells what is different now, as the events that were missed; whether anything is.
fn tell_differences(before: &Entry, after: &Arc<Entry>, seen: &Seen, each: Each<'_>) -> bool {
    let (old, new) = (&before.process, &after.process);
    let mut missed = Vec::new();
    if old.comm != new.comm {
        missed.push(What::Rename { process: new.clone(), old_comm: old.comm });
    }
    if old.cgroup != new.cgroup {
        let old_cgroup = old.cgroup.clone();
        missed.push(What::Cgroup { process: new.clone(), old_cgroup });
    }
    if let Some(old_parent) = old.parent.filter(|_| old.parent != new.parent) {
        missed.push(What::Reparent { process: new.clone(), old_parent });
    }
    if before.state != after.state && seen.zombie {
        let (status, process) = (seen.status, new.clone());
        missed.push(What::Exit { process, status, usage: None, reaper: None });
    }
    if missed.is_empty() && before != &**after {
        each(Change::known_better(seen.boot_ns, after));
        return true;
    }
    let changed = !missed.is_empty();
    for what in missed {
        each(Change::inferred(seen.boot_ns, what, after));
    }
    changed
}
