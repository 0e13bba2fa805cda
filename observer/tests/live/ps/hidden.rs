//! What an ordinary user sees, what is kept from them, and that they are told.

use std::ffi::CStr;
use std::fs;
use std::io;

use super::scene::paused;
use super::snapshot::{Snapshot, ps};
use super::truth::{assert_nothing_hidden, living};
use crate::support::child::Actor;
use crate::support::harness::{Case, cases};
use crate::support::need::root;
use crate::support::program::{Answer, observer_by_descriptor};
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [root] {
            nobody_sees_all_that_is_public,
            invisible_processes_are_mentioned,
        }
        Host [root] {
            nobody_is_told_of_unknown_columns,
            nobody_may_not_join,
            unreadable_processes_are_counted,
            root_is_not_hidden_from,
        }
    ]
}

/// What nobody is told.
pub(super) fn told(arguments: &[&str]) -> Answer {
    told_with(None, arguments)
}

/// Runs `ps` with a /proc that hides processes.
fn told_with(hidepid: Option<&'static CStr>, arguments: &[&str]) -> Answer {
    let (mut command, _program) = observer_by_descriptor(&[&["ps"], arguments].concat());
    sys::before_exec(&mut command, move || {
        if let Some(option) = hidepid {
            mount_proc(option)?;
        }
        become_nobody()
    });
    Answer::of(&mut command)
}

pub(crate) fn mount_proc(option: &CStr) -> io::Result<()> {
    sys::private_mounts()?;
    sys::mount_with(c"proc", c"/proc", Some(c"proc"), 0, Some(option))
}

/// A process of nobody's own, and one of root's.
fn two() -> [Actor; 2] {
    [paused(become_nobody), paused(|| Ok(()))]
}

fn pids(answer: &Answer) -> Vec<u32> {
    let first = |line: &str| line.split_whitespace().next()?.parse().ok();
    answer.out.lines().filter_map(first).collect()
}

fn nobody_sees_all_that_is_public() {
    let before = living();
    let answer =
        told(&["-o", "pid,user,ppid,state,nice,vsz,rss,tty,time,etime,groups,capeff,args"]);
    let after = living();
    assert_eq!((answer.code, answer.errors.as_str()), (Some(0), ""), "status, stderr");
    let pids = pids(&answer);
    let missing: Vec<_> =
        before.intersection(&after).filter(|life| !pids.contains(&life.pid)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn nobody_is_told_of_unknown_columns() {
    let [own, other] = two();
    let answer = told(&["-o", "pid,netns,exe", "--no-headers"]);
    assert_eq!(answer.code, Some(0), "stderr: {}", answer.errors);
    let row = |actor: &Actor| -> Vec<&str> {
        let pid = actor.pid().to_string();
        let mut rows = answer.out.lines().map(|line| line.split_whitespace().collect());
        rows.find(|row: &Vec<&str>| row[0] == pid).expect("a row")
    };
    // A new program of the same user may be looked into, whatever it had been before.
    let link = fs::read_link(format!("/proc/{}/ns/net", own.pid())).expect("a link");
    let inode = link.to_str().expect("UTF-8").trim_matches(|c: char| !c.is_ascii_digit());
    assert_eq!(row(&own)[1], inode, "own network namespace");
    assert_eq!(row(&other)[1..], ["?", "-"], "what may not be known");
    assert_eq!(answer.errors.lines().count(), 1, "{}", answer.errors);
    for word in ["observer: ", "CAP_SYS_PTRACE"] {
        assert!(answer.errors.contains(word), "no `{word}` in: {}", answer.errors);
    }
}

fn nobody_may_not_join() {
    let [_, other] = two();
    let answer = told(&["--join", "-p", &other.pid().to_string()]);
    assert_eq!(answer.code, Some(4), "{answer:?}");
    assert_eq!(answer.out, "", "stdout");
    assert_eq!(answer.errors.lines().count(), 1, "{}", answer.errors);
    assert!(answer.errors.to_uppercase().contains("CAP_SYS_PTRACE"), "{}", answer.errors);
}

fn unreadable_processes_are_counted() {
    let [own, other] = two();
    let before = living().len();
    let answer = told_with(Some(c"hidepid=1"), &["-o", "pid,state,args"]);
    let after = living().len();
    assert_eq!(answer.code, Some(0), "stderr: {}", answer.errors);
    let seen = pids(&answer);
    assert!(seen.contains(&own.pid()), "its own process");
    assert!(!seen.contains(&other.pid()), "another's process");
    assert_eq!(answer.errors.lines().count(), 1, "{}", answer.errors);
    let count = answer.errors.split_whitespace().find_map(|word| word.parse::<usize>().ok());
    let count = count.unwrap_or_else(|| panic!("no number in: {}", answer.errors));
    let near = 30;
    let (least, most) = (before.min(after).saturating_sub(near), before.max(after) + near);
    assert!(
        (least..=most).contains(&(count + seen.len())),
        "{count} hidden; {before} there before, {after} after"
    );
}

fn invisible_processes_are_mentioned() {
    let [own, other] = two();
    let answer = told_with(Some(c"hidepid=2"), &["-o", "pid,state,args"]);
    assert_eq!(answer.code, Some(0), "stderr: {}", answer.errors);
    let seen = pids(&answer);
    assert!(seen.contains(&own.pid()), "its own process");
    assert!(!seen.contains(&other.pid()), "another's process");
    assert_eq!(answer.errors.lines().count(), 1, "{}", answer.errors);
    assert!(answer.errors.contains("hidepid"), "{}", answer.errors);
    let gone = told_with(Some(c"hidepid=2"), &["-p", &other.pid().to_string()]);
    assert_eq!(gone.code, Some(1), "{gone:?}");
}

fn root_is_not_hidden_from() {
    for option in [c"hidepid=1", c"hidepid=2"] {
        let before = living();
        let mut command = ps(&["--json", "-o", "pid,netns,exe,args"]);
        sys::before_exec(&mut command, move || mount_proc(option));
        let snapshot = Snapshot::of(&mut command);
        let after = living();
        let told = snapshot.lives();
        let missing: Vec<_> =
            before.intersection(&after).filter(|life| !told.contains(life)).collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert_nothing_hidden(&snapshot.errors);
    }
}
