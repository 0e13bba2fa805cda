//! How a stream ends: told, by a number, by time, with nobody reading, with what it watched; and
//! what is lost.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use super::{trace, traced};
use crate::support::child::{Actor, Started, act};
use crate::support::event::{Event, none_of};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::perf;
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [perf] {
            signals_end_it_in_order,
            a_number_ends_it,
            a_duration_ends_it,
            nobody_reading_ends_it,
            the_end_of_the_process_ends_it,
        }
        EveryKernel [perf] {
            a_sum_of_time_fires_once_at_a_time,
        }
        Host [perf] { losses_stand_at_their_place }
    ]
}

fn signals_end_it_in_order() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let mut observed = traced(&["sched:sched_switch"]);
        observed.wait_for_count("switches", 10, |event| event.is("sched:sched_switch"));
        let stream = observed.stop_by(signal);
        stream.assert_code(0);
        stream.assert_nothing_lost();
        let totals = stream.errors.lines().last().unwrap_or_default();
        assert!(totals.contains(" printed (of ") && totals.ends_with("; 0 lost)"), "{totals}");
    }
}

fn a_number_ends_it() {
    for count in [1_usize, 100] {
        let observed = traced(&["sched:sched_switch", "-n", &count.to_string()]);
        let stream = observed.finish(patience(Duration::from_secs(5)));
        stream.assert_code(0);
        stream.assert_balanced();
        assert_eq!(stream.of_kind("sched:sched_switch").count(), count);
    }
}

fn a_duration_ends_it() {
    let began = Instant::now();
    let stream = traced(&["sched:sched_process_exec", "--for", "1s"])
        .finish(patience(Duration::from_secs(3)));
    stream.assert_code(0);
    assert!(began.elapsed() >= Duration::from_millis(990), "ended after {:?}", began.elapsed());
}

fn nobody_reading_ends_it() {
    let mut command = trace(&["sched:sched_switch", "--json"]);
    let mut started = Started::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let mut out = started.child.stdout.take().expect("a pipe");
    out.read_exact(&mut [0; 100]).expect("a beginning");
    drop(out);
    let ended = started.reap();
    assert_eq!(ended.status, 0, "status of one whose reader has gone");
    // One that has nothing to write notices as well.
    let mut command = trace(&["sched:sched_process_hang", "--json"]);
    let mut started = Started::new(command.stdout(Stdio::piped()).stderr(Stdio::null()));
    let mut out = started.child.stdout.take().expect("a pipe");
    out.read_exact(&mut [0; 80]).expect("hello");
    drop(out);
    assert_eq!(started.reap().status, 0, "status of a quiet one");
}

/// The call that it ends with.
const EXIT_GROUP: u64 = libc::SYS_exit_group.cast_unsigned();

fn the_end_of_the_process_ends_it() {
    let actor = Actor::new(&mut act(&["trace", "work"]));
    actor.hear("ready");
    let pid = actor.pid().to_string();
    let observed = traced(&["raw_syscalls:sys_enter", "sched:sched_switch", "-p", &pid]);
    actor.dismiss();
    let stream = observed.finish(patience(Duration::from_secs(3)));
    stream.assert_code(0);
    stream.assert_nothing_lost();
    let exit = |event: &&Event| event.number("/fields/id") == Some(EXIT_GROUP);
    assert_eq!(
        stream.of_kind("raw_syscalls:sys_enter").filter(exit).count(),
        1,
        "{:?}",
        stream.events
    );
    let others = stream.events.iter().find(|event| {
        event.is_of_process() && event.number("/pid").is_some_and(|other| other.to_string() != pid)
    });
    assert!(others.is_none(), "not of that process: {others:?}");
}

/// A reader that is stopped loses what its small ring has no room for.
fn losses_stand_at_their_place() {
    let mut observed = traced(&["raw_syscalls:sys_enter", "--ring", "4096", "--strict"]);
    observed.signal(Signal::SIGSTOP);
    for _ in 0..200 {
        Started::new(&mut act(&["exit", "0"])).reap();
    }
    observed.signal(Signal::SIGCONT);
    observed.wait_for("lost", |event| event.is("lost"));
    let stream = observed.stop();
    stream.assert_code(3);
    stream.assert_balanced();
    let lost = stream.of_kind("lost").next().expect("a loss");
    assert!(lost.number("/cpu").is_some() && lost.number("/boot_ns").is_some(), "{lost:?}");
    let times: Vec<_> = stream.events.iter().filter_map(|event| event.number("/boot_ns")).collect();
    assert!(times.is_sorted(), "the stream goes back in time");
    let (status, _, errors) = output(
        &mut trace(&["sched:sched_process_hang", "--for", "100ms", "--strict"]),
        patience(Duration::from_secs(3)),
    );
    assert_eq!(status.code(), Some(0), "nothing was lost: {errors}");
}

/// The kernel adds nanoseconds to this event's count, and would leave a record for each.
fn a_sum_of_time_fires_once_at_a_time() {
    const RUNTIME: &str = "sched:sched_stat_runtime";
    let mut observed = traced(&[RUNTIME]);
    observed.wait_for_count("turns on a CPU", 100, |event| event.is(RUNTIME));
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    let key = |event: &Event| {
        let [cpu, time] = ["/cpu", "/boot_ns"].map(|name| event.expect_number(name));
        (cpu, time, event.number("/fields/pid"))
    };
    let mut seen = BTreeSet::new();
    let again = stream.of_kind(RUNTIME).filter(|event| !seen.insert(key(event)));
    let again: Vec<_> = again.map(|event| format!("{event:?}")).collect();
    none_of(&again);
}
