//! Inside a pid namespace: the pids of the reader's namespace and those of the initial one are
//! told apart.

use std::fs::{self, File};
use std::os::fd::OwnedFd;

use crate::support::child::{Started, act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::need::perf;
use crate::support::observed::Observed;
use crate::support::program::observer;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] { pids_of_two_namespaces }
    ]
}

fn pids_of_two_namespaces() {
    let token = unique("space");
    let filter = format!("filename.ustring ~ \"*{token}\"");
    let program = observer();
    let program = program.to_str().expect("UTF-8");
    let mut command = act(&[
        "trace",
        "in-pid-namespace",
        program,
        "trace",
        "syscalls:sys_enter_openat",
        "--json",
        "--filter",
        &filter,
        "--fields",
        "common_pid",
        "-n",
        "2",
    ]);
    let mut observed = Observed::of(&mut command);
    let path = format!("/nowhere/{token}");
    let outside = Started::new(&mut act(&["trace", "open-in-child", &path])).reap();
    let is_open = |event: &Event| event.is("syscalls:sys_enter_openat");
    let event = observed.wait_for("the one outside", is_open);
    assert_eq!(event.number("/pid"), None, "it has no pid inside: {event:?}");
    assert!(event.number("/fields/common_pid") > Some(outside.pid.into()), "{event:?}");

    let inside: OwnedFd = File::open(format!("/proc/{}/ns/pid", child_of(observed.pid())))
        .expect("a namespace")
        .into();
    let mut command = act(&["trace", "open-in-child", &path]);
    sys::before_exec(&mut command, move || sys::enter_namespace(&inside, libc::CLONE_NEWPID));
    Started::new(&mut command).reap();
    let stream = observed.finish(soon());
    stream.assert_code(0);
    stream.assert_balanced();
    let event = stream.of_kind("syscalls:sys_enter_openat").nth(1).expect("the one inside");
    let (own, initial) = (event.number("/pid"), event.number("/fields/common_pid"));
    assert!(own.is_some_and(|pid| (2..100).contains(&pid)), "its pid inside: {event:?}");
    assert!(initial > own, "its pid outside: {event:?}");
}

fn child_of(pid: u32) -> u32 {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(path).expect("a live process");
    children.trim().parse().expect("one child")
}
