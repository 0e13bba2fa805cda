//! Ends of processes that are not what they look like in their tracepoints.

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::unistd::Pid;

use crate::support::act::{fork_here, reap, say};
use crate::support::sys;

pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["handled", ..] => handled(),
        ["blocked", ..] => blocked(),
        ["blocked-and-killed", ..] => blocked_and_killed(),
        ["late", ..] => late(),
        ["forbidden", ..] => sys::call_what_is_forbidden(),
        ["one-by-one"] => one_by_one(),
        ["namespace", ..] => namespace(),
        other => panic!("unknown act of an end {other:?}"),
    }
}

/// A signal that would end it, and does not.
fn handled() -> ExitCode {
    sys::catch(Signal::SIGTERM);
    raise(Signal::SIGTERM).expect("a signal to oneself");
    ExitCode::from(4)
}

fn block(signal: Signal) {
    let mut signals = SigSet::empty();
    signals.add(signal);
    signals.thread_block().expect("a signal that can be blocked");
}

/// One that is pending until the end, and too late then.
fn blocked() -> ExitCode {
    block(Signal::SIGTERM);
    raise(Signal::SIGTERM).expect("a signal to oneself");
    ExitCode::from(5)
}

fn blocked_and_killed() -> ExitCode {
    block(Signal::SIGTERM);
    raise(Signal::SIGTERM).expect("a signal to oneself");
    kill(Pid::this(), Signal::SIGKILL).expect("a signal to oneself");
    ExitCode::FAILURE
}

/// One that is pending, and ends it as soon as it may.
fn late() -> ExitCode {
    block(Signal::SIGUSR1);
    raise(Signal::SIGUSR1).expect("a signal to oneself");
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGUSR1);
    signals.thread_unblock().expect("a signal that can be let through");
    ExitCode::FAILURE
}

/// Two threads that end alone; the leader is the first.
fn one_by_one() -> ! {
    thread::spawn(|| {
        thread::sleep(Duration::from_millis(50));
        sys::end_thread(13)
    });
    sys::end_thread(12)
}

/// A process that lives in a pid namespace whose first process ends.
fn namespace() -> ExitCode {
    let mut body = || {
        if fork_here().is_none() {
            thread::sleep(Duration::from_mins(10));
        }
        // The other one should be asleep by then; it is killed wherever it is.
        thread::sleep(Duration::from_millis(20));
        sys::end_process(3)
    };
    let flags = libc::CLONE_NEWPID | libc::SIGCHLD;
    let pid = sys::clone(flags, &mut body).expect("a child in a pid namespace");
    say(&format!("child {pid}"));
    reap(pid)
}
