//! Monitors that begin in the middle of a storm know everybody who is there a second later.

use std::collections::VecDeque;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use observer::Monitor;

use super::monitor;
use super::scene::Storm;
use super::truth::{Proc, assert_equal_within, lasting_differences};
use crate::support::child::{Actor, act, send};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] { begun_in_a_storm }
        Host [bpf] { begun_while_many_are_on_their_way_out }
    ]
}

const LATER: Duration = Duration::from_secs(1);
/// So many live side by side, so that not every second is waited for alone.
const SIDE_BY_SIDE: usize = 6;

fn begun_in_a_storm() {
    let storm = Storm::start(1000);
    let mut begun = VecDeque::new();
    let mut wrong = Vec::new();
    let starts = scaled(50);
    for _ in 0..starts {
        begun.push_back((monitor(), Instant::now()));
        if begun.len() >= SIDE_BY_SIDE {
            wrong.extend(begun.pop_front().map(check).unwrap_or_default());
        }
    }
    wrong.extend(begun.into_iter().flat_map(check));
    let given = storm.stop() as usize;
    assert!(given > starts * 10, "{given} lives are no storm");
    none_of(&wrong);
}

/// Those have told their end before anybody listened, and are seen to run still.
fn begun_while_many_are_on_their_way_out() {
    for _ in 0..scaled(10) {
        let family = Actor::new(&mut act(&["table", "tree", "1000", "plain", "init", "plain"]));
        family.hear("ready");
        // With the first process of a pid namespace all others in there end.
        send(Proc::read().children(family.pid())[0], Signal::SIGKILL);
        let monitors: Vec<Monitor> = (0..3).map(|_| monitor()).collect();
        for monitor in &monitors {
            assert_equal_within(monitor, patience(LATER));
        }
    }
}

fn check((monitor, begun): (Monitor, Instant)) -> Vec<String> {
    thread::sleep(LATER.saturating_sub(begun.elapsed()));
    lasting_differences(&monitor)
}
