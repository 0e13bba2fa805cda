//! The three forms of output, their order, and where a stream ends.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::child::{Ended, Lines, Next, Started, act, program, quiet_act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, soon};
use crate::support::need::bpf;
use crate::support::observed::{Observed, events};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            hello_then_ready_then_events,
            text_has_a_header_rows_and_totals,
            text_without_headers,
            text_never_has_a_raw_control_byte,
            text_tells_signals_by_name,
            plain_is_event_pid_and_file,
            a_count_ends_the_stream,
            a_duration_ends_the_stream,
            times,
        }
    ]
}

fn hello_then_ready_then_events() {
    let mut observed = Observed::start(&[]);
    observed.fence();
    let stream = observed.stop();
    let kinds: Vec<_> = stream.events.iter().map(Event::kind).collect();
    assert_eq!(kinds[0], "hello", "the first line");
    assert_eq!(stream.events[0].number("/v"), Some(1), "{:?}", stream.events[0]);
    let ready = kinds.iter().position(|kind| *kind == "ready").expect("ready");
    let first = stream.events.iter().position(Event::is_of_process);
    assert!(first.is_some_and(|first| ready < first), "order of {kinds:?}");
    for kind in ["hello", "ready", "bye"] {
        let count = kinds.iter().filter(|other| **other == kind).count();
        assert_eq!(count, 1, "lines `{kind}`");
    }
    let words: Vec<_> = stream.errors.lines().collect();
    assert!(words.len() <= 1, "more than the totals on stderr: {words:?}");
    stream.bye();
}

/// `observer events` in text, read until it ends.
struct Text {
    started: Started,
    lines: Lines,
    seen: Vec<Vec<u8>>,
    ready: Lines,
    messages: Vec<String>,
}

/// All that it wrote.
struct Written {
    lines: Vec<Vec<u8>>,
    messages: Vec<String>,
    status: ExitStatus,
}

impl Text {
    fn start(arguments: &[&str]) -> Self {
        let mut command = events(arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut started = Started::new(&mut command);
        let lines = Lines::of(started.child.stdout.take().expect("a pipe"));
        let ready = Lines::of(started.child.stderr.take().expect("a pipe"));
        let mut text = Self { started, lines, seen: Vec::new(), ready, messages: Vec::new() };
        text.wait_until_ready();
        text
    }

    fn wait_until_ready(&mut self) {
        let deadline = Instant::now() + soon();
        while self.messages.last().is_none_or(|line| line != "observer: ready") {
            match self.ready.next_before(deadline) {
                Next::Line(line) => self.messages.push(utf8(&line)),
                other => panic!("not ready: {other:?}, stderr: {:?}", self.messages),
            }
        }
    }

    /// The first row that contains this word, seen already or still to come.
    fn row(&mut self, word: &str) -> String {
        self.row_that(word, |row| row.contains(word))
    }

    /// The row of one event of a child of ours.
    fn row_of(&mut self, kind: &str, pid: u32) -> String {
        let cells = [kind, &pid.to_string(), &std::process::id().to_string()].map(str::to_owned);
        self.row_that(&cells.join(" "), |row| {
            let row: Vec<_> = row.split_whitespace().collect();
            row.windows(3).any(|three| three == cells)
        })
    }

    fn row_that(&mut self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + soon();
        let fits = |line: &[u8]| {
            let line = String::from_utf8_lossy(line).into_owned();
            wanted(&line).then_some(line)
        };
        if let Some(line) = self.seen.iter().find_map(|line| fits(line)) {
            return line;
        }
        loop {
            match self.lines.next_before(deadline) {
                Next::Line(line) => {
                    self.seen.push(line);
                    if let Some(line) = fits(self.seen.last().expect("just pushed")) {
                        return line;
                    }
                }
                other => panic!("no row `{what}`: {other:?}"),
            }
        }
    }

    fn stop(self) -> Written {
        self.started.signal(Signal::SIGINT);
        self.finish()
    }

    fn finish(mut self) -> Written {
        let deadline = Instant::now() + soon();
        for (lines, what) in [(&self.lines, "stdout"), (&self.ready, "stderr")] {
            loop {
                match lines.next_before(deadline) {
                    Next::Line(line) if what == "stdout" => self.seen.push(line),
                    Next::Line(line) => self.messages.push(utf8(&line)),
                    Next::End => break,
                    Next::Late => panic!("no end of {what}"),
                }
            }
        }
        let ended = self.started.reap();
        Written {
            lines: self.seen,
            messages: self.messages,
            status: std::os::unix::process::ExitStatusExt::from_raw(ended.status),
        }
    }
}

fn utf8(line: &[u8]) -> String {
    str::from_utf8(line)
        .unwrap_or_else(|_| panic!("not UTF-8: {:?}", String::from_utf8_lossy(line)))
        .to_owned()
}

fn run_exit(code: &str, token: &str) -> Ended {
    Started::new(&mut act(&["exit", code, token])).reap()
}

/// The cells of a row, from the event's name on: the time before it may have blanks of its own.
fn cells<'a>(row: &'a str, kind: &str) -> Vec<&'a str> {
    let cells: Vec<_> = row.split_whitespace().collect();
    let at = cells.iter().position(|cell| *cell == kind);
    let at = at.unwrap_or_else(|| panic!("no cell `{kind}` in `{row}`"));
    cells[at..].to_vec()
}

fn text_has_a_header_rows_and_totals() {
    let token = unique("text");
    let mut text = Text::start(&[]);
    let ended = run_exit("3", &token);
    let (pid, us) = (ended.pid.to_string(), std::process::id().to_string());
    let exec = text.row(&token);
    let uid = nix::unistd::geteuid().to_string();
    let program = program();
    let program = program.to_str().expect("UTF-8");
    assert_eq!(
        cells(&exec, "exec"),
        ["exec", &pid, &us, &uid, "-", "-", program, "--act", "exit", "3", &token],
        "row `{exec}`"
    );
    let exit = text.row_of("exit", ended.pid);
    assert_eq!(cells(&exit, "exit")[..6], ["exit", &pid, &us, &uid, "-", "3"], "row `{exit}`");
    let written = text.stop();
    let header = utf8(&written.lines[0]);
    let names: Vec<_> = header.split_whitespace().collect();
    let wanted = ["TIME", "EVENT", "PID", "PPID", "UID", "CONTAINER", "STATUS", "ARGS"];
    assert_eq!(names, wanted, "header");
    assert_eq!(written.status.code(), Some(0), "after Ctrl-C");
    assert_eq!(written.messages[0], "observer: ready", "first message");
    let totals = written.messages.last().expect("totals");
    let has_number = totals.contains(|c: char| c.is_ascii_digit());
    assert!(totals.contains("lost") && has_number, "totals: {totals}");
}

fn text_without_headers() {
    let token = unique("no-headers");
    let mut text = Text::start(&["--no-headers"]);
    run_exit("0", &token);
    text.row(&token);
    let written = text.stop();
    let header = written.lines.iter().find(|line| utf8(line).contains("PPID"));
    assert!(header.is_none(), "a header: {header:?}");
}

/// Bytes that move a cursor, end a line, or turn a text around.
const HOSTILE: [&[u8]; 10] = [
    b"\x1b[2J\x1b]0;title\x07",
    b"line\nbreak\r\x0b\x0c",
    b"back\x08space\x7f",
    b"\xc2\x9b31m\xc2\x85\xc2\x90",
    "\u{202e}turned\u{202c}\u{2066}\u{2069}".as_bytes(),
    "\u{200f}\u{200e}\u{61c}\u{2028}\u{2029}".as_bytes(),
    b"\xff\xfe\x80\x9b31m",
    b"\x01\x02\x03\x1f",
    b"tab\there",
    b"\xe2\x80",
];

fn text_never_has_a_raw_control_byte() {
    for form in [&[][..], &["--plain"], &["--color", "never"]] {
        let token = unique("hostile");
        let mut text = Text::start(form);
        let folder = tempfile::tempdir().expect("a folder");
        for (i, hostile) in HOSTILE.iter().enumerate() {
            let name = [hostile, token.as_bytes(), i.to_string().as_bytes()].concat();
            let path = folder.path().join(OsStr::from_bytes(&name));
            std::os::unix::fs::symlink(program(), &path).expect("a link");
            let mut command = quiet_act(&path, "exit 0");
            command.arg0(OsStr::from_bytes(&name));
            Started::new(command.arg(OsStr::from_bytes(hostile)).arg("")).reap();
        }
        text.row(&format!("{token}{}", HOSTILE.len() - 1));
        let written = text.stop();
        let rows = written.lines.iter().filter(|row| utf8(row).contains(&token));
        assert!(rows.count() >= HOSTILE.len(), "a row each");
        for row in &written.lines {
            assert_calm(&utf8(row), form);
        }
    }
}

fn assert_calm(row: &str, form: &[&str]) {
    let separators = if form == ["--plain"] { "\t" } else { "" };
    let hostile = row.chars().find(|&c| {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
        (c.is_control() && !separators.contains(c)) || turns
    });
    assert_eq!(hostile, None, "a raw control character in {row:?}");
    if form == ["--plain"] {
        assert_eq!(row.split('\t').count(), 3, "cells of {row:?}");
    }
}

fn text_tells_signals_by_name() {
    let mut text = Text::start(&[]);
    for name in ["SIGKILL", "SIGTERM", "SIGSEGV"] {
        let ended = Started::new(&mut act(&["die", name, &unique("die")])).reap();
        let row = text.row_of("exit", ended.pid);
        assert_eq!(cells(&row, "exit")[5], name, "row `{row}`");
    }
    text.stop();
}

fn plain_is_event_pid_and_file() {
    let mut text = Text::start(&["--plain"]);
    let ended = run_exit("0", &unique("plain"));
    let program = program();
    let file = program.to_str().expect("UTF-8");
    let row = text.row(&format!("exec\t{}\t", ended.pid));
    assert_eq!(row, format!("exec\t{}\t{file}", ended.pid));
    text.stop();
}

/// Keeps short processes coming until it is dropped.
struct Trickle {
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Trickle {
    fn start() -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let worker = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                run_exit("0", "trickle");
                thread::sleep(Duration::from_millis(20));
            }
        });
        Self { stop, worker: Some(worker) }
    }
}

impl Drop for Trickle {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            drop(worker.join());
        }
    }
}

fn a_count_ends_the_stream() {
    for (count, text) in [(1_usize, "1"), (3, "3"), (10, "10")] {
        let observed = Observed::start(&["-n", text]);
        let _trickle = Trickle::start();
        let stream = observed.finish(patience(Duration::from_secs(3)));
        stream.assert_code(0);
        stream.assert_balanced();
        let printed = stream.events.iter().filter(|e| e.is_of_process()).count();
        assert_eq!(printed, count, "events of -n {text}");
    }
}

fn a_duration_ends_the_stream() {
    let began = Instant::now();
    let mut observed = Observed::start(&["--for", "1s"]);
    observed.fence();
    let stream = observed.finish(patience(Duration::from_secs(2)));
    let took = began.elapsed();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    assert!(took >= Duration::from_millis(990), "ended after {took:?}");
}

fn times() {
    for form in ["local", "utc", "unix", "boot", "delta", "none"] {
        let token = unique(form);
        let mut text = Text::start(&["--time", form]);
        let ended = run_exit("0", &token);
        let row = text.row(&token);
        let time = row.split("exec").next().unwrap_or("").trim().to_owned();
        let header = utf8(&text.stop().lines[0]);
        match form {
            "none" => assert!(!header.contains("TIME"), "header `{header}`"),
            "boot" => assert_between(&time, ended.began, ended.over),
            _ => assert!(time.contains(|c: char| c.is_ascii_digit()), "time in `{row}`"),
        }
    }
}

/// Seconds since boot, to whatever precision.
fn assert_between(time: &str, began: u64, over: u64) {
    let seconds: f64 = time.trim_end_matches('s').parse().expect("seconds since boot");
    let bounds = [began, over].map(|ns| Duration::from_nanos(ns).as_secs_f64());
    let near = 0.01;
    assert!(
        (bounds[0] - near..bounds[1] + near).contains(&seconds),
        "boot time {time}, should be within {bounds:?}"
    );
}
