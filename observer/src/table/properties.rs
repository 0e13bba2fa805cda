//! Random histories of a small machine, as they came and as they may arrive.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use super::{
    Change, Entry, State, Table, Walk,
    model::{Action, Model, Shown, TICK_NS, actions},
};
use crate::event::{Event, ProcessKey, What};

/// No event is overtaken by more than this many.
const WINDOW: usize = 8;

/// A table, and who keeps a copy of it by its changes.
pub(super) struct Watched {
    pub(super) table: Table,
    changes: Vec<Change>,
    copy: BTreeMap<u32, Arc<Entry>>,
}

impl Watched {
    /// A table that knows what a machine is before its first event.
    fn seeded(exec_step: u64) -> Self {
        let mut watched = Self::new();
        watched.mend(&mut Model::new(exec_step));
        watched
    }

    pub(super) fn new() -> Self {
        Self { table: Table::new(TICK_NS, 0), changes: Vec::new(), copy: BTreeMap::new() }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        let from = self.changes.len();
        self.table.apply(event.clone(), &mut |change| self.changes.push(change));
        self.follow(from);
    }

    fn mend(&mut self, model: &mut Model) {
        self.reconcile(&model.walk());
    }

    pub(super) fn reconcile(&mut self, walk: &Walk) {
        let from = self.changes.len();
        self.table.reconcile(walk, &mut |change| self.changes.push(change));
        self.follow(from);
    }

    fn follow(&mut self, from: usize) {
        for entry in self.changes[from..].iter().filter_map(|change| change.entry.as_ref()) {
            let key = entry.process.key;
            if !matches!(entry.state, State::Freed(_)) {
                self.copy.insert(key.pid, Arc::clone(entry));
            } else if self.copy.get(&key.pid).is_some_and(|known| known.process.key == key) {
                self.copy.remove(&key.pid);
            }
        }
    }

    /// What must hold after every event of a machine.
    fn check(&self, model: &Model) {
        self.check_itself();
        for (entry, copy) in self.table.living().zip(self.copy.values()) {
            assert_eq!(entry, copy, "copy by changes");
        }
        if let Some(entry) = self.changes.last().and_then(|change| change.entry.as_ref()) {
            assert!(model.is_of_one_life(entry), "{entry:?}");
        }
    }

    /// What must hold after every event, whatever the history.
    pub(super) fn check_itself(&self) {
        let table: Vec<_> = self.table.living().cloned().collect();
        let alive = |entry: &Arc<Entry>| (entry.process.key, entry.state.end().is_some());
        let copy: Vec<_> = self.copy.values().map(alive).collect();
        assert_eq!(table.iter().map(alive).collect::<Vec<_>>(), copy, "copy by changes");
        let is_zombie = |entry: &&Arc<Entry>| matches!(entry.state, State::Exited(_));
        let zombies: Vec<_> = table.iter().filter(is_zombie).collect();
        assert_eq!(self.table.zombies().collect::<Vec<_>>(), zombies);
        let parents = table.iter().filter(|entry| entry.process.parent.is_some()).count();
        assert_eq!(self.table.children.count(), parents);
    }

    /// How often each life was told to begin or to end.
    fn told(&self, wanted: fn(&What) -> bool) -> BTreeMap<ProcessKey, u32> {
        let mut told = BTreeMap::new();
        for change in self.changes.iter().filter(|change| wanted(&change.event.what)) {
            *told.entry(change.event.what.key().unwrap()).or_default() += 1;
        }
        told
    }
}

fn watch(exec_step: u64, model: &Model, events: &[&Event]) -> Watched {
    let mut watched = Watched::seeded(exec_step);
    for event in events {
        watched.apply(event);
        watched.check(model);
    }
    watched
}

/// The events in another order: each is late by at most `jitter` places.
fn shuffled<'a>(events: &'a [Event], jitter: &[usize]) -> Vec<&'a Event> {
    let mut order: Vec<_> = events.iter().enumerate().collect();
    order.sort_by_key(|(place, _)| place + jitter[place % jitter.len()]);
    order.into_iter().map(|(_, event)| event).collect()
}

fn jitter() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..=WINDOW, 1..50)
}

fn counts_of(model: &Model, wanted: fn(&What) -> bool) -> BTreeMap<ProcessKey, u32> {
    let events = model.events.iter().filter(|event| wanted(&event.what));
    events.map(|event| (event.what.key().unwrap(), 1)).collect()
}

fn is_fork(what: &What) -> bool {
    matches!(what, What::Fork { .. })
}

fn is_exit(what: &What) -> bool {
    matches!(what, What::Exit { .. })
}

fn check_order(exec_step: u64, actions: &[Action], jitter: &[usize], copies: &[bool]) {
    let model = Model::run(exec_step, actions);
    let mut events = shuffled(&model.events, jitter);
    let again = events.clone();
    for (place, event) in
        again.iter().enumerate().rev().filter(|(place, _)| copies[*place % copies.len()])
    {
        let later = (place + 1 + jitter[place % jitter.len()]).min(events.len());
        events.insert(later, event);
    }
    let watched = watch(exec_step, &model, &events);
    assert_eq!(Shown::all(&watched.table), model.truth());
    assert_eq!(watched.told(is_fork), counts_of(&model, is_fork), "forks");
    assert_eq!(watched.told(is_exit), counts_of(&model, is_exit), "exits");
}

proptest! {
    #[test]
    fn the_table_is_the_machine(actions in actions(), exec_step in 0..=1_u64) {
        check_order(exec_step, &actions, &[0], &[false]);
    }

    #[test]
    fn the_table_does_not_depend_on_the_order_of_events(
        actions in actions(), jitter in jitter(), exec_step in 0..=1_u64,
    ) {
        check_order(exec_step, &actions, &jitter, &[false]);
    }

    #[test]
    fn an_event_that_comes_twice_happens_once(
        actions in actions(), jitter in jitter(), exec_step in 0..=1_u64,
        copies in prop::collection::vec(any::<bool>(), 1..50),
    ) {
        check_order(exec_step, &actions, &jitter, &copies);
    }

    #[test]
    fn a_walk_mends_what_a_loss_has_torn(
        actions in actions(), jitter in jitter(),
        kept in prop::collection::vec(prop::bool::weighted(0.7), 1..50),
    ) {
        let mut model = Model::run(1, &actions);
        let events = shuffled(&model.events, &jitter);
        let kept = events.into_iter().enumerate().filter(|(place, _)| kept[place % kept.len()]);
        let kept: Vec<_> = kept.map(|(_, event)| event).collect();
        let mut watched = watch(1, &model, &kept);
        watched.mend(&mut model);
        watched.check(&model);
        assert_eq!(Shown::all(&watched.table), model.truth());
        let before = watched.changes.len();
        watched.mend(&mut model);
        assert_eq!(watched.changes[before..], [], "nothing is left to mend");
    }

    #[test]
    fn a_machine_that_moves_while_it_is_walked_is_told_in_the_end(
        actions in actions(), jitter in jitter(), cut in 0..80_usize,
    ) {
        let cut = cut.min(actions.len());
        let mut model = Model::new(1);
        actions[..cut].iter().for_each(|action| model.act(*action));
        let walk = model.walk();
        actions[cut..].iter().for_each(|action| model.act(*action));
        model.settle();
        let mut watched = Watched::seeded(1);
        let events: Vec<Event> = shuffled(&model.events, &jitter).into_iter().cloned().collect();
        for (place, event) in events.iter().enumerate() {
            if place == cut.min(events.len() - 1) {
                watched.reconcile(&walk);
            }
            watched.apply(event);
            watched.check(&model);
        }
        watched.mend(&mut model);
        assert_eq!(Shown::all(&watched.table), model.truth());
    }
}
