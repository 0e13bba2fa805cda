//! A ring of one page loses events; the table finds out what it missed, and says how much.

use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use observer::Monitor;
use observer::event::What;
use observer::monitor::Update;
use observer::snapshot::Freshness;
use observer::source::RingSize;

use super::changes::Changes;
use super::copy::Copy;
use super::scene::{Storm, burst};
use super::truth::{Proc, assert_equal_within};
use crate::support::child::{Actor, act, send};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled, soon};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] { after_a_loss_the_table_is_right_again }
        Host [bpf] { a_copy_stays_right_across_losses }
    ]
}

/// The long form, of 50,000, is that of a scale of 10.
const LIVES: usize = 5_000;

fn of_one_page() -> Monitor {
    let ring = RingSize::new(4096).expect("a size");
    let builder = Monitor::builder().ring(ring).backlog(1 << 24);
    builder.start().expect("a monitor")
}

fn after_a_loss_the_table_is_right_again() {
    let monitor = of_one_page();
    let first = monitor.snapshot(Freshness::Table).expect("a snapshot");
    let mut changes = Changes::of(monitor.subscribe_from(first.token()).expect("a stream"));
    let mut copy = Copy::of(&first);
    let (mut added, mut removed) = (0, 0);
    // Chance decides what is lost: where little is, the forks and exits that matter may all arrive.
    for _ in 0..TRIES {
        let after = lose_much();
        assert_equal_within(&monitor, patience(Duration::from_secs(1)));
        let statistics = monitor.statistics().expect("numbers");
        assert!(statistics.totals.lost > 0, "nothing was lost: {statistics:?}");
        assert!(statistics.repairs > 0, "nothing was repaired: {statistics:?}");
        let last = monitor.snapshot(Freshness::Table).expect("a snapshot");
        let seen = changes.between(copy.seq, last.token().seq);
        let sums = assert_numbers_add_up(&mut copy, &seen);
        none_of(&copy.differences(&last));
        (added, removed) = (added + sums.0, removed + sums.1);
        after.dismiss();
        if added > 0 && removed > 0 {
            return;
        }
    }
    panic!("{added} added, {removed} removed: {:?}", monitor.statistics());
}

const TRIES: u32 = 20;

/// One family ends and another begins in the middle of a burst; returns the latter, of which a
/// part is orphaned.
fn lose_much() -> Actor {
    let before = Actor::new(&mut tree());
    before.hear("ready");
    thread::scope(|scope| {
        scope.spawn(|| burst(scaled(LIVES)));
        before.dismiss();
        let after = Actor::new(&mut tree());
        after.hear("ready");
        let parents = Proc::read().children(after.pid());
        send(parents[0], Signal::SIGKILL);
        after
    })
}

/// A family of many, of which the first is a subreaper.
fn tree() -> Command {
    act(&["table", "tree", "200", "reaper", "plain"])
}

/// Of each repair; returns the sums.
fn assert_numbers_add_up(copy: &mut Copy, updates: &[Arc<Update>]) -> (u64, u64) {
    let mut sums = (0, 0);
    let (mut found, mut gone) = (0, 0);
    for update in updates {
        let change = &update.change;
        let entry = change.entry.as_deref();
        match &change.event.what {
            What::Repair { added, removed } => {
                assert_eq!((*added, *removed), (found, gone), "(added, removed) of {update:?}");
                sums = (sums.0 + added, sums.1 + removed);
                (found, gone) = (0, 0);
            }
            What::Gone { .. } => gone += u64::from(change.inferred),
            // What is known better is no addition.
            What::Found { .. } if change.inferred => {
                found += u64::from(entry.is_some_and(|entry| !copy.knows(entry)));
            }
            _ if change.inferred => {}
            // What the kernel has told came ahead of the repair.
            _ => (found, gone) = (0, 0),
        }
        copy.take(update);
    }
    sums
}

/// Snapshots in the middle of it, too.
fn a_copy_stays_right_across_losses() {
    let storm = Storm::start(1000);
    let monitor = of_one_page();
    let first = monitor.snapshot(Freshness::Table).expect("a snapshot");
    let mut changes = Changes::of(monitor.subscribe_from(first.token()).expect("a stream"));
    let mut copy = Copy::of(&first);
    for _ in 0..scaled(20) {
        burst(50);
        let snapshot = monitor.snapshot(Freshness::Table).expect("a snapshot");
        copy.follow(&mut changes, &snapshot);
        none_of(&copy.differences(&snapshot));
    }
    storm.stop();
    assert!(monitor.statistics().expect("numbers").totals.lost > 0, "nothing was lost");
    // Others on this machine may fill so small a ring at any time.
    let deadline = Instant::now() + soon();
    while !monitor.snapshot(Freshness::Table).expect("a snapshot").token().complete {
        assert!(Instant::now() < deadline, "a loss waits for its repair");
        thread::sleep(Duration::from_millis(10));
    }
}
