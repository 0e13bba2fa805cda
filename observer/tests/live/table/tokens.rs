//! A token that cannot be gone on from says so, and so does a stream with a gap.

use std::thread;
use std::time::{Duration, Instant};

use observer::monitor::Told;
use observer::snapshot::Freshness;
use observer::{Error, Monitor};

use super::monitor;
use super::scene::burst;
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            too_old,
            of_another_monitor,
            a_slow_reader_is_told_what_it_missed,
        }
    ]
}

fn too_old() {
    let monitor = Monitor::builder().history(100).start().expect("a monitor");
    let old = monitor.snapshot(Freshness::Table).expect("a snapshot");
    monitor.subscribe_from(old.token()).expect("a stream from a young token");
    burst(200);
    let deadline = Instant::now() + soon();
    while monitor.statistics().expect("numbers").changes < old.token().seq + 300 {
        assert!(Instant::now() < deadline, "200 lives are more than 300 changes");
        thread::sleep(Duration::from_millis(5));
    }
    let refused = monitor.subscribe_from(old.token());
    assert!(matches!(refused, Err(Error::StaleToken(_))), "{refused:?}");
    let new = monitor.snapshot(Freshness::Table).expect("a snapshot");
    monitor.subscribe_from(new.token()).expect("a stream from a new token");
}

fn of_another_monitor() {
    let (one, other) = (monitor(), monitor());
    let token = one.snapshot(Freshness::Table).expect("a snapshot");
    let refused = other.subscribe_from(token.token());
    assert!(matches!(refused, Err(Error::StaleToken(_))), "{refused:?}");
    let mut forged = token.token().clone();
    forged.seq += 1 << 40;
    let refused = one.subscribe_from(&forged);
    assert!(matches!(refused, Err(Error::StaleToken(_))), "from the future: {refused:?}");
}

fn a_slow_reader_is_told_what_it_missed() {
    const BACKLOG: usize = 10;
    let monitor = Monitor::builder().backlog(BACKLOG).start().expect("a monitor");
    let mut stream = monitor.subscribe();
    burst(100);
    // All that is on its way has arrived with the answer.
    monitor.snapshot(Freshness::Table).expect("a snapshot");
    let mut next = None;
    for _ in 0..BACKLOG {
        let Told::Update(update) = stream.recv().expect("a change") else { panic!("too early") };
        assert!(next.is_none_or(|next| next == update.seq), "{update:?} in place of {next:?}");
        next = Some(update.seq + 1);
    }
    let told = stream.recv().expect("a gap");
    let Told::Missed(missed) = told else { panic!("no gap: {told:?}") };
    assert!(missed > 100, "{missed} missed");
    burst(10);
    let Told::Update(update) = stream.recv().expect("a change") else { panic!("another gap") };
    assert_eq!(next.map(|next| next + missed), Some(update.seq), "numbers across the gap");
}
