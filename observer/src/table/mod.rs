//! The process table: what every event so far, and every walk, makes of the machine.
//!
//! [`Table::apply`] takes any history: events may come late, twice, or not at all. A process is
//! found by pid and start, never by its pid alone. The later account of it counts, whichever comes
//! first; its states only move forward; its fork and its exit are told once. What a loss has torn
//! is mended by [`Table::reconcile`].
//!
//! It refuses to read a clock, a file or a ring, and to wait.

mod apply;
mod change;
mod children;
mod entry;
mod graves;
mod heirs;
mod life;
mod lineage;
mod place;
mod programs;
mod reconcile;
mod walk;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

pub use self::{
    change::Change,
    entry::{End, Entry, Program, State},
    walk::{Mended, Seen, Walk},
};
use self::{
    children::Children,
    graves::{Grave, Graves},
    heirs::Unclaimed,
    life::Life,
};
use crate::event::ProcessKey;

/// All processes of the machine.
#[derive(Debug)]
pub struct Table {
    /// Running processes and zombies.
    living: BTreeMap<u32, Life>,
    zombies: BTreeSet<u32>,
    graves: Graves,
    children: Children,
    unclaimed: Unclaimed,
    tick_ns: u64,
}

/// The function that each change is handed to.
type Each<'a> = &'a mut dyn FnMut(Change);

impl Table {
    /// `tick_ns` are the nanoseconds of a clock tick; the dead are remembered for `grace_ns`, and
    /// for a second at least, so that late news does not raise them.
    pub fn new(tick_ns: u64, grace_ns: u64) -> Self {
        Self {
            living: BTreeMap::new(),
            zombies: BTreeSet::new(),
            graves: Graves::new(grace_ns),
            children: Children::default(),
            unclaimed: Unclaimed::default(),
            tick_ns: tick_ns.max(1),
        }
    }

    /// Running processes and zombies by ascending pid.
    pub fn living(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.living.values().map(|life| &life.entry)
    }

    /// The zombies.
    pub fn zombies(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.zombies.iter().filter_map(|pid| self.get(*pid))
    }

    /// Whether running processes or zombies are this one's children.
    pub fn has_children(&self, parent: ProcessKey) -> bool {
        !self.children.of(parent).is_empty()
    }

    /// Those that are this one's children, by ascending pid.
    pub fn zombies_of(&self, parent: ProcessKey) -> Vec<ProcessKey> {
        let children = self.children.of(parent).into_iter();
        let zombies = children.filter(|pid| self.zombies.contains(pid));
        zombies.filter_map(|pid| self.get(pid)).map(|entry| entry.process.key).collect()
    }

    /// The running process or zombie that has this pid.
    pub fn get(&self, pid: u32) -> Option<&Arc<Entry>> {
        self.living.get(&pid).map(|life| &life.entry)
    }

    /// The process with this identity, also while it is remembered.
    pub fn find(&self, key: ProcessKey) -> Option<&Arc<Entry>> {
        self.life(key).map(|life| &life.entry)
    }

    /// How many processes are running or zombies.
    pub fn len(&self) -> usize {
        self.living.len()
    }

    /// Whether the table is empty.
    pub fn is_empty(&self) -> bool {
        self.living.is_empty()
    }

    /// Forgets the dead whose grace is over.
    pub fn forget(&mut self, now_ns: u64) {
        self.graves.forget(now_ns);
        self.children.shrink();
    }

    fn life(&self, key: ProcessKey) -> Option<&Life> {
        let living = self.living.get(&key.pid).filter(|life| life.key() == key);
        living.or_else(|| self.graves.get(key).and_then(Grave::known))
    }

    fn life_mut(&mut self, key: ProcessKey) -> Option<&mut Life> {
        let living = self.living.get_mut(&key.pid).filter(|life| life.key() == key);
        living.or_else(|| self.graves.get_mut(key))
    }
}

#[cfg(test)]
pub(crate) mod model;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
