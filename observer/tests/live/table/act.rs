//! What this program does as a child of these tests: `table WORDS…`.

use std::collections::VecDeque;
use std::ffi::CString;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::pipe;

use super::{calls, million, twice, wrap};
use crate::support::act::{fork_here, say, wait_for_word};
use crate::support::child::{c_string, program};
use crate::support::sys;

pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["storm", rate] => storm(number(rate)),
        ["burst", count] => burst(number(count)),
        ["tree", count, first, levels @ ..] => tree(number(count), first, levels),
        ["forking-thread"] => forking_thread(),
        ["leader-ends"] => leader_ends(),
        ["million", count] => million::perform(number(count)),
        ["twice", count] => twice::perform(number(count)),
        ["wrap", count] => wrap::perform(number(count)),
        other => panic!("unknown act table {other:?}"),
    }
}

fn number(text: &str) -> usize {
    text.parse().expect("a number")
}

/// More children at a time than this are not needed.
const ALIVE: usize = 100;

/// Lives of all kinds, so many a second, until told to stop; says how many there were.
fn storm(rate: usize) -> ExitCode {
    calls::become_subreaper().expect("a subreaper");
    let input = io::stdin().as_fd().try_clone_to_owned().expect("a descriptor");
    let began = Instant::now();
    let (mut given, mut alive) = (0, 0);
    say("ready");
    while !sys::readable(&input, Duration::from_millis(1)).expect("an open input") {
        let due = began.elapsed().as_millis() * rate as u128 / 1000;
        // A machine that cannot keep up is not made to catch up.
        for _ in (given as u128..due).take(20) {
            alive += give_a_life(given);
            given += 1;
        }
        alive = reap_down_to(alive, ALIVE);
    }
    end(given, alive)
}

/// So many lives, as fast as can be.
fn burst(count: usize) -> ExitCode {
    calls::become_subreaper().expect("a subreaper");
    say("ready");
    wait_for_word();
    let mut alive = 0;
    for given in 0..count {
        alive = reap_down_to(alive + give_a_life(given), ALIVE);
    }
    end(count, alive)
}

fn end(given: usize, alive: usize) -> ExitCode {
    reap_down_to(alive, 0);
    say(&format!("given {given}"));
    while wait_for_word().is_some() {}
    ExitCode::SUCCESS
}

/// How many there will be to reap.
fn give_a_life(number: usize) -> usize {
    let kind = number % 8;
    if fork_here().is_none() {
        live(kind, number);
        sys::end_process(0);
    }
    if kind == 5 { 2 } else { 1 }
}

fn live(kind: usize, number: usize) {
    match kind {
        4 => execute(number),
        // An orphan.
        5 if fork_here().is_none() => thread::sleep(Duration::from_millis(3)),
        6 => {
            let name = CString::new(format!("storm-{number}")).expect("no NUL");
            sys::name_thread(&name).expect("a name");
            thread::sleep(Duration::from_millis(2));
        }
        7 => thread::sleep(Duration::from_millis(20)),
        _ => {}
    }
}

/// Becomes `exit 0 NUMBER`.
pub(super) fn execute(number: usize) {
    let path = c_string(&program());
    let words = ["--act", "exit", "0", &number.to_string()];
    let words = words.map(|word| CString::new(word).expect("no NUL"));
    let arguments: Vec<_> = [path.clone()].into_iter().chain(words).collect();
    panic!("cannot execute: {}", sys::exec(&path, &arguments))
}

/// Takes away who has ended, and waits for some more while there are too many.
fn reap_down_to(mut alive: usize, limit: usize) -> usize {
    while alive > 0 {
        let flag = (alive <= limit).then_some(WaitPidFlag::WNOHANG);
        match waitpid(None, flag).expect("children") {
            WaitStatus::StillAlive => break,
            _ => alive -= 1,
        }
    }
    alive
}

fn leader_ends() -> ExitCode {
    thread::spawn(|| {
        say("ready");
        while wait_for_word().is_some() {}
        sys::end_process(3)
    });
    sys::end_thread(0)
}

/// A thread that is not the leader forks a child, and ends.
fn forking_thread() -> ExitCode {
    let (held, hold) = pipe().expect("a pipe");
    let fork = move || {
        let child = fork_here();
        if child.is_none() {
            drop(hold);
            wait_until_let_go(held);
        }
        (child, hold)
    };
    let (child, hold) = thread::spawn(fork).join().expect("a thread");
    say(&format!("child {}", child.expect("a child")));
    while wait_for_word().is_some() {}
    drop(hold);
    ExitCode::SUCCESS
}

fn wait_until_let_go(held: OwnedFd) -> ! {
    let mut sink = Vec::new();
    drop(File::from(held).read_to_end(&mut sink));
    sys::end_process(0)
}

/// A chain of processes, of which the last has so many children; all pause until the first ends.
struct Tree {
    count: usize,
    levels: VecDeque<String>,
    held: File,
    /// In the first only.
    hold: Option<OwnedFd>,
    /// Says that all are there.
    built: File,
}

/// What is one of the chain: `plain`, a `reaper` of orphans, or the `init` of a pid namespace. The
/// first may be a `thread`: a reaper of which the leader has ended.
fn tree(count: usize, first: &str, levels: &[&str]) -> ExitCode {
    let (held, hold) = pipe().expect("a pipe");
    let (built, tell_built) = pipe().expect("a pipe");
    let (held, mut built) = (File::from(held), File::from(built));
    let levels = levels.iter().map(|level| (*level).to_owned()).collect();
    let tell_built = File::from(tell_built);
    let mut tree = Tree { count, levels, held, hold: Some(hold), built: tell_built };
    let mut rest = move || {
        tree.grow();
        built.read_exact(&mut [0]).expect("a tree");
        say("ready");
        while wait_for_word().is_some() {}
        sys::end_process(0)
    };
    if first != "plain" {
        calls::become_subreaper().expect("a subreaper");
    }
    if first == "thread" {
        thread::spawn(rest);
        sys::end_thread(0)
    }
    rest()
}

impl Tree {
    /// Makes all that is below the caller.
    fn grow(&mut self) {
        match self.levels.pop_front().as_deref() {
            Some("init") => {
                let mut body = || self.live("init");
                let flags = libc::CLONE_NEWPID | libc::SIGCHLD;
                sys::clone(flags, &mut body).expect("a pid namespace");
            }
            Some(level) if fork_here().is_none() => self.live(level),
            Some(_) => {}
            None => {
                for _ in 0..self.count {
                    if fork_here().is_none() {
                        self.pause();
                    }
                }
                self.built.write_all(b"x").expect("a first process");
            }
        }
    }

    fn live(&mut self, level: &str) -> ! {
        drop(self.hold.take());
        if level == "reaper" {
            calls::become_subreaper().expect("a subreaper");
        }
        self.grow();
        self.pause()
    }

    fn pause(&mut self) -> ! {
        drop(self.hold.take());
        drop(self.held.read_to_end(&mut Vec::new()));
        sys::end_process(0)
    }
}
