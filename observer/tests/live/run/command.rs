//! `observer run`, started.

use std::process::Command;
use std::time::Duration;

use crate::support::machine::patience;
use crate::support::program::{Answer, give_object, observer_with, prepare};

/// `observer run OPTIONS -- COMMAND`, with the object that the environment asks for.
pub(super) fn run(options: &[&str], command: &[&str]) -> Command {
    let mut run = bare_run(options);
    give_object(&mut run);
    run.arg("--").args(command);
    run
}

/// Runs `run` without a command, and with its own object.
pub(super) fn bare_run(options: &[&str]) -> Command {
    observer_with(&[&["run"], options].concat())
}

/// That command as if it ran alone.
pub(super) fn plain(command: &[&str]) -> Command {
    let mut plain = Command::new(command[0]);
    prepare(plain.args(&command[1..]));
    plain
}

/// How it ended, and what it and the program said.
pub(super) fn answer(options: &[&str], command: &[&str]) -> Answer {
    answer_of(&mut run(options, command))
}

pub(super) fn answer_of(command: &mut Command) -> Answer {
    Answer::within(command, patience(Duration::from_secs(5)))
}

/// The one line of a program that did not do what it was asked.
pub(super) fn complaint(answer: &Answer, code: i32) -> &str {
    assert_eq!(answer.code, Some(code), "{answer:?}");
    let mut own = answer.errors.lines().filter(|line| line.starts_with("observer: "));
    let line = own.next().unwrap_or_else(|| panic!("no line of its own: {answer:?}"));
    assert!(own.next().is_none(), "more than one line: {answer:?}");
    assert!(line.contains("; "), "what to do is missing: {line}");
    line
}

/// Stops its observer while it starts more than a small ring can hold, and ends with 3.
pub(super) const LOSSY: [&str; 3] = [
    "sh",
    "-c",
    "kill -STOP $PPID; i=0; while [ $i -lt 100 ]; do /bin/true; i=$((i+1)); done; \
     kill -CONT $PPID; exit 3",
];
