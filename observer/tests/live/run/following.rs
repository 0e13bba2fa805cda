//! How long what a command leaves is followed.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::command::{LOSSY, answer};
use super::document::Document;
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::bpf;
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            a_command_that_leaves_nothing_is_over_at_once,
            what_is_in_the_background_is_followed,
            a_daemon_is_followed_until_it_ends,
            until_exit_does_not_follow,
            a_duration_bounds_the_following,
            a_duration_does_not_bound_the_command,
            a_zombie_is_not_waited_for,
            a_lost_exit_is_not_waited_for,
            nothing_is_said_of_it_but_on_a_terminal,
        }
    ]
}

/// As it was, and how long it took.
fn timed(options: &[&str], script: &str) -> (Answer, Duration) {
    let begin = Instant::now();
    let answer = answer(&[&["--output", "/dev/null"], options].concat(), &["sh", "-c", script]);
    (answer, begin.elapsed())
}

/// Holds none of the streams that a test reads to their end.
fn left(seconds: &str, options: &str) -> String {
    format!("{options} sleep {seconds} </dev/null >/dev/null 2>&1 &")
}

fn a_command_that_leaves_nothing_is_over_at_once() {
    let (answer, took) = timed(&[], "exit 3");
    assert_eq!((answer.code, answer.errors.as_str()), (Some(3), ""));
    assert!(took < patience(Duration::from_millis(500)), "{took:?}");
}

fn what_is_in_the_background_is_followed() {
    let (answer, took) = timed(&[], &format!("{} exit 3", left("0.7", "")));
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert!(took >= Duration::from_millis(700), "{took:?}");
}

fn a_daemon_is_followed_until_it_ends() {
    let script = "(setsid sh -c 'sleep 0.7; exit 9' </dev/null >/dev/null 2>&1 &); exit 3";
    let document = Document::of(&["sh", "-c", script]);
    assert_eq!(document.answer.code, Some(3));
    let daemon = document.running(&["sh", "-c", "sleep 0.7; exit 9"]);
    assert_eq!(daemon.exit("code"), Some(9), "{daemon:?}");
    assert!(daemon.number("/duration_ns") >= 700_000_000, "{daemon:?}");
    assert_eq!(document.total("running"), 0);
}

/// Ends what a script said that it left.
fn end_left(answer: &Answer) {
    let pid: i32 = answer.out.trim().parse().unwrap_or_else(|_| panic!("a pid: {answer:?}"));
    nix::sys::signal::kill(Pid::from_raw(pid), Signal::SIGKILL).expect("it still runs");
}

fn until_exit_does_not_follow() {
    let (answer, took) = timed(&["--until-exit"], &format!("{} echo $!; exit 3", left("60", "")));
    end_left(&answer);
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert!(took < patience(Duration::from_secs(1)), "{took:?}");
}

fn a_duration_bounds_the_following() {
    let (answer, took) =
        timed(&["--for", "1500ms"], &format!("{} echo $!; exit 3", left("60", "")));
    end_left(&answer);
    assert_eq!(answer.code, Some(3), "{answer:?}");
    assert!(took >= Duration::from_millis(1500), "{took:?}");
    assert!(took < patience(Duration::from_secs(3)), "{took:?}");
}

fn a_duration_does_not_bound_the_command() {
    let (answer, took) = timed(&["--for", "100ms"], "sleep 0.7; echo end; exit 3");
    assert_eq!((answer.code, answer.out.as_str()), (Some(3), "end\n"), "{answer:?}");
    assert!(took >= Duration::from_millis(700), "{took:?}");
}

/// A parent that lives on and waits for nobody.
fn a_zombie_is_not_waited_for() {
    let script = "sh -c 'exit 4' & exec sleep 0.5";
    let document = Document::with(&["--strict"], &["sh", "-c", script]);
    assert_eq!(document.answer.code, Some(0));
    assert_eq!(document.running(&["sh", "-c", "exit 4"]).exit("code"), Some(4));
}

fn a_lost_exit_is_not_waited_for() {
    let begin = Instant::now();
    let document = Document::with(&["--ring", "4096"], &LOSSY);
    assert_eq!(document.answer.code, Some(3));
    assert_eq!(document.value["complete"], false, "some were lost");
    assert_eq!(document.total("running"), 0);
    assert!(begin.elapsed() < patience(Duration::from_secs(3)), "{:?}", begin.elapsed());
}

fn nothing_is_said_of_it_but_on_a_terminal() {
    let (answer, _) = timed(&[], &left("1.2", ""));
    assert_eq!((answer.code, answer.errors.as_str()), (Some(0), ""));
}
