//! Processes in odd states: acts that say what they are, and stay so until their input ends.

use std::ffi::CString;
use std::fs;
use std::os::fd::AsRawFd as _;
use std::process::ExitCode;

use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Gid, Pid, Uid, read, setgroups, setresgid, setresuid, setsid, write};

use super::calls;
use crate::support::act::{fork_here, pause, say, unescaped};
use crate::support::sys;

/// Performs `scene WORDS…`.
pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["named", name] => named(name),
        ["zombie", name] => zombie(name),
        ["ids", real, effective, groups] => ids(number(real), number(effective), groups),
        ["burn", microseconds] => {
            let burn = u64::from(number(microseconds)) * 1000;
            while sys::own_cpu_ns() < burn {}
            pause()
        }
        ["nice", nice] => {
            sys::nice(nice.parse().expect("a number")).expect("another niceness");
            pause()
        }
        ["real-time", priority] => {
            let priority = priority.parse().expect("a number");
            sys::schedule(libc::SCHED_RR, priority).expect("a real-time policy");
            pause()
        }
        ["capabilities", effective, permitted, inheritable, ambient, bounding] => {
            let sets = [effective, permitted, inheritable, ambient, bounding];
            capabilities(sets.map(|set| u64::from_str_radix(set, 16).expect("a mask")))
        }
        ["seccomp-strict"] => seccomp_strict(),
        ["seccomp-filter"] => {
            calls::no_new_privileges().expect("no new privileges");
            calls::seccomp_filter().expect("a filter");
            pause()
        }
        ["terminal", least] => terminal(number(least) as usize),
        other => panic!("unknown scene {other:?}"),
    }
}

fn number(text: &str) -> u32 {
    text.parse().expect("a number")
}

fn take_name(name: &str) {
    let name = CString::new(unescaped(name)).expect("no NUL");
    sys::name_thread(&name).expect("a name");
}

fn named(name: &str) -> ExitCode {
    take_name(name);
    pause()
}

/// A child of that name that has ended, and that nobody reaps while the scene lasts.
fn zombie(name: &str) -> ExitCode {
    let Some(child) = fork_here() else {
        take_name(name);
        sys::end_process(0);
    };
    let pid = Pid::from_raw(child.cast_signed());
    waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).expect("an ended child");
    say(&format!("zombie {child}"));
    pause()
}

/// Users and groups alike: as a program with the set-user-id and set-group-id bits has them.
fn ids(real: u32, effective: u32, groups: &str) -> ExitCode {
    let groups: Vec<_> =
        groups.split(',').filter(|id| !id.is_empty()).map(|id| Gid::from_raw(number(id))).collect();
    setgroups(&groups).expect("groups");
    let [real_group, group] = [real, effective].map(Gid::from_raw);
    setresgid(real_group, group, group).expect("another group");
    let [real, user] = [real, effective].map(Uid::from_raw);
    setresuid(real, user, user).expect("another user");
    pause()
}

/// Effective, permitted, inheritable, ambient and bounding, one bit a capability.
fn capabilities(sets: [u64; 5]) -> ExitCode {
    let [effective, permitted, inheritable, ambient, bounding] = sets;
    let last: u64 = {
        let text = fs::read_to_string("/proc/sys/kernel/cap_last_cap").expect("a number");
        text.trim().parse().expect("a number")
    };
    for bit in (0..=last).filter(|bit| bounding >> bit & 1 == 0) {
        sys::forbid_capability(bit).expect("a smaller bounding set");
    }
    calls::set_capabilities(effective, permitted, inheritable).expect("other capabilities");
    for bit in (0..=last).filter(|bit| ambient >> bit & 1 == 1) {
        calls::raise_ambient(bit).expect("an ambient capability");
    }
    pause()
}

/// Read and write alone are allowed then: no memory is asked for any more.
fn seccomp_strict() -> ExitCode {
    let (input, out) = (std::io::stdin(), std::io::stdout());
    let mut byte = [0];
    calls::seccomp_strict().expect("strict mode");
    write(&out, b"ready\n").expect("a listening test");
    while read(&input, &mut byte) != Ok(0) {}
    sys::end_thread(0)
}

/// The terminal of a session of its own, with a number from `least` on.
fn terminal(least: usize) -> ExitCode {
    let mut open = Vec::new();
    let name = loop {
        open.push(sys::terminal().expect("a terminal"));
        let (_, slave) = open.last().expect("it was pushed");
        let name = fs::read_link(format!("/proc/self/fd/{}", slave.as_raw_fd())).expect("a name");
        let name = name.to_str().expect("UTF-8").trim_start_matches("/dev/").to_owned();
        let number: usize = name.trim_start_matches("pts/").parse().expect("pts/NUMBER");
        if number >= least {
            break name;
        }
    };
    let (_, slave) = open.last().expect("the one that was found");
    setsid().expect("a session");
    sys::control_terminal(slave.as_raw_fd()).expect("a terminal of its own");
    say(&format!("terminal {name}"));
    pause()
}
