//! What is run under observation.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use crate::events::storm;
use crate::support::act as acts;
use crate::support::child::act;
use crate::support::sys;

/// The words after `run`.
pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["storm", token, count] => storm_of(token, count.parse().expect("a number")),
        ["echo"] => echo(),
        ["die-of", number] => die_of(number.parse().expect("a number")),
        other => panic!("unknown act of run: {other:?}"),
    }
}

/// Many short lives; says of each its pid, what it was given and how it ended.
fn storm_of(token: &str, count: usize) -> ExitCode {
    let lives = storm::run_with(&storm::exits(token, count), 4, |words| {
        act(&words.iter().map(String::as_str).collect::<Vec<_>>())
    });
    for (words, ended) in lives {
        acts::say(&format!("{} {} {}", ended.pid, words[2], ended.status));
    }
    ExitCode::SUCCESS
}

/// What it reads, to stdout; as much, all bytes turned around, to stderr.
fn echo() -> ExitCode {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).expect("readable input");
    io::stdout().lock().write_all(&bytes).expect("a listening test");
    let turned: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    io::stderr().lock().write_all(&turned).expect("a listening test");
    ExitCode::SUCCESS
}

/// Of a signal that may have no name.
fn die_of(number: i32) -> ExitCode {
    sys::send_number(std::process::id(), number).expect("a signal to oneself");
    ExitCode::SUCCESS
}
