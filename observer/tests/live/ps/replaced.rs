//! A process that becomes another program, and a pid that becomes another process, while they are
//! read.
//!
//! Files of /proc are read one after the other, so the name may be that of a program and the
//! arguments those of the next: both were true, one a moment after the other. What must hold is
//! that each value is wholly one program's, and that a row is wholly one life's.

use std::collections::BTreeSet;
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::act::{LONG_ARGUMENTS, TURNS, group_of, long_argument};
use super::snapshot::{Row, Snapshot};
use crate::support::child::{Actor, Started, act, program, quiet_act};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::root;
use crate::support::program::observer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] { programs_that_take_turns_are_never_mixed }
        Host [root] { lives_that_take_turns_are_never_mixed }
    ]
}

/// A folder in which this program has a name for each turn.
fn programs() -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for name in TURNS {
        symlink(program(), folder.path().join(name)).expect("a link");
    }
    folder
}

/// Names one process so many times in one snapshot.
fn again_and_again(pid: &str, times: usize) -> String {
    vec![pid; times].join(",")
}

fn programs_that_take_turns_are_never_mixed() {
    let folder = programs();
    let place = folder.path().to_str().expect("UTF-8");
    let words = format!("ps exec-loop {place} {}", TURNS[0]);
    let process = Started::new(&mut quiet_act(&folder.path().join(TURNS[1]), &words));
    // A reader that has met a long list once may have room for the next, so few at a time.
    let pids = again_and_again(&process.pid().to_string(), 2);
    let mut lives = BTreeSet::new();
    let mut seen = [0; TURNS.len()];
    let mut wrong = Vec::new();
    for _ in 0..scaled(300) {
        for row in Snapshot::with(&["-o", "pid,comm,args", "-p", &pids]).rows {
            lives.insert(row.life());
            match turn_of(&row) {
                Ok(Some(turn)) => seen[turn] += 1,
                Ok(None) => {}
                Err(mixture) => wrong.push(mixture),
            }
        }
    }
    none_of(&wrong);
    assert_eq!(lives.len(), 1, "one process all the time: {lives:?}");
    assert!(seen.iter().all(|count| *count > 0), "turns that were seen: {seen:?}");
}

/// Whose arguments a row has; `None` in the moment of an exec, when there are none, and before the
/// first.
fn turn_of(row: &Row) -> Result<Option<usize>, String> {
    let arguments = row.arguments();
    if arguments.len() <= 1 {
        return Ok(None);
    }
    let whole = |name: &str| vec![long_argument(name).into_bytes(); LONG_ARGUMENTS] == arguments;
    if let Some(turn) = TURNS.iter().position(|name| whole(name)) {
        return Ok(Some(turn));
    }
    let lengths: Vec<_> = arguments.iter().map(Vec::len).collect();
    let of_each = TURNS.map(|name| row.cell("args").matches(name).count());
    Err(format!("arguments of {lengths:?} bytes, words {TURNS:?} in them {of_each:?} times"))
}

/// Far from what the namespace hands out by itself.
const PID: &str = "20000";

fn lives_that_take_turns_are_never_mixed() {
    let observer = observer();
    let observer = observer.to_str().expect("UTF-8");
    let mut actor = Actor::new(&mut act(&["ps", "lives", observer, PID]));
    actor.hear("ready");
    let mut lives = BTreeSet::new();
    let mut wrong = Vec::new();
    let mut looks = 0;
    let deadline = Instant::now() + patience(Duration::from_secs(10));
    // On a slow machine most looks come when one life is over and the next not yet there.
    while looks < scaled(60) || (lives.len() < 2 && Instant::now() < deadline) {
        looks += 1;
        actor.tell(&again_and_again(PID, 50));
        let snapshot = Snapshot::parse(&actor.hear(""), String::new());
        for row in &snapshot.rows {
            lives.insert(row.life());
            if traces(row).iter().filter(|there| **there).count() > 1 {
                wrong.push(format!("{row:?}"));
            }
        }
        assert!(snapshot.rows.iter().all(|row| row.life().pid.to_string() == PID), "other pids");
    }
    none_of(&wrong);
    assert!(lives.len() > 1, "lives that were seen: {lives:?}");
}

/// Of which lives a row bears a trace: a group, a name.
fn traces(row: &Row) -> [bool; TURNS.len()] {
    [0, 1].map(|turn| {
        row.cell("rgid") == group_of(turn).to_string() || row.cell("comm") == TURNS[turn]
    })
}
