//! News about processes that nothing has reported yet: the news of their beginning may come late,
//! from another CPU.

use std::collections::VecDeque;

use super::super::told::Told;

/// News that wait, oldest first.
#[derive(Debug, Default)]
pub(super) struct Waiting(VecDeque<Told>);

impl Waiting {
    /// What has not come by then was lost.
    const PATIENCE_NS: u64 = 100_000_000;

    /// So many wait only after a loss, and for nothing.
    const MAX: usize = 1024;

    /// Lets another one wait; if there are too many, the oldest waits no more.
    pub(super) fn push(&mut self, told: Told) -> Option<Told> {
        self.0.push_back(told);
        if self.0.len() > Self::MAX { self.0.pop_front() } else { None }
    }

    pub(super) fn have(&self, pid: u32) -> bool {
        self.0.iter().any(|told| told.subject() == Some(pid))
    }

    /// Those of a process that is known now, in order.
    pub(super) fn take(&mut self, pid: u32) -> Vec<Told> {
        let (mine, others) = std::mem::take(&mut self.0)
            .into_iter()
            .partition::<VecDeque<_>, _>(|told| told.subject() == Some(pid));
        self.0 = others;
        mine.into()
    }

    /// The oldest, if it has waited too long.
    pub(super) fn next_given_up(&mut self, now_ns: u64) -> Option<Told> {
        let too_long = |told: &Told| told.boot_ns.saturating_add(Self::PATIENCE_NS) < now_ns;
        if self.0.front().is_some_and(too_long) { self.0.pop_front() } else { None }
    }
}
