//! Changes of a subscription, waited for with an end of patience.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use observer::event::{Process, ProcessKey, What};
use observer::monitor::{Subscription, Told, Update};

use crate::support::machine::soon;

pub(crate) struct Changes {
    subscription: Subscription,
    pub(crate) seen: Vec<Arc<Update>>,
}

impl Changes {
    pub(crate) fn of(subscription: Subscription) -> Self {
        Self { subscription, seen: Vec::new() }
    }

    /// Takes what is there, or waits for something; whether anything came before the deadline.
    fn receive(&mut self, deadline: Instant) -> bool {
        loop {
            match self.subscription.try_recv().expect("a monitor") {
                Some(Told::Update(update)) => {
                    self.seen.push(update);
                    return true;
                }
                Some(Told::Missed(count)) => panic!("{count} changes missed"),
                None if Instant::now() >= deadline => return false,
                None => thread::sleep(Duration::from_millis(1)),
            }
        }
    }

    /// Takes all that is there.
    pub(crate) fn drain(&mut self) {
        let now = Instant::now();
        while self.receive(now) {}
    }

    /// Those behind one number up to and with another, taken away.
    pub(crate) fn between(&mut self, from: u64, to: u64) -> Vec<Arc<Update>> {
        let deadline = Instant::now() + soon();
        for _ in from..to {
            assert!(self.receive(deadline), "changes up to {to} should come");
        }
        std::mem::take(&mut self.seen)
    }

    /// The first change, from those already seen on, of which this holds.
    pub(crate) fn wait_for(&mut self, what: &str, holds: impl Fn(&Update) -> bool) -> Arc<Update> {
        let deadline = Instant::now() + soon();
        let mut looked = 0;
        loop {
            if let Some(found) = self.seen[looked..].iter().find(|update| holds(update)) {
                return Arc::clone(found);
            }
            looked = self.seen.len();
            assert!(self.receive(deadline), "{what} should be told");
        }
    }

    /// The events of one life.
    pub(crate) fn of_life(&self, key: ProcessKey) -> impl Iterator<Item = &What> {
        let whats = self.seen.iter().map(|update| &update.change.event.what);
        whats.filter(move |what| what.key() == Some(key))
    }

    /// The moves of one life from parent to parent.
    pub(crate) fn moves(&self, key: ProcessKey) -> Vec<(ProcessKey, Option<ProcessKey>)> {
        let moves = self.of_life(key).filter_map(|what| match what {
            What::Reparent { process: Process { parent, .. }, old_parent } => {
                Some((*old_parent, *parent))
            }
            _ => None,
        });
        moves.collect()
    }
}
