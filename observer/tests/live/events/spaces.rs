//! Namespaces of a process, and its pid inside, as /proc has them.

use std::fs;

use crate::support::child::{Actor, act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::observed::Observed;
use crate::support::proc;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            those_of_this_machine,
            new_ones,
            new_ones_of_a_new_user_namespace,
            a_new_time_namespace,
        }
    ]
}

const KINDS: [&str; 8] = ["pid", "mnt", "net", "user", "uts", "ipc", "cgroup", "time"];

const NEW: i32 = libc::CLONE_NEWPID
    | libc::CLONE_NEWNS
    | libc::CLONE_NEWNET
    | libc::CLONE_NEWUTS
    | libc::CLONE_NEWIPC
    | libc::CLONE_NEWCGROUP;

/// Kind, inode in the event, inode in /proc.
type Inodes = Vec<(&'static str, Option<u64>, u64)>;

fn those_of_this_machine() {
    let token = unique("spaces");
    let mut observed = Observed::start(&[]);
    let actor = Actor::new(&mut act(&["pause", &token]));
    actor.hear("ready");
    assert_told(&mut observed, actor.pid(), &token);
}

fn new_ones() {
    check(NEW);
}

fn new_ones_of_a_new_user_namespace() {
    check(NEW | libc::CLONE_NEWUSER);
}

fn a_new_time_namespace() {
    check(libc::CLONE_NEWTIME | libc::CLONE_NEWPID);
}

fn check(flags: i32) {
    let token = unique("spaces");
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let flags = format!("{flags:x}");
    let actor = Actor::new(&mut act(&["spaces", &flags, &token]));
    let (first, second) = (actor.hear(""), actor.hear(""));
    let child = [first, second]
        .iter()
        .find_map(|line| line.strip_prefix("child ")?.parse::<u32>().ok())
        .expect("the child's pid");
    let inode = |pid| proc::namespace(pid, "pid");
    assert_ne!(inode(child), inode(actor.pid()), "a new pid namespace");
    let inner = assert_told(&mut observed, child, &token);
    assert_eq!(inner, 1, "pid of the first process of a namespace");
}

/// Compares the exec event with /proc while the process lives; the pid in its own namespace.
fn assert_told(observed: &mut Observed, pid: u32, token: &str) -> u64 {
    let exec = observed
        .wait_for("exec", |e| e.is("exec") && e.has_argument(token) && e.has_argument("pause"));
    assert_eq!(exec.pid(), pid, "pid of {exec:?}");
    let wrong: Vec<_> =
        inodes(&exec, pid).into_iter().filter(|(_, told, truth)| *told != Some(*truth)).collect();
    assert!(wrong.is_empty(), "kind, told, true: {wrong:?} in {exec:?}");
    let inner = proc::inner_pid(pid);
    let told = exec.number("/process/vpid");
    assert_eq!(told.unwrap_or(pid.into()), inner, "vpid of {exec:?}");
    inner
}

fn inodes(event: &Event, pid: u32) -> Inodes {
    let there = |kind: &&str| fs::exists(format!("/proc/{pid}/ns/{kind}")).unwrap_or(false);
    KINDS
        .into_iter()
        .filter(there)
        .map(|kind| {
            let told = event.number(&format!("/process/ns/{kind}"));
            (kind, told, proc::namespace(pid, kind))
        })
        .collect()
}
