//! What holds of every history, also of one that was shuffled, doubled and lost in part.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    event::{Event, What},
    table::{Change, Table, model},
};

/// The changes that a table makes of a history.
fn changes(events: Vec<Event>) -> Vec<Change> {
    let mut table = Table::new(model::TICK_NS, 0);
    let mut changes = Vec::new();
    for event in events {
        table.apply(event, &mut |change| changes.push(change));
    }
    changes
}

/// A set of the first process that was forked.
fn set_of(changes: &[Change]) -> Option<CausalSet> {
    let fork = changes.iter().find_map(|change| match &change.event.what {
        What::Fork { process, .. } => Some(process.key),
        _ => None,
    })?;
    let mut set = CausalSet::of_command(fork.pid, fork.start_ns);
    for change in changes {
        set.apply(change);
    }
    set.conclude(u64::MAX);
    Some(set)
}

fn assert_holds_together(set: &CausalSet) {
    let keys: Vec<_> = set.processes().map(|caused| caused.process.key).collect();
    let once: BTreeSet<_> = keys.iter().copied().collect();
    assert_eq!(keys.len(), once.len(), "each once");
    let drawn = set.tree().into_iter().filter_map(|branch| match branch.item {
        Item::Process(caused) => Some(caused.process.key),
        Item::Container(_) => None,
    });
    assert_eq!(drawn.collect::<BTreeSet<_>>(), once, "all are in the tree");
    let running = set.processes().filter(|caused| caused.end.is_none()).count();
    assert_eq!(set.running(), running);
    let command = set.command().map(|command| command.process.key);
    for caused in set.processes().filter(|caused| Some(caused.process.key) != command) {
        let Cause::Process(of) = caused.because.of else { panic!("no engine was there") };
        assert!(once.contains(&of), "{:?} hangs on nothing", caused.process.key);
    }
}

proptest! {
    #[test]
    fn every_set_holds_together(actions in model::actions()) {
        let history = model::history(&actions);
        if let Some(set) = set_of(&changes(history)) {
            assert_holds_together(&set);
        }
    }

    #[test]
    fn and_so_does_one_of_a_torn_history(
        actions in model::actions(),
        torn in prop::collection::vec(any::<(u8, u8)>(), 0..40),
    ) {
        let mut history = model::history(&actions);
        for (from, to) in torn {
            if history.is_empty() {
                break;
            }
            let [from, to] = [from, to].map(|index| usize::from(index) % history.len());
            let event = history.remove(from);
            if from % 3 > 0 {
                history.insert(to.min(history.len()), event);
            }
        }
        if let Some(set) = set_of(&changes(history)) {
            assert_holds_together(&set);
        }
    }
}
