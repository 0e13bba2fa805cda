//! Which life an identity stands for: one that is there, one that is over, or a new one.

use std::ops::RangeInclusive;

use super::{Change, Each, End, Grave, Life, State, Table};
use crate::event::{Event, Process, ProcessKey, What};

/// Where a process has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Among the living, zombies included.
    Living,
    /// In its grave.
    Grave,
    /// Nowhere yet, but a later life of its pid is known: this one is over.
    Over,
    /// Nowhere yet.
    New,
}

impl Table {
    /// Finds the place of an identity that is exact. An entry of which only the clock tick was
    /// known takes the exact start here.
    pub(super) fn locate(&mut self, key: ProcessKey, each: Each<'_>) -> Place {
        if let Some(life) = self.life_mut(key) {
            life.approximate = false;
        } else if let Some(known) = self.in_tick(key).filter(|known| self.is_approximate(*known)) {
            self.rekey(known, key, each);
        }
        self.place_of(key)
    }

    pub(super) fn place_of(&self, key: ProcessKey) -> Place {
        let living = self.living.get(&key.pid).map(Life::key);
        if living == Some(key) {
            Place::Living
        } else if self.graves.get(key).is_some() {
            Place::Grave
        } else if living.is_some_and(|living| living > key) || self.graves.has_later(key) {
            Place::Over
        } else {
            Place::New
        }
    }

    /// The life of that pid which began in the same clock tick: the living one, or the last.
    pub(super) fn in_tick(&self, key: ProcessKey) -> Option<ProcessKey> {
        let tick = self.tick(key);
        let living = self.living.get(&key.pid).map(Life::key);
        let living = living.filter(|living| tick.contains(&living.start_ns));
        living.or_else(|| self.graves.lives(key.pid, &tick).next_back().map(|(key, _)| key))
    }

    fn tick(&self, key: ProcessKey) -> RangeInclusive<u64> {
        let begin = key.start_ns - key.start_ns % self.tick_ns;
        begin..=begin.saturating_add(self.tick_ns - 1)
    }

    fn is_approximate(&self, key: ProcessKey) -> bool {
        self.life(key).is_some_and(|life| life.approximate)
    }

    fn rekey(&mut self, from: ProcessKey, to: ProcessKey, each: Each<'_>) {
        if let Some(Grave::Known(mut life)) = self.graves.remove(from) {
            let at_ns = life.entry.state.end().map_or(life.entry.told_ns, |end| end.boot_ns);
            life.take_key(to);
            self.graves.insert(at_ns, to, Grave::Known(life));
        } else if let Some(life) = self.living.get_mut(&from.pid) {
            life.take_key(to);
            each(Change::known_better(life.entry.told_ns, &life.entry));
        }
        for pid in self.children.of(from) {
            let told_ns = self.living.get(&pid).map_or(0, |life| life.entry.told_ns);
            self.set_parent(pid, Some(to));
            if let Some(life) = self.living.get(&pid) {
                each(Change::known_better(told_ns, &life.entry));
            }
        }
    }

    /// Makes a place for a process that has none. One that had its pid before must be gone.
    pub(super) fn admit(&mut self, process: &Process, at_ns: u64, place: Place, each: Each<'_>) {
        let key = process.key;
        let heirs = self.unclaimed.claim(key);
        let mut life = Life::new(process.clone(), at_ns, self.ordinal(key), heirs);
        if place == Place::Over {
            life.edit().state = State::Freed(End::noticed(at_ns));
            self.graves.insert(at_ns, key, Grave::Known(Box::new(life)));
            return;
        }
        self.supersede(key.pid, at_ns, each);
        self.children.link(process.parent, key.pid);
        self.living.insert(key.pid, life);
    }

    /// A late account of a process whose end is all that was known.
    pub(super) fn name_the_dead(&mut self, process: &Process, at_ns: u64) {
        let Some(Grave::Unknown { end, life }) = self.graves.get(process.key) else { return };
        let heirs = self.unclaimed.claim(process.key);
        let (end, mut known) = (*end, Life::new(process.clone(), at_ns, *life, heirs));
        known.edit().state = State::Freed(end);
        known.told.free = true;
        self.graves.insert(end.boot_ns, process.key, Grave::Known(Box::new(known)));
    }

    /// A number that no life of this pid in this tick has yet.
    pub(super) fn ordinal(&self, key: ProcessKey) -> u32 {
        let tick = self.tick(key);
        let living = self.living.get(&key.pid);
        let living = living.filter(|life| tick.contains(&life.key().start_ns));
        let dead = self.graves.lives(key.pid, &tick).map(|(_, grave)| grave.life());
        let last = dead.chain(living.map(|life| life.entry.life)).max();
        last.unwrap_or_default().saturating_add(1)
    }

    /// The pid has another process now: whoever had it is gone. Whether somebody ran with it.
    pub(super) fn supersede(&mut self, pid: u32, at_ns: u64, each: Each<'_>) -> bool {
        let Some(life) = self.living.get(&pid) else { return false };
        let (key, ran) = (life.key(), life.is_running());
        self.let_go(key, at_ns, each);
        ran
    }

    /// A process is found to be gone; its end counts as inferred, since no event reported it.
    pub(super) fn let_go(&mut self, key: ProcessKey, boot_ns: u64, each: Each<'_>) {
        let Some(life) = self.living.get_mut(&key.pid).filter(|life| life.key() == key) else {
            return;
        };
        let inferred = life.is_running();
        life.free(End::noticed(boot_ns));
        let event = Event { boot_ns, cpu: 0, what: What::Gone { key } };
        let change = Change { inferred, ..Change::told(event, &life.entry) };
        self.bury(key.pid, boot_ns);
        each(change);
    }

    /// Moves one who has been freed from the living to the dead.
    pub(super) fn bury(&mut self, pid: u32, at_ns: u64) {
        let Some(life) = self.living.remove(&pid) else { return };
        self.children.unlink(life.entry.process.parent, pid);
        self.zombies.remove(&pid);
        self.graves.insert(at_ns, life.key(), Grave::Known(Box::new(life)));
    }
}
