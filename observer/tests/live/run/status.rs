//! Whoever waits for the program gets what the command ended with.

use std::os::unix::process::ExitStatusExt as _;

use nix::sys::signal::Signal;

use super::command::{answer, answer_of, plain, run};
use crate::support::child::program;
use crate::support::harness::{Case, cases};
use crate::support::need::{bpf, perf};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            every_kind_of_code_passes_through,
            the_codes_that_are_ours_elsewhere_are_the_commands_here,
            death_by_a_signal_is_128_and_its_number,
            death_by_a_signal_without_a_name,
            the_status_is_known_where_children_are_not_waited_for,
        }
        Host [perf] { tracepoints_and_listings_change_nothing }
    ]
}

fn assert_code(code: i32) {
    let command = ["sh", "-c", &format!("exit {code}")];
    let oracle = plain(&command).status().expect("a shell").code();
    assert_eq!((answer(&[], &command).code, oracle), (Some(code), Some(code)));
}

fn every_kind_of_code_passes_through() {
    for code in [0, 17, 124, 125, 126, 127, 128, 137, 254, 255] {
        assert_code(code);
    }
}

fn the_codes_that_are_ours_elsewhere_are_the_commands_here() {
    for code in [1, 2, 3, 4] {
        assert_code(code);
    }
}

fn death_by_a_signal_is_128_and_its_number() {
    for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGINT, Signal::SIGPIPE] {
        let command = ["sh", "-c", &format!("kill -{} $$", signal as i32)];
        let oracle = plain(&command).status().expect("a shell").signal();
        assert_eq!(oracle, Some(signal as i32), "the shell dies of {signal}");
        assert_eq!(answer(&[], &command).code, Some(128 + signal as i32), "{signal}");
    }
}

fn death_by_a_signal_without_a_name() {
    let number = libc::SIGRTMIN() + 6;
    let program = program();
    let command = [program.to_str().expect("UTF-8"), "--act", "run", "die-of", &number.to_string()];
    let oracle = plain(&command).status().expect("this program").signal();
    assert_eq!(oracle, Some(number), "it dies of that signal");
    assert_eq!(answer(&[], &command).code, Some(128 + number));
}

fn the_status_is_known_where_children_are_not_waited_for() {
    let mut command = run(&[], &["sh", "-c", "exit 9"]);
    sys::before_exec(&mut command, || {
        sys::ignore(Signal::SIGCHLD);
        Ok(())
    });
    assert_eq!(answer_of(&mut command).code, Some(9));
}

fn tracepoints_and_listings_change_nothing() {
    for backend in ["perf", "proc"] {
        let options = ["--backend", backend];
        for (script, code) in [("exit 7", 7), ("kill -9 $$", 137)] {
            assert_eq!(answer(&options, &["sh", "-c", script]).code, Some(code), "{backend}");
        }
    }
}
