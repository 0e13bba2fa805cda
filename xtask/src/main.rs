//! `cargo xtask`: hands each command to the program that has it.
//!
//! Whoever types `cargo xtask run events` waits for this to be compiled, and for observer: so it is
//! small, and reads no options.

#![expect(clippy::print_stderr, reason = "a command line tool talks to the person who called it")]

use std::env;
use std::ffi::OsString;
use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<OsString> = env::args_os().skip(1).collect();
    let Err(error) = xtask::delegate::start(&words);
    eprintln!("xtask: {error:#}");
    ExitCode::FAILURE
}
