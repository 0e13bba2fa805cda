//! Signals that somebody sends to the program are the command's, once each.

use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::command::run;
use crate::support::child::{Actor, send};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            each_reaches_the_command_once,
            one_that_kills_the_command_kills_it_alone,
            one_that_was_ignored_before_stays_so,
            what_the_command_sends_does_not_come_back,
            sigterm_ends_the_following,
        }
    ]
}

/// Counts what it catches, for a while after the first.
const COUNT: &str = "for s in HUP INT QUIT TERM USR1 USR2; do trap \"echo got $s\" $s; done; \
    echo ready; read line; i=0; while [ $i -lt 6 ]; do sleep 0.05; i=$((i+1)); done; \
    echo end; exit 7";

fn each_reaches_the_command_once() {
    for (signal, name) in [
        (Signal::SIGHUP, "HUP"),
        (Signal::SIGINT, "INT"),
        (Signal::SIGQUIT, "QUIT"),
        (Signal::SIGTERM, "TERM"),
        (Signal::SIGUSR1, "USR1"),
        (Signal::SIGUSR2, "USR2"),
    ] {
        let mut actor = Actor::new(&mut run(&["--output", "/dev/null"], &["sh", "-c", COUNT]));
        actor.hear("ready");
        send(actor.pid(), signal);
        // A trap runs when the read has ended, by the signal or by this.
        thread::sleep(Duration::from_millis(50));
        actor.tell("go on");
        actor.hear(&format!("got {name}"));
        actor.hear("end");
        let status = actor.dismiss().status;
        assert_eq!(libc::WEXITSTATUS(status), 7, "{signal}: status {status:#x}");
    }
}

fn one_that_kills_the_command_kills_it_alone() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGUSR1] {
        let actor = Actor::new(&mut run(
            &["--output", "/dev/null"],
            &["sh", "-c", "echo ready; read line"],
        ));
        actor.hear("ready");
        send(actor.pid(), signal);
        let status = actor.started.reap().status;
        assert!(libc::WIFEXITED(status), "it lives to tell: {status:#x}");
        assert_eq!(libc::WEXITSTATUS(status), 128 + signal as i32);
    }
}

fn one_that_was_ignored_before_stays_so() {
    let mut command =
        run(&["--output", "/dev/null"], &["sh", "-c", "echo ready; read line; exit 5"]);
    sys::before_exec(&mut command, || {
        sys::ignore(Signal::SIGHUP);
        Ok(())
    });
    let mut actor = Actor::new(&mut command);
    actor.hear("ready");
    send(actor.pid(), Signal::SIGHUP);
    thread::sleep(Duration::from_millis(100));
    actor.tell("go on");
    assert_eq!(libc::WEXITSTATUS(actor.dismiss().status), 5);
}

fn what_the_command_sends_does_not_come_back() {
    let script = "trap 'echo mine' TERM; kill -TERM $PPID; sleep 0.2; echo end; exit 6";
    let actor = Actor::new(&mut run(&["--output", "/dev/null"], &["sh", "-c", script]));
    actor.hear("end");
    assert_eq!(libc::WEXITSTATUS(actor.dismiss().status), 6);
}

fn sigterm_ends_the_following() {
    let script = "sleep 60 </dev/null >/dev/null 2>&1 & echo left $!; exit 3";
    let actor = Actor::new(&mut run(&["--output", "/dev/null"], &["sh", "-c", script]));
    let left = actor.hear_number("left");
    // The command is gone for the program as soon as it is for /proc.
    let child = format!("/proc/{0}/task/{0}/children", actor.pid());
    while std::fs::read_to_string(&child).is_ok_and(|children| !children.trim().is_empty()) {
        thread::sleep(Duration::from_millis(5));
    }
    send(actor.pid(), Signal::SIGTERM);
    let ended = actor.started.reap();
    send(left, Signal::SIGKILL);
    assert_eq!(libc::WEXITSTATUS(ended.status), 3, "status {:#x}", ended.status);
}
