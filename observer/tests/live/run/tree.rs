//! The report has what the command caused, each under what caused it, and nothing else.

use std::collections::BTreeSet;
use std::thread;
use std::time::Instant;

use super::command::run;
use super::document::{Document, Row};
use crate::support::child::{Actor, Started, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            one_command,
            children_of_children,
            one_that_forks_and_executes_nothing,
            programs_one_after_another,
            how_each_ended,
            offsets_and_durations,
            what_others_start_is_not_in_it,
            two_at_once_do_not_see_each_other,
            our_own_children_are_not_in_it,
            what_still_runs_at_the_end_is_said_to,
        }
        EveryKernel [bpf] { an_orphan_stays_under_who_started_it }
    ]
}

/// A script, with what it said.
fn script(text: &str) -> Document {
    let document = Document::with(&["--strict"], &["sh", "-c", text]);
    assert!(!document.answer.errors.contains("observer: "), "{:?}", document.answer);
    document
}

/// A line `NAME PID` of a script.
fn said(document: &Document, name: &str) -> u32 {
    let line = document.answer.out.lines().find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("no {name}: {:?}", document.answer));
    line.trim().parse().expect("a pid")
}

fn assert_under(document: &Document, child: Row<'_>, parent: u32) {
    let parent = document.of_pid(parent);
    assert_eq!(child.text("/because/fact"), "parent", "{child:?}");
    assert_eq!(child.text("/because/of"), parent.id(), "{child:?} under {parent:?}");
}

fn one_command() {
    let document = Document::of(&["true", "one"]);
    let rows: Vec<_> = document.rows().collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = rows[0];
    assert_eq!(row.execs(), [["true", "one"]]);
    assert_eq!(row.exit("code"), Some(0));
    assert_eq!(row.text("/role"), "command");
    assert_eq!(document.value["command"], serde_json::json!(["true", "one"]));
    assert_eq!(document.value["exit"]["code"], 0);
    assert_eq!((document.total("processes"), document.total("execs")), (1, 1));
}

fn children_of_children() {
    let document = script(
        "echo outer $$; sh -c 'echo middle $$; sh -c \"echo inner \\$\\$; /bin/true\"; exit 0'; exit 0",
    );
    let [outer, middle, inner] = ["outer", "middle", "inner"].map(|name| said(&document, name));
    assert_under(&document, document.of_pid(middle), outer);
    assert_under(&document, document.of_pid(inner), middle);
    let last = document.running(&["/bin/true"]);
    // A shell may have become it.
    if last.pid() != inner {
        assert_under(&document, last, inner);
    }
    assert!(document.pids().is_superset(&BTreeSet::from([outer, middle, inner])));
}

fn one_that_forks_and_executes_nothing() {
    let document = script("(: ; exit 7) & wait $!; echo outer $$; echo inner $!");
    let inner = document.of_pid(said(&document, "inner"));
    assert_under(&document, inner, said(&document, "outer"));
    assert!(inner.execs().is_empty(), "{inner:?}");
    assert_eq!(inner.exit("code"), Some(7));
}

fn programs_one_after_another() {
    let document = script("echo one $$; exec sh -c 'exec sh -c \"exec /bin/true last\"'");
    let row = document.of_pid(said(&document, "one"));
    let names: Vec<_> = row.execs().iter().map(|words| words[0]).collect();
    assert_eq!(names, ["sh", "sh", "sh", "/bin/true"], "{row:?}");
    assert_eq!(document.total("execs"), 4);
}

fn an_orphan_stays_under_who_started_it() {
    let document =
        script("echo outer $$; sh -c 'echo middle $$; sleep 0.3 >/dev/null 2>&1 & exit 0'; exit 0");
    let sleep = document.running(&["sleep", "0.3"]);
    assert_under(&document, sleep, said(&document, "middle"));
    assert_eq!(sleep.exit("code"), Some(0));
}

fn how_each_ended() {
    let document = script(
        "sh -c 'exit 41'; sh -c 'kill -KILL $$'; sh -c 'kill -TERM $$'; \
         sh -c 'exit 0'; exit 5",
    );
    assert_eq!(document.answer.code, Some(5));
    for (command, kind, number) in [
        ("exit 41", "code", 41),
        ("kill -KILL $$", "signal", 9),
        ("kill -TERM $$", "signal", 15),
        ("exit 0", "code", 0),
    ] {
        let row = document.running(&["sh", "-c", command]);
        assert_eq!(row.exit(kind), Some(number), "{row:?}");
    }
    assert_eq!(document.total("failures"), 4);
    assert_eq!(document.value["exit"]["code"], 5);
}

fn offsets_and_durations() {
    let begin = Instant::now();
    let document = script("sleep 0.3; sleep 0.2; exit 0");
    let took = u64::try_from(begin.elapsed().as_nanos()).expect("a short time");
    let [first, second] = ["0.3", "0.2"].map(|seconds| document.running(&["sleep", seconds]));
    let command = document.rows().find(|row| row.execs().iter().any(|words| words[0] == "sh"));
    let command = command.expect("the command");
    assert!(command.number("/start_offset_ns") < 50_000_000, "{command:?}");
    let end = |row: Row<'_>| row.number("/start_offset_ns") + row.number("/duration_ns");
    assert!(first.number("/duration_ns") >= 300_000_000, "{first:?}");
    assert!(second.number("/start_offset_ns") >= end(first), "{first:?} {second:?}");
    assert!(end(command) >= end(second) && end(command) < took, "{command:?} within {took}");
}

fn what_others_start_is_not_in_it() {
    let token = unique("beside");
    let mut actor =
        Actor::new(&mut run(&["--output", "-", "--json"], &["sh", "-c", "echo ready; read line"]));
    actor.hear("ready");
    let lives: Vec<_> =
        (0..20).map(|_| Started::new(&mut act(&["exit", "0", &token])).reap()).collect();
    actor.tell("end");
    let text = actor.hear("");
    let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    actor.dismiss();
    let pids: Vec<_> = value["processes"].as_array().expect("processes").iter().collect();
    assert_eq!(pids.len(), 1, "of {} others: {value}", lives.len());
    assert!(!text.contains(&token), "{text}");
}

fn two_at_once_do_not_see_each_other() {
    let names = ["one", "two"].map(unique);
    let documents: Vec<_> = thread::scope(|scope| {
        let runs = names.each_ref().map(|name| {
            let text = format!("for i in 1 2 3 4 5; do sh -c 'sleep 0.05; : {name}'; done; exit 0");
            scope.spawn(move || script(&text))
        });
        runs.map(|run| run.join().expect("a run")).into()
    });
    for (document, own) in documents.iter().zip(&names) {
        let text = document.value["processes"].to_string();
        let other = names.iter().find(|name| *name != own).expect("another");
        assert!(text.contains(own) && !text.contains(other), "{own}: {text}");
        assert_eq!(document.total("processes"), 11, "{text}");
    }
}

fn our_own_children_are_not_in_it() {
    let document = script("echo outer $PPID; sleep 0.1");
    let program = said(&document, "outer");
    assert!(!document.pids().contains(&program));
}

fn what_still_runs_at_the_end_is_said_to() {
    let left = "sleep 61 </dev/null >/dev/null 2>&1 & echo left $!; exit 0";
    let document = Document::with(&["--until-exit"], &["sh", "-c", left]);
    let pid = said(&document, "left");
    crate::support::child::send(pid, nix::sys::signal::Signal::SIGKILL);
    let row = document.of_pid(pid);
    assert!(row.0["process"]["exit"].is_null(), "{row:?}");
    assert_eq!(document.total("running"), 1);
}
