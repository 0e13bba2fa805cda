//! The dead, for as long as late news of them may come or somebody may ask.

use std::{
    collections::{BTreeMap, VecDeque},
    ops::RangeInclusive,
};

use super::{End, life::Life};
use crate::event::ProcessKey;

/// The dead by identity, those of one pid side by side.
#[derive(Debug)]
pub(super) struct Graves {
    by_key: BTreeMap<ProcessKey, Grave>,
    /// When each came, in that order.
    queue: VecDeque<(u64, ProcessKey)>,
    keep_ns: u64,
}

/// A life that is over.
#[derive(Debug)]
pub(super) enum Grave {
    /// It was in the table.
    Known(Box<Life>),
    /// Its end is all that was told so far.
    Unknown {
        /// That end.
        end: End,
        /// Its number among the lives of its pid in its tick.
        life: u32,
    },
}

impl Grave {
    pub(super) fn life(&self) -> u32 {
        match self {
            Self::Known(life) => life.entry.life,
            Self::Unknown { life, .. } => *life,
        }
    }

    pub(super) fn end(&self) -> Option<&End> {
        match self {
            Self::Known(life) => life.entry.state.end(),
            Self::Unknown { end, .. } => Some(end),
        }
    }

    pub(super) fn known(&self) -> Option<&Life> {
        match self {
            Self::Known(life) => Some(life),
            Self::Unknown { .. } => None,
        }
    }
}

impl Graves {
    /// No news is later than this.
    const LATEST_NEWS_NS: u64 = 1_000_000_000;

    pub(super) fn new(grace_ns: u64) -> Self {
        Self {
            by_key: BTreeMap::new(),
            queue: VecDeque::new(),
            keep_ns: grace_ns.max(Self::LATEST_NEWS_NS),
        }
    }

    pub(super) fn get(&self, key: ProcessKey) -> Option<&Grave> {
        self.by_key.get(&key)
    }

    pub(super) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut Life> {
        match self.by_key.get_mut(&key)? {
            Grave::Known(life) => Some(life),
            Grave::Unknown { .. } => None,
        }
    }

    pub(super) fn insert(&mut self, at_ns: u64, key: ProcessKey, grave: Grave) {
        self.by_key.insert(key, grave);
        self.queue.push_back((at_ns, key));
    }

    /// Takes one out; its place in the queue stays, and is passed over when its time comes.
    pub(super) fn remove(&mut self, key: ProcessKey) -> Option<Grave> {
        self.by_key.remove(&key)
    }

    /// The lives of this pid that began within this time.
    pub(super) fn lives(
        &self,
        pid: u32,
        starts: &RangeInclusive<u64>,
    ) -> impl DoubleEndedIterator<Item = (ProcessKey, &Grave)> {
        let key = |start_ns: &u64| ProcessKey { pid, start_ns: *start_ns };
        let range = key(starts.start())..=key(starts.end());
        self.by_key.range(range).map(|(key, grave)| (*key, grave))
    }

    /// Whether a later life of the same pid is over already.
    pub(super) fn has_later(&self, key: ProcessKey) -> bool {
        let Some(next) = key.start_ns.checked_add(1) else { return false };
        self.lives(key.pid, &(next..=u64::MAX)).next().is_some()
    }

    pub(super) fn forget(&mut self, now_ns: u64) {
        while let Some((at_ns, key)) = self.queue.front().copied() {
            if at_ns.saturating_add(self.keep_ns) > now_ns {
                break;
            }
            self.queue.pop_front();
            self.by_key.remove(&key);
        }
        if self.queue.capacity() > 1024 + 4 * self.queue.len() {
            self.queue.shrink_to(2 * self.queue.len());
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> (usize, usize) {
        (self.by_key.len(), self.queue.capacity())
    }
}
