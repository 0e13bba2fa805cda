//! Numbers the changes, keeps the last of them, and hands each to every subscriber.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::subscription::{Mailbox, Subscription};
use crate::{Error, snapshot::Token, table::Change};

/// A change with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// Its number in the monitor's stream: one more than the last.
    pub seq: u64,
    /// What happened, and to whom.
    pub change: Change,
}

#[derive(Debug)]
pub(super) struct Hub {
    epoch: u64,
    /// Changes kept for those who come later.
    history: usize,
    /// Changes kept for a subscriber who is slow.
    backlog: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the last change.
    seq: u64,
    kept: VecDeque<Arc<Update>>,
    /// Gathered, and not handed out yet.
    fresh: Vec<Arc<Update>>,
    subscribers: Vec<Weak<Mailbox>>,
    closed: bool,
}

impl Hub {
    pub(super) fn new(epoch: u64, history: usize, backlog: usize) -> Self {
        Self { epoch, history, backlog, state: Mutex::default() }
    }

    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Takes a change in; [`Hub::publish`] hands it out.
    pub(super) fn gather(&self, change: Change) {
        let mut state = self.state();
        state.seq += 1;
        let update = Arc::new(Update { seq: state.seq, change });
        state.fresh.push(update);
    }

    /// Hands out what was gathered; returns the number of the last change.
    pub(super) fn publish(&self) -> u64 {
        let mut state = self.state();
        if !state.fresh.is_empty() {
            let fresh = std::mem::take(&mut state.fresh);
            state
                .subscribers
                .retain(|mailbox| mailbox.upgrade().is_some_and(|mailbox| mailbox.put(&fresh)));
            state.kept.extend(fresh);
            let surplus = state.kept.len().saturating_sub(self.history);
            state.kept.drain(..surplus);
        }
        state.seq
    }

    pub(super) fn subscribe(&self) -> Subscription {
        self.add(&mut self.state(), Vec::new())
    }

    pub(super) fn subscribe_from(&self, token: &Token) -> Result<Subscription, Error> {
        let mut state = self.state();
        let Some(missed) = state.seq.checked_sub(token.seq).filter(|_| token.epoch == self.epoch)
        else {
            return Err(Error::StaleToken("it is of another monitor"));
        };
        // What is gathered and not handed out comes with the next hand-out.
        let missed =
            usize::try_from(missed).unwrap_or(usize::MAX).saturating_sub(state.fresh.len());
        let Some(begin) = state.kept.len().checked_sub(missed) else {
            return Err(Error::StaleToken("the changes since are not kept any more"));
        };
        let since = state.kept.range(begin..).map(Arc::clone).collect();
        Ok(self.add(&mut state, since))
    }

    fn add(&self, state: &mut State, since: Vec<Arc<Update>>) -> Subscription {
        let mailbox = Arc::new(Mailbox::new(self.backlog, since));
        if state.closed {
            mailbox.close(None);
        }
        state.subscribers.push(Arc::downgrade(&mailbox));
        Subscription::new(mailbox)
    }

    /// Nothing will come any more.
    pub(super) fn close(&self, why: Option<Error>) {
        let mut state = self.state();
        state.closed = true;
        let why = why.map(Arc::new);
        for mailbox in state.subscribers.drain(..).filter_map(|mailbox| mailbox.upgrade()) {
            mailbox.close(why.clone());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
