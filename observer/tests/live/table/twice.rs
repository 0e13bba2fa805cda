//! A pid that is given again at once: two lives in one clock tick are two lives.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::process::ExitCode;

use observer::event::{ProcessKey, Status, What};
use observer::snapshot::Freshness;

use super::changes::Changes;
use super::monitor;
use super::truth::TICK_NS;
use crate::ps::calls::fork_as;
use crate::support::act::{fork_here, reap, say, wait_for_word};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::bpf;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] { lives_in_one_tick_are_counted }
    ]
}

/// So many lives of each pid, one right after another.
const LIVES: u8 = 4;

/// Gives pids again and again; says which.
pub(super) fn perform(count: usize) -> ExitCode {
    say("ready");
    wait_for_word();
    for _ in 0..count {
        let pid = fork_here().unwrap_or_else(|| live(0));
        reap(pid);
        let given = (1..LIVES).take_while(|life| match fork_as(pid) {
            Ok(None) => live(*life),
            Ok(Some(again)) => reap(again) == ExitCode::SUCCESS,
            // Somebody else has it now.
            Err(_) => false,
        });
        let given = 1 + given.count();
        say(&format!("given {given} {pid}"));
    }
    say("end");
    while wait_for_word().is_some() {}
    ExitCode::SUCCESS
}

fn live(life: u8) -> ! {
    let name = CString::new(format!("life-{life}")).expect("no NUL");
    sys::name_thread(&name).expect("a name");
    sys::end_process(life.into())
}

/// One life, as the changes tell it.
#[derive(Debug, Default)]
struct Told {
    ordinals: Vec<u32>,
    names: Vec<String>,
    codes: Vec<Option<Status>>,
}

fn lives_in_one_tick_are_counted() {
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    let mut actor = Actor::new(&mut act(&["table", "twice", &scaled(200).to_string()]));
    actor.hear("ready");
    actor.tell("go");
    let given: Vec<_> = std::iter::from_fn(|| {
        let line = actor.hear("");
        let mut words = line.split(' ').skip(1).map(|word| word.parse::<u32>().expect("a number"));
        Some((words.next()?, words.next()?))
    })
    .collect();
    monitor.snapshot(Freshness::Table).expect("a snapshot");
    changes.drain();
    let told = told(&changes, actor.pid());
    let lives: u32 = given.iter().map(|(lives, _)| lives).sum();
    assert_eq!(told.len(), lives as usize, "lives");
    let mut in_a_tick: BTreeMap<(u32, u64), u32> = BTreeMap::new();
    for (key, told) in &told {
        let ordinal = in_a_tick.entry((key.pid, key.start_ns / TICK_NS)).or_default();
        *ordinal += 1;
        assert!(told.ordinals.iter().all(|life| life == ordinal), "{ordinal} of {key:?}: {told:?}");
        assert_eq!(told.names.len(), 1, "names of {key:?}: {told:?}");
        let code = told.names[0].strip_prefix("life-").and_then(|life| life.parse().ok());
        assert_eq!(
            told.codes,
            [Some(Status::Code(code.expect("a number")))],
            "of {key:?}: {told:?}"
        );
    }
    let twice = in_a_tick.values().filter(|lives| **lives > 1).count();
    assert!(twice > 0, "no pid lived twice in a tick: {given:?}");
    actor.dismiss();
}

/// What was reported about the children of a process, by life.
fn told(changes: &Changes, parent: u32) -> BTreeMap<ProcessKey, Told> {
    let mut found: BTreeMap<ProcessKey, Told> = BTreeMap::new();
    for update in &changes.seen {
        let Some(entry) = &update.change.entry else { continue };
        if entry.process.parent.is_none_or(|key| key.pid != parent) {
            continue;
        }
        let life = found.entry(entry.process.key).or_default();
        life.ordinals.push(entry.life);
        match &update.change.event.what {
            What::Rename { process, .. } => {
                life.names.push(String::from_utf8_lossy(process.comm.as_bytes()).into_owned());
            }
            What::Exit { status, .. } => life.codes.push(*status),
            _ => {}
        }
    }
    found
}
