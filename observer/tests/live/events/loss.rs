//! A ring too small for a storm: what is lost is counted, told at its place, and no more than that.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::events::storm;
use crate::support::child::{Actor, act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            a_ring_of_one_page,
            an_argument_list_larger_than_the_ring,
        }
        Host [bpf] {
            strict_tells_by_the_exit_status,
            strict_without_loss,
        }
    ]
}

/// A storm under a ring of one page, with a pause of the reader so that loss is certain.
fn storm_on_one_page(arguments: &[&str]) -> Stream {
    let token = unique("loss");
    let mut observed = Observed::start(&[&["--ring", "4096"], arguments].concat());
    let acts = storm::exits(&token, scaled(5_000));
    let third = acts.len().div_ceil(3);
    storm::run(&acts[..third], 4);
    observed.signal(Signal::SIGSTOP);
    storm::run(&acts[third..2 * third], 4);
    observed.signal(Signal::SIGCONT);
    storm::run(&acts[2 * third..], 4);
    thread::sleep(Duration::from_millis(500));
    calm(&mut observed);
    observed.stop()
}

/// The stream goes on after the storm: of some quiet processes at least the last is seen.
fn calm(observed: &mut Observed) {
    let last = unique("calm");
    for i in 0..5 {
        let words = ["exit", "0", if i == 4 { &last } else { "calm" }];
        crate::support::child::Started::new(&mut act(&words)).reap();
        thread::sleep(Duration::from_millis(200));
    }
    observed.wait_for("exec after the storm", |e| e.is("exec") && e.has_argument(&last));
}

fn a_ring_of_one_page() {
    let stream = storm_on_one_page(&[]);
    stream.assert_code(0);
    stream.assert_balanced();
    let bye = stream.bye();
    assert!(bye.expect_number("/lost") > 0, "nothing was lost: {bye:?}");
    let lines = stream.events.iter().filter(|e| e.is_of_process()).count() as u64;
    assert_eq!(bye.number("/delivered"), Some(lines), "delivered, no filters: {bye:?}");
    let lost = |event: &Event| event.is("lost");
    let of_process = |event: &Event| event.is_of_process();
    let first_lost = stream.events.iter().position(lost).expect("a lost event");
    let first = stream.events.iter().position(of_process).expect("an event");
    let last = stream.events.iter().rposition(of_process).expect("an event");
    assert!(
        (first..last).contains(&first_lost),
        "the first gap stands at line {first_lost}, events from {first} to {last}"
    );
    for event in stream.of_kind("lost") {
        assert!(event.expect_number("/count") > 0, "an empty gap: {event:?}");
        // What the kernel skipped is found in counters of a program, which name no CPU.
        let is_skip = event.text("/where") == Some("skipped");
        assert!(is_skip || event.number("/cpu").is_some(), "no CPU in {event:?}");
    }
    assert_told_in_the_storm(&stream, &stream.events[..last]);
}

/// Gaps of the storm are told in the storm, not when all is over. Others on this machine may fill
/// so small a ring at any time, also at the very end.
fn assert_told_in_the_storm(stream: &Stream, before_the_last: &[Event]) {
    let calm = |event: &Event| event.is("exec") && event.has_argument("calm");
    let end = before_the_last.iter().position(calm).expect("an exec after the storm");
    let gaps = before_the_last[..end].iter().filter(|event| event.is("lost"));
    let told: u64 = gaps.map(|event| event.expect_number("/count")).sum();
    let lost = stream.bye().expect_number("/lost");
    assert!(told > lost / 2, "{told} of {lost} lost events were told before the storm was over");
}

fn strict_tells_by_the_exit_status() {
    let stream = storm_on_one_page(&["--strict"]);
    stream.assert_balanced();
    assert!(stream.bye().expect_number("/lost") > 0, "nothing was lost");
    stream.assert_code(3);
}

fn strict_without_loss() {
    let mut observed = Observed::start(&["--strict"]);
    observed.fence();
    let stream = observed.stop();
    stream.assert_nothing_lost();
    stream.assert_code(0);
}

/// The event cannot be whole, but its process is never simply absent: either it is told that the
/// arguments are cut, or the gap stands where the exec would.
fn an_argument_list_larger_than_the_ring() {
    let large = "x".repeat(100_000);
    let told = (0..ATTEMPTS).find_map(|_| large_exec(&large));
    let Some((stream, pid, cpu)) = told else {
        panic!("others fill so small a ring all the time");
    };
    let us = std::process::id();
    let Some(exec) = stream.of_pid("exec", pid, us).first().copied() else {
        let at = |kind| stream.events.iter().position(|e| e.is(kind) && e.pid() == pid);
        let [Some(fork), Some(exit)] = ["fork", "exit"].map(at) else { panic!("both were told") };
        let is_its = |event: &Event| event.is("lost") && event.number("/cpu") == Some(cpu);
        let between = &stream.events[fork..exit];
        assert!(between.iter().any(is_its), "no gap of CPU {cpu} for the exec: {between:?}");
        return;
    };
    let size = exec.expect_number("/process/args_size");
    assert!(size > 100_000, "args_size of {exec:?}");
    let whole = exec.has_argument(&large);
    let marked = exec.field("/process/args_truncated") == Some(&true.into());
    assert!(whole != marked, "arguments whole: {whole}, marked as cut: {marked}");
}

/// Others on this machine may fill the ring just when it matters.
const ATTEMPTS: usize = 10;

/// The stream around one process with these arguments, its pid, and the CPU on which it stays: what is
/// lost on one is told ahead of the next record of that CPU. `None` if its fork or its exit were lost.
fn large_exec(large: &str) -> Option<(Stream, u32, u64)> {
    let observed = Observed::start(&["--ring", "4096", "-e", "fork,exec,exit"]);
    let cpu = sys::current_cpu();
    let mut command = act(&["pause", large]);
    sys::before_exec(&mut command, move || sys::stay_on(cpu));
    let actor = Actor::new(&mut command);
    actor.hear("ready");
    // What there is of it has been read by then, so that there is room for the exit.
    thread::sleep(Duration::from_millis(100));
    let pid = actor.dismiss().pid;
    thread::sleep(Duration::from_millis(100));
    let stream = observed.stop();
    stream.assert_balanced();
    let us = std::process::id();
    let are_told = ["fork", "exit"].iter().all(|kind| !stream.of_pid(kind, pid, us).is_empty());
    are_told.then(|| (stream, pid, u64::try_from(cpu).expect("a CPU")))
}
