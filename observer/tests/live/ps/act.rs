//! What this program does as a child of these tests: `ps WORDS…`.

use std::ffi::CString;
use std::io::{self, Read as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Gid, Pid, pause, setresgid};

use super::{calls, contained, scene};
use crate::support::act::{VARIABLE, fork_here, reap, say, wait_for_word};
use crate::support::child::c_string;
use crate::support::sys::{self, boot_ns};

pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["churn", rate] => churn(number(rate)),
        ["crowd", count] => crowd(number(count)),
        ["vfork-hold"] => vfork_hold(),
        ["exec-loop", folder, next] => exec_loop(Path::new(folder), next),
        ["ids"] => scene::take_ids(),
        ["lives", observer, pid] => lives(observer, pid),
        ["contained", root, users, proc] => contained::perform(root, users, proc),
        other => panic!("unknown act ps {other:?}"),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// A life that this process gave: its pid, and the boot clock just before and after.
type Given = (u32, u64, u64);

/// Forks so many short lives a second until told to stop; then says what they were.
fn churn(rate: usize) -> ExitCode {
    let input = io::stdin().as_fd().try_clone_to_owned().expect("a descriptor");
    let began = Instant::now();
    let mut given: Vec<Given> = Vec::new();
    say("ready");
    while !sys::readable(&input, Duration::from_millis(1)).expect("an open input") {
        let due = began.elapsed().as_millis() * rate as u128 / 1000;
        // A machine that cannot keep up is not made to catch up.
        for _ in (given.len() as u128..due).take(10) {
            given.push(give_a_life());
        }
        reap_the_dead();
    }
    wait_for_word();
    for (pid, before, after) in &given {
        say(&format!("life {pid} {before} {after}"));
    }
    say("end");
    wait_for_word();
    ExitCode::SUCCESS
}

fn give_a_life() -> Given {
    let before = boot_ns();
    let Some(pid) = fork_here() else {
        std::thread::sleep(Duration::from_millis(2));
        sys::end_process(0);
    };
    (pid, before, boot_ns())
}

fn reap_the_dead() {
    while let Ok(status) = waitpid(None, Some(WaitPidFlag::WNOHANG)) {
        if status == WaitStatus::StillAlive {
            break;
        }
    }
}

/// So many children that pause; it stops early, and says so, when no more can be had.
fn crowd(count: usize) -> ExitCode {
    let mut children = Vec::with_capacity(count);
    while children.len() < count {
        match sys::fork_single_threaded() {
            Ok(Some(child)) => children.push(child),
            Ok(None) => wait_for_ever(),
            Err(_) => break,
        }
    }
    say(&format!("crowd {}", children.len()));
    wait_for_word();
    for child in &children {
        kill(*child, Signal::SIGKILL).expect("a signal to a child");
    }
    while waitpid(None, None) != Err(Errno::ECHILD) {}
    ExitCode::SUCCESS
}

fn wait_for_ever() -> ! {
    sys::die_with_parent().expect("a wish");
    loop {
        pause();
    }
}

/// Its child has borrowed its memory and keeps it until the input ends.
fn vfork_hold() -> ExitCode {
    say("child");
    let mut body = || {
        let mut sink = [0; 16];
        while io::stdin().read(&mut sink).is_ok_and(|count| count > 0) {}
        sys::end_process(0)
    };
    let flags = libc::CLONE_VFORK | libc::CLONE_VM | libc::SIGCHLD;
    let pid = sys::clone(flags, &mut body).expect("a child");
    reap(pid)
}

/// Programs that take turns, and how long each of their arguments is.
pub(super) const TURNS: [&str; 2] = ["alpha", "omega"];
pub(super) const LONG_ARGUMENT: usize = 30_000;
pub(super) const LONG_ARGUMENTS: usize = 3;

/// An argument that is its program's name again and again.
pub(super) fn long_argument(name: &str) -> String {
    name.repeat(LONG_ARGUMENT / name.len())
}

/// Becomes one program after the other, without end.
fn exec_loop(folder: &Path, next: &str) -> ExitCode {
    let after = if next == TURNS[0] { TURNS[1] } else { TURNS[0] };
    let folder_name = folder.to_str().expect("UTF-8");
    sys::set_variable(VARIABLE, &format!("ps exec-loop {folder_name} {after}"));
    become_program(&folder.join(next), &vec![long_argument(next); LONG_ARGUMENTS])
}

fn become_program(path: &Path, arguments: &[String]) -> ! {
    let arguments: Vec<_> =
        arguments.iter().map(|word| CString::new(word.as_str()).expect("no NUL")).collect();
    panic!("cannot execute: {}", sys::exec(&c_string(path), &arguments))
}

/// In a pid namespace of its own, one pid is given to life after life, each of another group and
/// with another name, while `observer` looks at it. Says every document in one line.
fn lives(observer: &str, pid: &str) -> ExitCode {
    sys::unshare(libc::CLONE_NEWPID).expect("a pid namespace");
    sys::private_mounts().expect("own mounts");
    let Some(first) = fork_here() else {
        sys::mount(c"proc", c"/proc", Some(c"proc"), 0).expect("a /proc of its own");
        if fork_here().is_none() {
            give_lives(pid.parse().expect("a number"));
        }
        say("ready");
        while let Some(pids) = wait_for_word() {
            say(&look(observer, &pids));
        }
        sys::end_process(0);
    };
    reap(first)
}

fn look(observer: &str, pids: &str) -> String {
    let mut command = Command::new(observer);
    command.args(["ps", "--json", "-o", "pid,rgid,comm,args", "-p", pids]);
    let output = command.output().expect("an answer");
    String::from_utf8(output.stdout).expect("UTF-8").replace('\n', "")
}

/// How long lives last, in turn: many too short to be read whole, and on the slowest machine some
/// that are long enough.
const LIFE_SPANS: [Duration; 5] = [
    Duration::from_micros(20),
    Duration::from_micros(60),
    Duration::from_micros(200),
    Duration::from_micros(700),
    Duration::from_millis(5),
];

/// Each life has its name and group from its first moment on: the parent takes them before.
fn give_lives(pid: u32) -> ! {
    sys::die_with_parent().expect("a wish");
    for (turn, span) in (0..TURNS.len()).cycle().zip(LIFE_SPANS.into_iter().cycle()) {
        let group = Gid::from_raw(group_of(turn));
        setresgid(group, group, group).expect("another group");
        sys::name_thread(&CString::new(TURNS[turn]).expect("no NUL")).expect("a name");
        let Some(child) = calls::fork_as(pid).expect("a child with that pid") else {
            std::thread::sleep(span);
            sys::end_process(0);
        };
        waitpid(Pid::from_raw(child.cast_signed()), None).expect("a child");
    }
    unreachable!("a cycle has no end")
}

/// Whose life has this turn.
pub(super) fn group_of(turn: usize) -> u32 {
    1001 + u32::try_from(turn).expect("a few")
}
