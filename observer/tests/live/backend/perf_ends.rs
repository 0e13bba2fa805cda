//! How processes ended, by tracepoints: as `wait4` has it.

use std::time::Duration;

use nix::sys::signal::Signal;

use crate::events::storm;
use crate::support::child::{Actor, Ended, Started, act, unique};
use crate::support::event::{Death, Event, none_of};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::perf;
use crate::support::observed::{Observed, Stream};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            codes_and_signals,
            signals_that_do_not_end_it,
            a_signal_from_another,
            many_threads,
            threads_that_race,
            a_program_run_by_another_thread,
            the_end_of_a_pid_namespace,
        }
    ]
}

pub(super) const PERF: [&str; 4] = ["--backend", "perf", "-e", "fork,exec,exit"];

/// `code 3` or `signal 9`.
pub(super) fn told_end(exit: &Event) -> String {
    let number = |name: &str| exit.number(&format!("/process/exit/{name}"));
    match (number("code"), number("signal")) {
        (Some(code), None) => format!("code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        _ => format!("unknown: {exit:?}"),
    }
}

pub(super) fn true_end(status: i32) -> String {
    match Death::of_status(status) {
        Death::Code(code) => format!("code {code}"),
        Death::Signal { number, .. } => format!("signal {number}"),
    }
}

/// Starts each of these acts, and compares the ends that are reported with what `wait4` says.
fn check(acts: &[Vec<String>]) -> (Stream, Vec<Ended>) {
    let mut observed = Observed::start(&PERF);
    let within = patience(Duration::from_secs(5));
    let start = |words: &Vec<String>| {
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        Started::new(&mut act(&words)).reap_within(within)
    };
    let ended: Vec<_> = acts.iter().map(start).collect();
    observed.wait_for_exits(&ended);
    let stream = observed.stop();
    stream.assert_nothing_lost();
    let differences = acts.iter().zip(&ended).filter_map(|(words, ended)| {
        let words = words.join(" ");
        difference(&stream, ended).map(|difference| format!("{words}: {difference}"))
    });
    none_of(&differences.collect::<Vec<_>>());
    (stream, ended)
}

fn difference(stream: &Stream, ended: &Ended) -> Option<String> {
    let truth = true_end(ended.status);
    match stream.of_pid("exit", ended.pid, std::process::id()).as_slice() {
        [exit] => {
            let told = told_end(exit);
            (told != truth).then(|| format!("{told}, should be {truth}"))
        }
        exits => Some(format!("{} exits: {exits:?}", exits.len())),
    }
}

fn words(lists: &[&[&str]]) -> Vec<Vec<String>> {
    lists.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect()
}

fn codes_and_signals() {
    let mut acts = words(&[&["exit", "0"], &["exit", "1"], &["exit", "77"], &["exit", "255"]]);
    for name in [
        "SIGKILL", "SIGTERM", "SIGSEGV", "SIGHUP", "SIGINT", "SIGQUIT", "SIGILL", "SIGTRAP",
        "SIGABRT", "SIGBUS", "SIGFPE", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGXCPU",
        "SIGSYS",
    ] {
        acts.push(["die", name].map(str::to_owned).to_vec());
    }
    check(&acts);
}

fn signals_that_do_not_end_it() {
    check(&words(&[
        &["backend", "handled"],
        &["backend", "blocked"],
        &["backend", "blocked-and-killed"],
        &["backend", "late"],
        &["backend", "forbidden"],
    ]));
}

fn a_signal_from_another() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGQUIT] {
        let mut observed = Observed::start(&PERF);
        let actor = Actor::new(&mut act(&["pause", &unique("other")]));
        actor.hear("ready");
        actor.started.signal(signal);
        let ended = actor.dismiss();
        observed.wait_for_exits(std::slice::from_ref(&ended));
        assert_eq!(difference(&observed.stop(), &ended), None, "{signal}");
    }
}

fn many_threads() {
    let mut found = Vec::new();
    for kind in ["leader-first-then-group", "killed", "fault"] {
        found.extend(differences_of_threads(kind).into_iter().map(|(difference, _)| difference));
    }
    none_of(&found);
    check(&words(&[&["backend", "one-by-one"]]));
}

/// Which of them the kernel took for the first or the last one no tracepoint tells: if they do not
/// say the same, nothing is told rather than something wrong.
fn threads_that_race() {
    let mut found = Vec::new();
    for kind in ["race", "each", "leader-first"] {
        found.extend(differences_of_threads(kind));
    }
    let wrong = found.into_iter().filter(|(_, exit)| exit.field("/process/exit").is_some());
    none_of(&wrong.map(|(difference, _)| difference).collect::<Vec<_>>());
}

/// Of processes of eight threads that end in this way.
fn differences_of_threads(kind: &str) -> Vec<(String, Event)> {
    let token = unique(kind);
    let acts: Vec<_> = (0..scaled(40))
        .map(|i| ["threads", kind, &format!("{token}-{i}")].map(str::to_owned).to_vec())
        .collect();
    let mut observed = Observed::start(&PERF);
    let lives = storm::run(&acts, 2);
    let ended: Vec<_> = lives.into_iter().map(|(_, ended)| ended).collect();
    observed.wait_for_exits(&ended);
    let stream = observed.stop();
    stream.assert_nothing_lost();
    let us = std::process::id();
    let differences = ended.iter().filter_map(|ended| {
        let exit = (*stream.of_pid("exit", ended.pid, us).first()?).clone();
        Some((format!("{kind}: {}", difference(&stream, ended)?), exit))
    });
    differences.collect()
}

fn a_program_run_by_another_thread() {
    let acts: Vec<_> = (0..scaled(20))
        .map(|i| ["thread-exec", &unique(&format!("thread-{i}"))].map(str::to_owned).to_vec())
        .collect();
    let (stream, ended) = check(&acts);
    let us = std::process::id();
    for ended in &ended {
        let [forks, execs, exits] =
            ["fork", "exec", "exit"].map(|kind| stream.of_pid(kind, ended.pid, us));
        assert_eq!((forks.len(), execs.len()), (1, 2), "process {}: {execs:?}", ended.pid);
        let ids = [forks[0].id(), execs[0].id(), execs[1].id(), exits[0].id()];
        assert!(ids.iter().all(|id| *id == ids[0]), "one life, told as {ids:?}");
    }
}

fn the_end_of_a_pid_namespace() {
    let mut observed = Observed::start(&PERF);
    let actor = Actor::new(&mut act(&["backend", "namespace"]));
    let first = actor.hear_number("child");
    let ended = actor.dismiss();
    observed.wait_for_exits(std::slice::from_ref(&ended));
    let stream = observed.stop();
    let told = |exit: &Event| told_end(exit);
    let firsts = stream.of_pid("exit", first, ended.pid);
    assert_eq!(firsts.into_iter().map(told).collect::<Vec<_>>(), ["code 3"]);
    let inner = stream.of_kind("fork").find(|fork| fork.creator_pid() == first).expect("a fork");
    assert_eq!(told(stream.exit_of(inner)), "signal 9");
}
