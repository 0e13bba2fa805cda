//! Processes of many threads: one exit each, whichever thread is last.

use std::time::Duration;

use crate::events::storm;
use crate::support::child::{Started, act, unique};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::bpf;
use crate::support::observed::Observed;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            all_race_in_exit_group,
            all_end_by_thread_exit,
            leader_ends_first,
            leader_ends_first_and_a_thread_ends_all,
            sigkill,
            fault_in_a_thread,
            exec_by_another_thread_than_the_leader,
            threads_are_not_forks,
        }
    ]
}

fn all_race_in_exit_group() {
    each_ends_once("race", 300);
}

fn all_end_by_thread_exit() {
    each_ends_once("each", 300);
}

fn leader_ends_first() {
    each_ends_once("leader-first", 300);
}

fn leader_ends_first_and_a_thread_ends_all() {
    each_ends_once("leader-first-then-group", 200);
}

fn sigkill() {
    each_ends_once("killed", 300);
}

fn fault_in_a_thread() {
    each_ends_once("fault", 100);
}

fn each_ends_once(kind: &str, count: usize) {
    let token = unique(kind);
    let acts: Vec<_> = (0..scaled(count))
        .map(|i| ["threads", kind, &format!("{token}-{i}")].map(str::to_owned).to_vec())
        .collect();
    let mut observed = Observed::start(&[]);
    let lives = storm::run(&acts, 4);
    let us = std::process::id();
    observed.reach(lives.len(), |e| e.is("exit") && e.parent_pid() == us);
    // A second exit of one of them would come with the last of its threads.
    observed.fence();
    observed.fence();
    let stream = observed.stop();
    stream.assert_nothing_lost();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for (words, ended) in &lives {
        let Some(exec) = stream.find_exec(&words[2]) else {
            missing.push(format!("process {} ({}): no exec", ended.pid, words[2]));
            continue;
        };
        let exits: Vec<_> = stream.of_kind("exit").filter(|exit| exit.id() == exec.id()).collect();
        match exits.as_slice() {
            [exit] => found.extend(exit.differences_from(ended)),
            [] => missing.push(format!("process {}: no exit", ended.pid)),
            other => found.push(format!("process {}: {} exits: {other:?}", ended.pid, other.len())),
        }
    }
    found.extend(stream.unexplained(missing));
    none_of(&found);
}

fn exec_by_another_thread_than_the_leader() {
    let count = scaled(100);
    let tokens: Vec<_> = (0..count).map(|i| unique(&format!("thread-exec-{i}"))).collect();
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let ended: Vec<_> = tokens
        .iter()
        .map(|token| {
            Started::new(&mut act(&["thread-exec", token]))
                .reap_within(patience(Duration::from_secs(5)))
        })
        .collect();
    observed.wait_for_exits(&ended);
    let stream = observed.stop();
    stream.assert_nothing_lost();
    let us = std::process::id();
    for (token, ended) in tokens.iter().zip(&ended) {
        let execs = stream.of_pid("exec", ended.pid, us);
        let told = |word: &str| execs.iter().filter(|e| e.has_argument(word)).count();
        assert_eq!(execs.len(), 2, "execs of process {}: {execs:?}", ended.pid);
        assert_eq!(told("thread-exec"), 1, "first exec of {}: {execs:?}", ended.pid);
        assert_eq!(told("exit"), 1, "second exec of {}: {execs:?}", ended.pid);
        assert!(execs[1].has_argument(token), "arguments of {:?}", execs[1]);
        assert_eq!(execs[0].id(), execs[1].id(), "identity across the exec");
        none_of(&stream.exit_of(execs[1]).differences_from(ended));
        let forks = stream.of_pid("fork", ended.pid, us);
        assert_eq!(forks.len(), 1, "forks of {}: {forks:?}", ended.pid);
        assert_eq!(forks[0].id(), execs[0].id(), "identity since the fork");
    }
}

fn threads_are_not_forks() {
    let token = unique("threads");
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let ended = Started::new(&mut act(&["threads", "each", &token])).reap();
    observed.fence();
    observed.wait_for_exits(std::slice::from_ref(&ended));
    let stream = observed.stop();
    let exec = stream.exec_with(&token);
    let children: Vec<_> =
        stream.of_kind("fork").filter(|fork| fork.creator_pid() == ended.pid).collect();
    assert!(children.is_empty(), "threads told as forks: {children:?}");
    let same: Vec<_> = stream.of_kind("fork").filter(|e| e.id() == exec.id()).collect();
    assert_eq!(same.len(), 1, "forks of process {}: {same:?}", ended.pid);
}
