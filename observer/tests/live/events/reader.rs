//! What happens to the reader: stopped, continued, its output closed, its terminal resized.

use std::fs::File;
use std::io::Read as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::events::storm;
use crate::support::child::{Ended, Lines, Next, Started, program, quiet_act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled, soon};
use crate::support::need::bpf;
use crate::support::observed::{Observed, events};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            stopped_and_continued_under_load,
            terminal_resized,
            output_closed_after_one_line,
            output_closed_while_nothing_happens,
            output_closed_in_text,
            output_nobody_reads,
            sigterm_ends_like_ctrl_c,
        }
        EveryKernel [bpf] { stopped_and_continued_when_quiet }
    ]
}

fn stopped_and_continued_under_load() {
    let token = unique("stopped");
    let mut observed = Observed::start(&[]);
    let acts = storm::exits(&token, scaled(2_000));
    let lives = thread::scope(|scope| {
        let storm = scope.spawn(|| storm::run(&acts, 2));
        for _ in 0..3 {
            thread::sleep(Duration::from_millis(50));
            observed.signal(Signal::SIGSTOP);
            thread::sleep(Duration::from_millis(200));
            observed.signal(Signal::SIGCONT);
        }
        storm.join().expect("a storm")
    });
    observed.fence();
    let us = std::process::id();
    observed.reach(lives.len() + 1, |e| e.is("exit") && e.parent_pid() == us);
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_balanced();
    let prefix = format!("{token}-");
    let seen = stream.of_kind("exec").filter(|e| storm::storm_token(e, &prefix).is_some()).count();
    let missing = (lives.len() - seen) as u64;
    let lost = stream.bye().expect_number("/lost");
    assert!(missing <= lost, "{missing} execs are missing, {lost} events told as lost");
}

fn stopped_and_continued_when_quiet() {
    let mut observed = Observed::start(&[]);
    observed.signal(Signal::SIGSTOP);
    thread::sleep(Duration::from_millis(300));
    observed.signal(Signal::SIGCONT);
    observed.fence();
    observed.stop().assert_nothing_lost();
}

/// Runs a process whose argument 0 is a word of its own, short enough for any width.
fn run_named(word: &str) -> Ended {
    use std::os::unix::process::CommandExt as _;
    Started::new(quiet_act(&program(), "exit 0").arg0(word)).reap()
}

fn terminal_resized() {
    let (master, slave) = sys::terminal().expect("a terminal");
    sys::resize(&master, 24, 200).expect("a size");
    let mut command = events(&[]);
    command.stdout(Stdio::from(slave)).stderr(Stdio::piped());
    let mut started = Started::new(&mut command);
    // The command holds the program's side of the terminal until now.
    drop(command);
    let messages = Lines::of(started.child.stderr.take().expect("a pipe"));
    expect_line(&messages, "observer: ready");
    let screen = Lines::of(File::from(master.try_clone().expect("a copy")));
    for columns in [80, 20, 300, 1, 120] {
        sys::resize(&master, 24, columns).expect("a size");
        started.signal(Signal::SIGWINCH);
        thread::sleep(Duration::from_millis(50));
    }
    for _ in 0..3 {
        let word = format!("w{}", sys::boot_ns() % 1_000_000_000);
        run_named(&word);
        expect_line(&screen, &word);
        started.signal(Signal::SIGWINCH);
    }
    started.signal(Signal::SIGINT);
    let ended = started.reap();
    assert_eq!(ended.status, 0, "the end after Ctrl-C");
}

/// Reads until a line has these words.
fn expect_line(lines: &Lines, words: &str) {
    let deadline = Instant::now() + soon();
    let mut seen = Vec::new();
    loop {
        match lines.next_before(deadline) {
            Next::Line(line) if String::from_utf8_lossy(&line).contains(words) => return,
            Next::Line(line) => seen.push(String::from_utf8_lossy(&line).into_owned()),
            other => panic!("no line with `{words}`: {other:?}, but {seen:?}"),
        }
    }
}

/// Starts it with a pipe, reads the first line, closes the pipe, and waits for the end.
fn close_after_one_line(arguments: &[&str], then: impl FnOnce()) {
    let mut command = events(arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut started = Started::new(&mut command);
    let mut stdout = started.child.stdout.take().expect("a pipe");
    let mut stderr = started.child.stderr.take().expect("a pipe");
    let first = read_line(&mut stdout);
    assert!(!first.is_empty(), "a first line");
    drop(stdout);
    then();
    let ended = started.reap_within(patience(Duration::from_secs(2)));
    let mut messages = String::new();
    stderr.read_to_string(&mut messages).expect("a message");
    let messages = messages.replace("observer: ready\n", "");
    assert_eq!(messages, "", "a closed pipe is no error to talk of");
    let status = ExitStatus::from_raw(ended.status);
    let quiet = status.code() == Some(0) || status.signal() == Some(libc::SIGPIPE);
    assert!(quiet, "the end of a program whose reader has gone: {status:?}");
}

/// One line and not a byte more, so that the rest stays in the pipe.
fn read_line(stream: &mut impl std::io::Read) -> String {
    let mut line = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).expect("a readable pipe") == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    String::from_utf8(line).expect("UTF-8")
}

fn output_closed_after_one_line() {
    close_after_one_line(&["--json"], || {
        run_named("one-more");
    });
}

fn output_closed_while_nothing_happens() {
    // No process has this name: nothing is ever printed again.
    close_after_one_line(&["--json", "-C", "no such name"], || {});
}

fn output_closed_in_text() {
    close_after_one_line(&[], || {
        run_named("one-more");
    });
}

/// A pipe that is full and never read: Ctrl-C ends the program all the same.
fn output_nobody_reads() {
    let mut command = events(&["--json"]);
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut started = Started::new(&mut command);
    let mut stdout = started.child.stdout.take().expect("a pipe");
    while !read_line(&mut stdout).contains("\"ready\"") {}
    let token = unique("unread");
    storm::run(&storm::exits(&token, 200), 2);
    thread::sleep(Duration::from_millis(300));
    started.signal(Signal::SIGINT);
    thread::sleep(Duration::from_millis(300));
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).expect("UTF-8");
    let last = rest.lines().next_back().expect("a line");
    assert!(last.contains("\"bye\""), "the last line is {last}");
    let seen = rest.lines().filter(|line| line.contains(&token)).count();
    assert!(seen >= 200, "{seen} lines of 200 processes");
    assert_eq!(started.reap().status, 0, "the end after Ctrl-C");
}

fn sigterm_ends_like_ctrl_c() {
    let mut observed = Observed::start(&[]);
    observed.fence();
    let stream = observed.stop_by(Signal::SIGTERM);
    stream.assert_code(0);
    stream.assert_nothing_lost();
}
