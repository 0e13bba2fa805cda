//! Many short processes at once: each is seen, once, with what it was given and how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::support::child::{Ended, Started, act, act_argv, unique};
use crate::support::event::{Event, none_of};
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] { every_process_is_seen }
        Host [bpf] {
            started_in_the_middle_of_a_storm,
            two_observers_see_the_same,
            everything_before_ctrl_c_is_printed,
        }
    ]
}

/// The words of one act, and how it ended.
pub(crate) type Life = (Vec<String>, Ended);

/// Runs acts from some threads, each as fast as it can, and reaps them.
pub(crate) fn run(acts: &[Vec<String>], workers: usize) -> Vec<Life> {
    run_with(acts, workers, |words| act(&words.iter().map(String::as_str).collect::<Vec<_>>()))
}

/// Runs the storm with commands of the caller's.
pub(crate) fn run_with(
    acts: &[Vec<String>],
    workers: usize,
    command: impl Fn(&[String]) -> Command + Sync,
) -> Vec<Life> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut lives = Vec::new();
        while let Some(words) = acts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let ended = Started::new(&mut command(words)).reap();
            lives.push((words.clone(), ended));
        }
        lives
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let lives = workers.into_iter().map(thread::ScopedJoinHandle::join);
        lives.flat_map(|lives| lives.expect("a worker")).collect()
    })
}

/// Acts that exit with every code there is; one in fifty uses some CPU first.
pub(crate) fn exits(token: &str, count: usize) -> Vec<Vec<String>> {
    (0..count)
        .map(|i| {
            let burn = if i % 50 == 7 { 15_000 } else { 0 };
            let words = ["exit", &(i % 256).to_string(), &format!("{token}-{i}")];
            let mut words = words.map(str::to_owned).to_vec();
            words.push(burn.to_string());
            words
        })
        .collect()
}

fn every_process_is_seen() {
    let token = unique("storm");
    let mut observed = Observed::start(&[]);
    let lives = run(&exits(&token, scaled(20_000)), 2);
    let prefix = format!("{token}-");
    settle(&mut observed, &lives);
    let stream = observed.stop();
    stream.assert_code(0);
    assert_all_seen(&lives, &stream, &prefix);
}

/// Reads until each of these has ended, as far as that is told, and one more.
fn settle(observed: &mut Observed, lives: &[Life]) {
    let us = std::process::id();
    let pids: BTreeSet<u32> = lives.iter().map(|(_, ended)| ended.pid).collect();
    observed.reach(lives.len(), |event| {
        event.is("exit") && event.parent_pid() == us && pids.contains(&event.pid())
    });
    observed.fence();
}

/// The argument by which a process of the storm is known.
pub(crate) fn storm_token<'a>(event: &'a Event, prefix: &str) -> Option<&'a str> {
    event.text("/process/command_args/4").filter(|token| token.starts_with(prefix))
}

fn assert_all_seen(lives: &[Life], stream: &Stream, prefix: &str) {
    let Found { wrong, missing } = differences(lives, stream, prefix);
    none_of(&[wrong, stream.unexplained(missing)].concat());
    stream.assert_nothing_lost();
}

/// What was told otherwise than it was, and what was not told.
#[derive(Default)]
struct Found {
    wrong: Vec<String>,
    missing: Vec<String>,
}

fn differences(lives: &[Life], stream: &Stream, prefix: &str) -> Found {
    let mut execs: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    let mut exits: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    for event in &stream.events {
        if event.is("exec")
            && let Some(token) = storm_token(event, prefix)
        {
            execs.entry(token).or_default().push(event);
        } else if event.is("exit") {
            exits.entry(event.id()).or_default().push(event);
        }
    }
    let mut found = Found::default();
    for (words, ended) in lives {
        let execs = execs.get(words[2].as_str()).map_or(&[][..], Vec::as_slice);
        found.add_life(words, ended, execs, &exits);
    }
    found
}

impl Found {
    fn add_life(
        &mut self,
        words: &[String],
        ended: &Ended,
        execs: &[&Event],
        exits: &BTreeMap<&str, Vec<&Event>>,
    ) {
        let name = format!("process {} ({})", ended.pid, words[2]);
        let exec = match execs {
            [exec] => exec,
            [] => return self.missing.push(format!("{name}: no exec event")),
            more => return self.wrong.push(format!("{name}: {} exec events", more.len())),
        };
        self.wrong.extend(differences_of_exec(words, ended, exec));
        match exits.get(exec.id()).map(Vec::as_slice) {
            Some([exit]) => self.wrong.extend(exit.differences_from(ended)),
            Some(exits) => {
                self.wrong.push(format!("{name}: {} exit events: {exits:?}", exits.len()));
            }
            None => self.missing.push(format!("{name}: no exit event with id {}", exec.id())),
        }
    }
}

fn differences_of_exec(words: &[String], ended: &Ended, exec: &Event) -> Vec<String> {
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let us = std::process::id();
    let user = u64::from(nix::unistd::geteuid().as_raw());
    let facts = [
        ("arguments", exec.arguments() == Some(act_argv(&words))),
        ("pid", exec.pid() == ended.pid),
        ("parent_pid", exec.parent_pid() == us),
        ("user", exec.number("/process/user/id") == Some(user)),
        ("real_user", exec.number("/process/real_user/id") == Some(user)),
    ];
    facts
        .into_iter()
        .filter(|(_, right)| !right)
        .map(|(what, _)| format!("process {}: {what} differs in {exec:?}", ended.pid))
        .collect()
}

/// `ready` holds under load: whatever starts after it is seen.
fn started_in_the_middle_of_a_storm() {
    let before = exits(&unique("before"), scaled(2_000));
    let token = unique("after");
    let prefix = format!("{token}-");
    let (mut observed, lives) = thread::scope(|scope| {
        scope.spawn(|| run(&before, 2));
        let observed = Observed::start(&[]);
        (observed, run(&exits(&token, scaled(500)), 2))
    });
    settle(&mut observed, &lives);
    let stream = observed.stop();
    assert_all_seen(&lives, &stream, &prefix);
}

fn two_observers_see_the_same() {
    let token = unique("two");
    let prefix = format!("{token}-");
    let both = [Observed::start(&[]), Observed::start(&[])];
    let lives = run(&exits(&token, 100), 2);
    for mut observed in both {
        settle(&mut observed, &lives);
        let stream = observed.stop();
        assert_all_seen(&lives, &stream, &prefix);
    }
}

fn everything_before_ctrl_c_is_printed() {
    let token = unique("drain");
    let observed = Observed::start(&[]);
    let lives = run(&exits(&token, 50), 2);
    let stream = observed.stop();
    assert_all_seen(&lives, &stream, &format!("{token}-"));
}
