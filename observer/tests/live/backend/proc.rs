//! Listings of /proc: nobody needs a right for them.

use std::fs::{self, File};
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::{PROC, moment};
use crate::support::child::{Actor, Started, act, act_argv, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::root;
use crate::support::observed::Observed;
use crate::support::program::{observer_by_descriptor, output};
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root] {
            nobody_sees_lives_of_a_second,
            only_who_asks_gets_it,
            a_title_is_no_exec,
        }
        Host [] { short_lives_are_missed_and_nothing_is_made_up }
    ]
}

fn as_nobody(arguments: &[&str]) -> (Command, File) {
    let (mut command, program) = observer_by_descriptor(arguments);
    sys::before_exec(&mut command, become_nobody);
    (command, program)
}

fn nobody_sees_lives_of_a_second() {
    let (mut command, program) =
        as_nobody(&["events", "--json", "--backend", "proc", "-e", "fork,exec,exit"]);
    let mut observed = Observed::of(&mut command);
    drop(program);
    let token = unique("second");
    let words = ["pause", &token];
    let actor = Actor::new(&mut act(&words));
    actor.hear("ready");
    thread::sleep(moment());
    actor.started.signal(Signal::SIGKILL);
    thread::sleep(moment());
    let ended = actor.dismiss();
    let exec = observed.wait_for("the exec", |e| e.is("exec") && e.has_argument(&token));
    assert_eq!(exec.arguments(), Some(act_argv(&words)));
    assert_eq!((exec.pid(), exec.number("/process/user/id")), (ended.pid, Some(0)), "{exec:?}");
    assert_eq!(exec.field("/process/executable"), None, "not for nobody to see: {exec:?}");
    let exit = observed.wait_for("the exit", |e| e.is("exit") && e.id() == exec.id());
    assert_eq!(exit.field("/process/exit"), None, "how it ended is root's to know: {exit:?}");
    observed.stop().assert_nothing_lost();
}

/// Where nothing better works the program does not fall back to it by itself.
fn only_who_asks_gets_it() {
    let (mut command, _program) = as_nobody(&["events", "--json"]);
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(3)));
    assert_eq!((status.code(), out.as_str()), (Some(4), ""), "{errors}");
    assert!(errors.contains("`--backend proc`"), "{errors}");
    assert!(errors.contains("short-lived processes"), "{errors}");
}

/// A process that is reported has lived, and has ended once at most.
fn short_lives_are_missed_and_nothing_is_made_up() {
    let observed = PROC.observe("fork,exec,exit");
    let lives: Vec<_> = (0..scaled(300))
        .map(|_| Started::new(&mut act(&["exit", "0", &unique("short")])).reap())
        .collect();
    let stream = observed.stop();
    stream.assert_nothing_lost();
    for ended in &lives {
        let of_it = |kind: &str| stream.of_pid(kind, ended.pid, std::process::id()).len();
        let [forks, execs, exits] = ["fork", "exec", "exit"].map(of_it);
        assert!(
            forks <= 1 && exits == forks && execs <= forks,
            "{ended:?}: {forks} {execs} {exits}"
        );
    }
}

/// A program that writes over its own arguments still runs, whoever looks on.
fn a_title_is_no_exec() {
    let (mut command, program) =
        as_nobody(&["events", "--json", "--backend", "proc", "-e", "exec"]);
    let nobody = Observed::of(&mut command);
    drop(program);
    let observers = [PROC.observe("exec"), nobody];
    let token = unique("title");
    let mut actor = Actor::new(&mut act(&["title", "another", &token]));
    actor.hear("ready");
    let pid = actor.pid();
    thread::sleep(moment());
    actor.tell("go");
    actor.hear("titled");
    let shown = fs::read(format!("/proc/{pid}/cmdline")).expect("a live process");
    assert!(shown.starts_with(b"another"), "{shown:?}");
    thread::sleep(moment());
    actor.dismiss();
    for observer in observers {
        let execs = observer.stop().of_kind("exec").filter(|e| e.pid() == pid).count();
        assert_eq!(execs, 1, "execs of {pid}");
    }
}
