//! The host, seen as psgo sees it: the whole machine, and processes in states that others trip over.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use nix::sys::signal::Signal;

use super::compare::agree;
use super::question::Question;
use super::{peer, truth};
use crate::support::child::{Actor, act, program};
use crate::support::harness::{Case, cases};
use crate::support::need::root;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root, peer] {
            the_whole_machine,
            kernel_threads,
            pids_in_any_order_and_twice,
            a_zombie,
            a_stopped_process,
            names_that_look_like_syntax,
            arguments_of_any_bytes,
            an_empty_first_argument,
            no_argument_at_all,
            other_users_than_root,
            niceness_and_real_time,
            capability_sets,
            seccomp,
            terminals,
            cpu_time,
        }
    ]
}

/// A scene, and the first word that it says.
fn scene(words: &[&str], says: &str) -> (Actor, String) {
    let words: Vec<_> = ["scene"].iter().chain(words).copied().collect();
    let actor = Actor::new(&mut act(&words));
    let said = actor.hear(says);
    (actor, said)
}

fn ready(words: &[&str]) -> Actor {
    scene(words, "ready").0
}

/// Compares these processes alone.
fn check(actors: &[&Actor]) {
    let pids: Vec<u32> = actors.iter().map(|actor| actor.pid()).collect();
    agree(&Question::Pids(pids.clone()), &pids);
}

fn the_whole_machine() {
    let actor = ready(&["named", "whole machine"]);
    let compared = agree(&Question::Machine, &[actor.pid(), 2]);
    let all = fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let all = all.count();
    assert!(compared.len() * 2 > all, "only {} of {all} processes compared", compared.len());
}

fn kernel_threads() {
    let children = fs::read_to_string("/proc/2/task/2/children").unwrap_or_default();
    let mut pids: Vec<u32> =
        children.split_ascii_whitespace().map(|pid| pid.parse().expect("a pid")).collect();
    // The first ones stay; workers come and go.
    pids.truncate(8);
    pids.insert(0, 2);
    agree(&Question::Pids(pids), &[2]);
}

fn pids_in_any_order_and_twice() {
    let actors = [0, 1, 2].map(|_| ready(&["named", "one"]));
    let [a, b, c] = [0, 1, 2].map(|i: usize| actors[i].pid());
    let gone = Actor::new(&mut act(&["exit", "0"])).dismiss().pid;
    agree(&Question::Pids(vec![c, a, gone, b, c, a]), &[a, b, c]);
}

fn a_zombie() {
    for name in ["gone", "my%20zomb:%20x", "a)%20R%201%20(b"] {
        let (_actor, pid) = scene(&["zombie", name], "zombie");
        let pid = pid.parse().expect("a pid");
        agree(&Question::Pids(vec![pid]), &[pid]);
    }
}

fn a_stopped_process() {
    let actor = ready(&["named", "stopped"]);
    actor.started.signal(Signal::SIGSTOP);
    check(&[&actor]);
    actor.started.signal(Signal::SIGCONT);
}

fn names_that_look_like_syntax() {
    let names = [
        "two%20words",
        "%20",
        "(",
        ")",
        "a)%20R%201%20(b",
        "[kthreadd]",
        "tab%09end",
        "line%0Aend",
        "%1B[31m",
        "back\\slash",
        "%C3%A9t%C3%A9",
        "%FF%FE",
        "%25C",
    ];
    let actors = names.map(|name| ready(&["named", name]));
    check(&actors.each_ref());
}

fn arguments_of_any_bytes() {
    let words: [&[u8]; 8] = [
        b"two words",
        b"line\nend",
        b"tab\tend",
        b"\x1b[31m",
        b"\xff\xfe",
        "été".as_bytes(),
        b"",
        b" ",
    ];
    let actors = words.map(|word| {
        let mut command = act(&["pause"]);
        let actor = Actor::new(command.arg(OsStr::from_bytes(word)));
        actor.hear("ready");
        actor
    });
    check(&actors.each_ref());
}

fn an_empty_first_argument() {
    let actor = Actor::new(act(&["pause", "lost by psgo"]).arg0(""));
    actor.hear("ready");
    check(&[&actor]);
}

fn no_argument_at_all() {
    let mut command = Command::new(program());
    crate::support::child::make_bare(&mut command);
    let actor = Actor::new(command.args(["--act", "no-arguments"]));
    actor.hear("ready");
    check(&[&actor]);
}

fn other_users_than_root() {
    let actors = [
        ready(&["ids", "1", "2", "4,20,65000"]),
        ready(&["ids", "54321", "54322", "54323"]),
        ready(&["ids", "65534", "65534", ""]),
        ready(&["ids", "4294967294", "4294967294", "4294967294"]),
    ];
    check(&actors.each_ref());
}

fn niceness_and_real_time() {
    let actors = [
        ready(&["nice", "7"]),
        ready(&["nice", "-20"]),
        ready(&["nice", "19"]),
        ready(&["real-time", "10"]),
    ];
    check(&actors.each_ref());
}

/// Sets of each kind, on both sides of the 38 capabilities that the psgo beside us knows.
fn capability_sets() {
    // Effective, permitted, inheritable, ambient, bounding.
    let actors = [
        ["0", "0", "0", "0", "0"],
        ["1", "2001", "2003", "2001", "ffff"],
        ["8000000000", "18000000000", "8000000000", "0", "1ffffffffff"],
        ["20", "c000000020", "20", "20", "3fffffffff"],
    ]
    .map(|sets| ready(&[&["capabilities"], sets.as_slice()].concat()));
    check(&actors.each_ref());
}

fn seccomp() {
    let actors = [ready(&["seccomp-strict"]), ready(&["seccomp-filter"])];
    check(&actors.each_ref());
}

/// Also beyond 255, where psgo names another terminal. The names are the ones that the processes
/// themselves see.
fn terminals() {
    for least in ["0", "256", "300"] {
        let (actor, name) = scene(&["terminal", least], "terminal");
        check(&[&actor]);
        let row = Question::Pids(vec![actor.pid()]).program().rows.remove(0);
        assert_eq!(row["tty"], name, "terminal of the process itself");
    }
}

/// Some tenths of a second, which psgo does not count.
fn cpu_time() {
    let actor = ready(&["burn", "1350000"]);
    check(&[&actor]);
    let row = Question::Pids(vec![actor.pid()]).program().rows.remove(0);
    let time = truth::parse_duration(&row["time"]).expect("a duration");
    assert!(time >= 1_300_000_000, "CPU time of 1.35 s is shown as {}", row["time"]);
}
