//! The children of each process, so that an exit finds them without a look at anybody else.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use crate::event::ProcessKey;

/// Pids of the living and the zombies by their parent, which may be unknown.
#[derive(Debug, Default)]
pub(super) struct Children(HashMap<ProcessKey, BTreeSet<u32>>);

impl Children {
    pub(super) fn link(&mut self, parent: Option<ProcessKey>, pid: u32) {
        if let Some(parent) = parent {
            self.0.entry(parent).or_default().insert(pid);
        }
    }

    pub(super) fn unlink(&mut self, parent: Option<ProcessKey>, pid: u32) {
        let Some(parent) = parent else { return };
        let Some(pids) = self.0.get_mut(&parent) else { return };
        pids.remove(&pid);
        if pids.is_empty() {
            self.0.remove(&parent);
        }
    }

    /// By ascending pid.
    pub(super) fn of(&self, parent: ProcessKey) -> Vec<u32> {
        self.0.get(&parent).map(|pids| pids.iter().copied().collect()).unwrap_or_default()
    }

    /// Gives back memory after a rush.
    pub(super) fn shrink(&mut self) {
        if self.0.capacity() > 1024 + 4 * self.0.len() {
            self.0.shrink_to(2 * self.0.len());
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }
}
