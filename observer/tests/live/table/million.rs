//! Very many lives pass through the table, and leave nothing behind.

use std::fs;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use observer::Monitor;

use super::calls;
use super::scene::burst;
use super::truth::assert_equal_within;
use crate::support::act::{say, wait_for_word};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, patience, scaled};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] { many_lives_leave_nothing_behind }
    ]
}

/// The long form, of a million, is that of a scale of 100.
const LIVES: usize = 10_000;
const GRACE: Duration = Duration::from_millis(500);

/// The monitor is in a process of its own, whose memory nobody else uses.
fn many_lives_leave_nothing_behind() {
    let count = scaled(LIVES);
    let mut command = act(&["table", "million", &count.to_string()]);
    if in_guest() {
        // It has tests in it, which need the patience.
        command.env("OBSERVER_GUEST", "1");
    }
    let mut actor = Actor::new(&mut command);
    let micros = u32::try_from(count).expect("a count");
    let within = patience(Duration::from_secs(10) + Duration::from_micros(600) * micros);
    let mut resident = Vec::new();
    while !is_level(&resident) {
        assert!(resident.len() < 5, "KiB after each {count} lives: {resident:?}");
        if !resident.is_empty() {
            actor.tell("go");
        }
        actor.hear_within("ready", within);
        resident.push(actor.hear_number("resident"));
    }
    actor.tell("end");
    actor.dismiss();
}

/// Whether memory is where it was a rush before. What lives leave behind grows with every rush; what
/// the allocator and the ring hold grows until the worst rush has been.
fn is_level(resident: &[u32]) -> bool {
    let mut pairs = resident.windows(2);
    pairs.any(|pair| f64::from(pair[1]) < f64::from(pair[0]) * 1.05)
}

pub(super) fn perform(count: usize) -> ExitCode {
    // Kept changes are memory too: as much of it before as after.
    let builder = Monitor::builder().grace(GRACE).history(1000);
    let monitor = builder.start().expect("a monitor");
    pass(&monitor, count.max(2000));
    while wait_for_word().is_some_and(|word| word == "go") {
        pass(&monitor, count);
    }
    ExitCode::SUCCESS
}

fn pass(monitor: &Monitor, count: usize) {
    burst(count);
    // The dead are remembered for a second at least.
    thread::sleep(GRACE + Duration::from_millis(1500));
    assert_equal_within(monitor, patience(Duration::from_secs(1)));
    calls::give_back_memory();
    say("ready");
    say(&format!("resident {}", resident_kib()));
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.expect("VmRSS").parse().expect("a number")
}
