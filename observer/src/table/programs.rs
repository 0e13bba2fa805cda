//! What one life has run, so that late news of a fork or an exec still finds its place.

use std::sync::Arc;

use super::Program;

/// What a process has run, oldest first: its own execs, and what it came with.
#[derive(Debug, Default)]
pub(super) struct Programs(Vec<Arc<Program>>);

impl Programs {
    /// Older ones than these are of interest to nobody: events are not that late.
    const MAX: usize = 8;

    /// What it runs, if `exec_id` does not say that an exec was missed.
    pub(super) fn current(&self, exec_id: u64) -> Option<&Arc<Program>> {
        self.0.last().filter(|last| {
            let told = exec_id != 0 && last.exec_id != 0;
            !told || exec_id <= last.exec_id
        })
    }

    /// What a child that was forked then came with.
    pub(super) fn inherited(&self, fork_ns: u64, exec_id: u64) -> Option<&Arc<Program>> {
        let same = self.0.iter().find(|program| exec_id != 0 && program.exec_id == exec_id);
        same.or_else(|| self.0.iter().rfind(|program| program.exec_ns <= fork_ns))
    }

    /// Adds one in its place; whether that was news.
    pub(super) fn insert(&mut self, program: &Arc<Program>) -> bool {
        let order = |program: &Program| (program.exec_id, program.exec_ns);
        if self.0.iter().any(|known| order(known) == order(program)) {
            return false;
        }
        // An exec that a walk had found out about: the event knows better.
        self.0.retain(|known| known.exec_id == 0 || known.exec_id != program.exec_id);
        let place = self.0.partition_point(|known| order(known) < order(program));
        if place == 0 && self.0.len() >= Self::MAX {
            return false;
        }
        self.0.insert(place, Arc::clone(program));
        if self.0.len() > Self::MAX {
            self.0.remove(0);
        }
        true
    }
}
