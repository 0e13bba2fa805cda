//! A snapshot and the changes since are the next snapshot.

use std::thread;
use std::time::Duration;

use observer::snapshot::Freshness;

use super::changes::Changes;
use super::copy::Copy;
use super::monitor;
use super::scene::{Random, Storm};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            random_cuts_under_a_storm,
            random_begins_under_a_storm,
        }
    ]
}

const CUTS: usize = 500;

/// One copy, compared again and again.
fn random_cuts_under_a_storm() {
    let storm = Storm::start(2000);
    let monitor = monitor();
    let first = monitor.snapshot(Freshness::Table).expect("a snapshot");
    let mut copy = Copy::of(&first);
    let mut changes = Changes::of(monitor.subscribe_from(first.token()).expect("a stream"));
    let mut random = Random(1);
    for _ in 0..scaled(CUTS) {
        thread::sleep(Duration::from_micros(random.below(10_000)));
        let snapshot = monitor.snapshot(freshness(&mut random)).expect("a snapshot");
        copy.follow(&mut changes, &snapshot);
        none_of(&copy.differences(&snapshot));
    }
    assert!(copy.seq > first.token().seq + 100, "{} changes are no storm", copy.seq);
    storm.stop();
}

/// A new copy each time, from a snapshot that is some moments old.
fn random_begins_under_a_storm() {
    let storm = Storm::start(2000);
    let monitor = monitor();
    let mut random = Random(2);
    for _ in 0..scaled(CUTS / 5) {
        let first = monitor.snapshot(freshness(&mut random)).expect("a snapshot");
        thread::sleep(Duration::from_micros(random.below(20_000)));
        let mut changes = Changes::of(monitor.subscribe_from(first.token()).expect("a stream"));
        thread::sleep(Duration::from_micros(random.below(20_000)));
        let snapshot = monitor.snapshot(freshness(&mut random)).expect("a snapshot");
        let mut copy = Copy::of(&first);
        copy.follow(&mut changes, &snapshot);
        none_of(&copy.differences(&snapshot));
    }
    storm.stop();
}

fn freshness(random: &mut Random) -> Freshness {
    match random.below(8) {
        0 => Freshness::Refreshed,
        1 => Freshness::Reread,
        _ => Freshness::Table,
    }
}
