//! What engines started of late and nothing joins to the command, so far: a request may be told
//! later than what it caused.

use std::collections::VecDeque;

use hashbrown::HashMap;

use super::{Exec, program};
use crate::{
    event::{Comm, Process, ProcessKey},
    table::End,
};

/// Processes kept at most; the oldest are forgotten.
const MOST: usize = 16 * 1024;

/// A process that an engine started, or a descendant of one.
#[derive(Clone, Debug)]
pub(super) struct Bystander {
    pub(super) process: Process,
    pub(super) life: u32,
    pub(super) creator: ProcessKey,
    pub(super) execs: Vec<Exec>,
    pub(super) end: Option<End>,
}

impl Bystander {
    pub(super) fn names(&self, mark: &str) -> bool {
        self.execs.iter().any(|exec| program::names(exec, mark))
    }

    pub(super) fn uid(&self) -> Option<u32> {
        self.process.credentials.map(|ids| ids.effective_uid)
    }
}

#[derive(Debug, Default)]
pub(super) struct Bystanders {
    by_key: HashMap<ProcessKey, Bystander>,
    /// Oldest first; may name some that were taken.
    order: VecDeque<ProcessKey>,
    forgotten: u64,
}

impl Bystanders {
    /// Whether a process that was just forked is one. What calls itself an engine in a
    /// container does not count as one: what it starts is the container's.
    pub(super) fn are_joined_by(&self, process: &Process, creator: ProcessKey, comm: Comm) -> bool {
        let by_an_engine = program::is_engine(comm) && process.container().is_none();
        by_an_engine || self.by_key.contains_key(&creator)
    }

    pub(super) fn put(&mut self, bystander: Bystander) {
        let key = bystander.process.key;
        if self.by_key.insert(key, bystander).is_none() {
            self.order.push_back(key);
        }
        while self.by_key.len() > MOST {
            let Some(oldest) = self.order.pop_front() else { break };
            self.forgotten += u64::from(self.by_key.remove(&oldest).is_some());
        }
        // Those that were taken leave holes.
        if self.order.len() > 2 * MOST {
            self.order.retain(|key| self.by_key.contains_key(key));
        }
    }

    pub(super) fn get_mut(&mut self, key: ProcessKey) -> Option<&mut Bystander> {
        self.by_key.get_mut(&key)
    }

    pub(super) fn get(&self, key: ProcessKey) -> Option<&Bystander> {
        self.by_key.get(&key)
    }

    pub(super) fn take(&mut self, key: ProcessKey) -> Option<Bystander> {
        self.by_key.remove(&key)
    }

    /// Oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Bystander> {
        self.order.iter().filter_map(|key| self.by_key.get(key))
    }

    /// Those created by this one, oldest first.
    pub(super) fn children(&self, creator: ProcessKey) -> Vec<ProcessKey> {
        let children = self.all().filter(|bystander| bystander.creator == creator);
        children.map(|bystander| bystander.process.key).collect()
    }

    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }
}
