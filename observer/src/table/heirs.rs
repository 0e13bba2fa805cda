//! The processes that one forked lately: late news of what it ran is theirs as well.

use std::collections::VecDeque;

use hashbrown::HashMap;

use crate::event::ProcessKey;

/// The last that a process forked, and when.
#[derive(Debug, Default)]
pub(super) struct Heirs(VecDeque<(u64, ProcessKey)>);

impl Heirs {
    /// Forks from further back are older than any news.
    const MAX: usize = 64;

    pub(super) fn add(&mut self, fork_ns: u64, key: ProcessKey) {
        if self.0.len() >= Self::MAX {
            self.0.pop_front();
        }
        self.0.push_back((fork_ns, key));
    }

    /// The processes it forked at that time or later.
    pub(super) fn since(&self, ns: u64) -> impl Iterator<Item = ProcessKey> {
        self.0.iter().filter(move |(fork_ns, _)| *fork_ns >= ns).map(|(_, key)| *key)
    }
}

/// Heirs of processes of which nothing else is known yet.
#[derive(Debug, Default)]
pub(super) struct Unclaimed(HashMap<ProcessKey, Heirs>);

impl Unclaimed {
    /// With so many, events have been lost that will not come any more.
    const MAX: usize = 1024;

    pub(super) fn add(&mut self, creator: ProcessKey, fork_ns: u64, key: ProcessKey) {
        if self.0.len() >= Self::MAX {
            self.0.clear();
        }
        self.0.entry(creator).or_default().add(fork_ns, key);
    }

    pub(super) fn claim(&mut self, creator: ProcessKey) -> Heirs {
        if self.0.is_empty() {
            return Heirs::default();
        }
        self.0.remove(&creator).unwrap_or_default()
    }
}
