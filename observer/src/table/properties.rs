//! Random histories of a small machine, as they came and as they may arrive.

use std::{collections::BTreeMap, sync::Arc};

use proptest::prelude::*;

use super::{
    Change, Entry, State, Table,
    model::{Action, Model, Shown, TICK_NS, actions},
};
use crate::event::{Event, ProcessKey, What};

/// No event is overtaken by more than this many.
const WINDOW: usize = 8;

/// A table, and who keeps a copy of it by its changes.
struct Watched {
    table: Table,
    changes: Vec<Change>,
    copy: BTreeMap<u32, Arc<Entry>>,
}

impl Watched {
    /// A table that knows what a machine is before its first event.
    fn seeded(counts_execs: bool) -> Self {
        let mut model = Model::new(counts_execs);
        let mut watched =
            Self { table: Table::new(TICK_NS, 0), changes: Vec::new(), copy: BTreeMap::new() };
        watched.mend(&mut model);
        watched
    }

    fn apply(&mut self, event: &Event) {
        let from = self.changes.len();
        self.table.apply(event.clone(), &mut |change| self.changes.push(change));
        self.follow(from);
    }

    fn mend(&mut self, model: &mut Model) {
        let from = self.changes.len();
        self.table.reconcile(&model.walk(), &mut |change| self.changes.push(change));
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

    /// What must hold after every event, whatever the history.
    fn check(&self, model: &Model) {
        let table: Vec<_> = self.table.living().cloned().collect();
        assert_eq!(table.len(), self.copy.len(), "copy by changes");
        for (entry, copy) in table.iter().zip(self.copy.values()) {
            assert_eq!(entry, copy, "copy by changes");
        }
        let is_zombie = |entry: &&Arc<Entry>| matches!(entry.state, State::Exited(_));
        let zombies: Vec<_> = table.iter().filter(is_zombie).collect();
        assert_eq!(self.table.zombies().collect::<Vec<_>>(), zombies);
        let parents = table.iter().filter(|entry| entry.process.parent.is_some()).count();
        assert_eq!(self.table.children.count(), parents);
        for entry in self.changes.last().and_then(|change| change.entry.as_ref()).iter() {
            assert!(model.is_of_one_life(entry), "{entry:?}");
        }
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

fn watch(counts: bool, model: &Model, events: &[&Event]) -> Watched {
    let mut watched = Watched::seeded(counts);
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

fn check_order(counts: bool, actions: &[Action], jitter: &[usize], copies: &[bool]) {
    let model = Model::run(counts, actions);
    let mut events = shuffled(&model.events, jitter);
    let again = events.clone();
    for (place, event) in
        again.iter().enumerate().rev().filter(|(place, _)| copies[*place % copies.len()])
    {
        let later = (place + 1 + jitter[place % jitter.len()]).min(events.len());
        events.insert(later, event);
    }
    let watched = watch(counts, &model, &events);
    assert_eq!(Shown::all(&watched.table), model.truth());
    assert_eq!(watched.told(is_fork), counts_of(&model, is_fork), "forks");
    assert_eq!(watched.told(is_exit), counts_of(&model, is_exit), "exits");
}

proptest! {
    #[test]
    fn the_table_is_the_machine(actions in actions(), counts: bool) {
        check_order(counts, &actions, &[0], &[false]);
    }

    #[test]
    fn the_table_does_not_depend_on_the_order_of_events(
        actions in actions(), jitter in jitter(), counts: bool,
    ) {
        check_order(counts, &actions, &jitter, &[false]);
    }

    #[test]
    fn an_event_that_comes_twice_happens_once(
        actions in actions(), jitter in jitter(), counts: bool,
        copies in prop::collection::vec(any::<bool>(), 1..50),
    ) {
        check_order(counts, &actions, &jitter, &copies);
    }

    #[test]
    fn a_walk_mends_what_a_loss_has_torn(
        actions in actions(), jitter in jitter(),
        kept in prop::collection::vec(prop::bool::weighted(0.7), 1..50),
    ) {
        let mut model = Model::run(true, &actions);
        let events = shuffled(&model.events, &jitter);
        let kept = events.into_iter().enumerate().filter(|(place, _)| kept[place % kept.len()]);
        let kept: Vec<_> = kept.map(|(_, event)| event).collect();
        let mut watched = watch(true, &model, &kept);
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
        let mut model = Model::new(true);
        actions[..cut].iter().for_each(|action| model.act(*action));
        let walk = model.walk();
        actions[cut..].iter().for_each(|action| model.act(*action));
        model.settle();
        let mut watched = Watched::seeded(true);
        let events: Vec<Event> = shuffled(&model.events, &jitter).into_iter().cloned().collect();
        for (place, event) in events.iter().enumerate() {
            if place == cut.min(events.len() - 1) {
                let from = watched.changes.len();
                watched.table.reconcile(&walk, &mut |change| watched.changes.push(change));
                watched.follow(from);
            }
            watched.apply(event);
            watched.check(&model);
        }
        watched.mend(&mut model);
        assert_eq!(Shown::all(&watched.table), model.truth());
    }
}
