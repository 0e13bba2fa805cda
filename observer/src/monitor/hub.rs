//! Numbers the changes, keeps the last of them, and hands each to every subscriber.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use super::subscription::{Mailbox, Subscription, Update};
use crate::{Error, snapshot::Token, table::Change};

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
            let is_read = |mailbox: &Weak<Mailbox>| match mailbox.upgrade() {
                Some(mailbox) => {
                    mailbox.put(&fresh);
                    true
                }
                None => false,
            };
            state.subscribers.retain(is_read);
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
            return Err(Error::StaleToken("it belongs to another monitor"));
        };
        // What is gathered and not handed out comes with the next hand-out.
        let missed =
            usize::try_from(missed).unwrap_or(usize::MAX).saturating_sub(state.fresh.len());
        let Some(begin) = state.kept.len().checked_sub(missed) else {
            return Err(Error::StaleToken("the changes since then are no longer kept"));
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

#[cfg(test)]
mod tests {
    use super::{super::Told, *};
    use crate::event::{Event, Loss, What};

    fn change(count: u64) -> Change {
        let event = Event { boot_ns: 0, cpu: 0, what: What::Lost { count, loss: Loss::NoRoom } };
        Change { event, entry: None, inferred: false }
    }

    fn publish(hub: &Hub, counts: std::ops::Range<u64>) -> u64 {
        counts.for_each(|count| hub.gather(change(count)));
        hub.publish()
    }

    fn token(hub: &Hub, seq: u64) -> Token {
        let boot_id = String::new();
        Token { boot_id, epoch: hub.epoch(), seq, lost: 0, complete: true }
    }

    /// Numbers of what is there, `-N` for N that were left out.
    fn told(subscription: &mut Subscription) -> Vec<i64> {
        let mut told = Vec::new();
        while let Some(next) = subscription.try_recv().unwrap() {
            told.push(match next {
                Told::Update(update) => update.seq.cast_signed(),
                Told::Missed(count) => -count.cast_signed(),
            });
        }
        told
    }

    #[test]
    fn a_stream_goes_on_behind_its_token() {
        let hub = Hub::new(7, 4, 100);
        publish(&hub, 0..3);
        hub.gather(change(3));
        let mut since = hub.subscribe_from(&token(&hub, 1)).unwrap();
        let mut fresh = hub.subscribe();
        publish(&hub, 4..6);
        assert_eq!(told(&mut since), [2, 3, 4, 5, 6]);
        assert_eq!(told(&mut fresh), [4, 5, 6], "what was gathered and not handed out is new");
    }

    #[test]
    fn what_is_not_kept_cannot_be_gone_on_from() {
        let hub = Hub::new(7, 4, 100);
        publish(&hub, 0..10);
        assert!(hub.subscribe_from(&token(&hub, 6)).is_ok());
        for stale in [token(&hub, 5), token(&hub, 11), Token { epoch: 8, ..token(&hub, 10) }] {
            let error = hub.subscribe_from(&stale).unwrap_err();
            assert!(matches!(error, Error::StaleToken(_)), "{stale:?}");
        }
    }

    #[test]
    fn a_slow_reader_misses_what_comes_behind_its_backlog() {
        let hub = Hub::new(7, 0, 3);
        let mut slow = hub.subscribe();
        publish(&hub, 0..5);
        assert_eq!(told(&mut slow), [1, 2, 3, -2]);
        publish(&hub, 5..7);
        assert_eq!(told(&mut slow), [6, 7]);
    }

    #[test]
    fn the_end_is_told_behind_the_last_change() {
        let hub = Hub::new(7, 0, 3);
        let mut reader = hub.subscribe();
        publish(&hub, 0..1);
        hub.close(None);
        assert!(matches!(reader.next(), Some(Ok(Told::Update(_)))));
        assert!(matches!(reader.next(), Some(Err(_))));
        assert!(reader.next().is_none());
        assert!(hub.subscribe().recv().is_err());
    }
}
