//! `observer events`, started, read and stopped.

use std::io::Read as _;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::support::child::{Ended, Lines, Next, Started, act, unique};
use crate::support::event::Event;
use crate::support::machine::{patience, preempts, soon};
use crate::support::program::{give_object, observer_with};

/// `observer events` with the object that the environment asks for.
pub(crate) fn events(arguments: &[&str]) -> Command {
    let mut command = bare_events(arguments);
    give_object(&mut command);
    command
}

/// `observer events` with its own object.
pub(crate) fn bare_events(arguments: &[&str]) -> Command {
    observer_with(&[&["events"], arguments].concat())
}

/// A running `observer events --json` and what it has said so far.
pub(crate) struct Observed {
    started: Started,
    lines: Lines,
    errors: JoinHandle<Vec<u8>>,
    events: Vec<Event>,
}

/// A stream that has ended.
pub(crate) struct Stream {
    pub(crate) events: Vec<Event>,
    pub(crate) status: ExitStatus,
    pub(crate) errors: String,
}

impl Observed {
    /// Starts it and waits until nothing can be missed any more.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::of(events(&["--json"]).args(arguments))
    }

    /// Observes with a command of the caller's.
    pub(crate) fn of(command: &mut Command) -> Self {
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut started = Started::new(command);
        let stdout = started.child.stdout.take().expect("a pipe");
        let mut stderr = started.child.stderr.take().expect("a pipe");
        let errors = thread::spawn(move || {
            let mut text = Vec::new();
            stderr.read_to_end(&mut text).expect("a readable pipe");
            text
        });
        let mut observed = Self { started, lines: Lines::of(stdout), errors, events: Vec::new() };
        observed.wait_for("ready", |event| event.is("ready"));
        observed
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.started.signal(signal);
    }

    pub(crate) fn pid(&self) -> u32 {
        self.started.pid()
    }

    /// The first event of this kind, seen already or still to come.
    pub(crate) fn wait_for(&mut self, what: &str, wanted: impl Fn(&Event) -> bool) -> Event {
        self.wait_for_count(what, 1, &wanted);
        self.events.iter().find(|event| wanted(event)).expect("it was counted").clone()
    }

    /// Waits until as many events of this kind have been seen, from the start of the stream.
    pub(crate) fn wait_for_count(
        &mut self,
        what: &str,
        count: usize,
        wanted: impl Fn(&Event) -> bool,
    ) {
        let seen = self.reach(count, wanted);
        assert!(
            seen >= count,
            "{seen} of {count} events `{what}`, then nothing for {:?}; last: {:?}",
            soon(),
            self.events.last()
        );
    }

    /// Waits for so many events, for callers that can tell afterwards which are missing.
    pub(crate) fn reach(&mut self, count: usize, wanted: impl Fn(&Event) -> bool) -> usize {
        let mut seen = self.events.iter().filter(|event| wanted(event)).count();
        let mut deadline = Instant::now() + soon();
        while seen < count {
            let Some(event) = self.next(deadline) else {
                break;
            };
            if wanted(&event) {
                seen += 1;
                deadline = Instant::now() + soon();
            }
            self.events.push(event);
        }
        seen
    }

    /// `None` when nothing comes before the deadline. The end of the stream is a failure.
    fn next(&mut self, deadline: Instant) -> Option<Event> {
        match self.lines.next_before(deadline) {
            Next::Line(line) => Some(Event::parse(&line)),
            Next::Late => None,
            Next::End => self.fail_at_end(),
        }
    }

    fn fail_at_end(&mut self) -> ! {
        let status = self.started.child.wait();
        let errors = std::mem::replace(&mut self.errors, thread::spawn(Vec::new));
        let errors = errors.join().expect("the reader of stderr");
        panic!(
            "the stream ended too early: {status:?}, stderr: {}",
            String::from_utf8_lossy(&errors)
        );
    }

    /// What has been read so far, of one kind.
    pub(crate) fn seen(&self, wanted: impl Fn(&Event) -> bool) -> Vec<Event> {
        let seen = self.events.iter().filter(|event| wanted(event));
        seen.cloned().collect()
    }

    /// Runs one more process and waits for its exit: what happened before is then likely here.
    pub(crate) fn fence(&mut self) -> Ended {
        let token = unique("fence");
        let ended = Started::new(&mut act(&["exit", "0", &token])).reap();
        let exec = self.wait_for(&format!("exec of {token}"), |event| {
            event.is("exec") && event.has_argument(&token)
        });
        assert_eq!(exec.pid(), ended.pid, "pid of the fence {token}");
        self.wait_for(&format!("exit of {token}"), |event| {
            event.is("exit") && event.id() == exec.id()
        });
        ended
    }

    /// Waits for the exit of each of these children of ours.
    pub(crate) fn wait_for_exits(&mut self, ended: &[Ended]) {
        let pids: Vec<u32> = {
            let mut pids: Vec<u32> = ended.iter().map(|ended| ended.pid).collect();
            pids.sort_unstable();
            pids
        };
        let us = std::process::id();
        self.wait_for_count("exit of our children", ended.len(), |event| {
            event.is("exit") && event.parent_pid() == us && pids.binary_search(&event.pid()).is_ok()
        });
    }

    /// Ctrl-C, and the rest of the stream.
    pub(crate) fn stop(self) -> Stream {
        self.stop_by(Signal::SIGINT)
    }

    pub(crate) fn stop_by(self, signal: Signal) -> Stream {
        self.signal(signal);
        self.finish(patience(Duration::from_secs(3)))
    }

    /// Reads until the program ends by itself.
    pub(crate) fn finish(mut self, within: Duration) -> Stream {
        let deadline = Instant::now() + within;
        loop {
            match self.lines.next_before(deadline) {
                Next::Line(line) => self.events.push(Event::parse(&line)),
                Next::End => break,
                Next::Late => panic!("observer did not end within {within:?}"),
            }
        }
        let ended = self.started.reap();
        Stream {
            events: self.events,
            status: std::os::unix::process::ExitStatusExt::from_raw(ended.status),
            errors: text(self.errors.join().expect("the reader of stderr")),
        }
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("messages in UTF-8")
}

impl Stream {
    pub(crate) fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Event> + use<'_> {
        let kind = kind.to_owned();
        self.events.iter().filter(move |event| event.is(&kind))
    }

    /// Events of one kind and pid; `parent` tells its lives apart where pids come round again.
    pub(crate) fn of_pid(&self, kind: &str, pid: u32, parent: u32) -> Vec<&Event> {
        self.of_kind(kind)
            .filter(|event| event.pid() == pid && event.parent_pid() == parent)
            .collect()
    }

    /// The only exec with this argument.
    pub(crate) fn exec_with(&self, word: &str) -> &Event {
        self.find_exec(word).unwrap_or_else(|| {
            let odd = |e: &&Event| {
                e.is("lost") || (e.is("exec") && e.arguments().is_none_or(|all| all.is_empty()))
            };
            let odd: Vec<_> = self.events.iter().filter(odd).collect();
            panic!("no exec with the argument {word}; lost, or without arguments: {odd:?}")
        })
    }

    /// The exec with this word, if it was reported.
    pub(crate) fn find_exec(&self, word: &str) -> Option<&Event> {
        let mut found = self.of_kind("exec").filter(|e| e.has_argument(word));
        let exec = found.next();
        assert!(found.next().is_none(), "a second exec with {word}");
        exec
    }

    /// Of processes with an event that is missing: none if as many were told as skipped, which
    /// kernels do that preempt programs, and no others.
    pub(crate) fn unexplained(&self, missing: Vec<String>) -> Vec<String> {
        let skips = self.of_kind("lost").filter(|gap| gap.text("/where") == Some("skipped"));
        let skipped: u64 = skips.map(|gap| gap.expect_number("/count")).sum();
        let is_borne = preempts() && missing.len() as u64 <= skipped;
        if is_borne { Vec::new() } else { missing }
    }

    /// The only exit of the process of this event.
    pub(crate) fn exit_of(&self, event: &Event) -> &Event {
        let exits: Vec<_> = self.of_kind("exit").filter(|exit| exit.id() == event.id()).collect();
        assert_eq!(exits.len(), 1, "exits of {event:?}: {exits:?}");
        exits[0]
    }

    pub(crate) fn bye(&self) -> &Event {
        let last = self.events.last().expect("a stream");
        assert!(last.is("bye"), "the last line should be bye, is {last:?}");
        last
    }

    /// The balance of the stream: nothing is unaccounted for.
    pub(crate) fn assert_balanced(&self) {
        let bye = self.bye();
        let [produced, delivered, lost, printed] = ["produced", "delivered", "lost", "printed"]
            .map(|name| bye.expect_number(&format!("/{name}")));
        assert_eq!(produced, delivered + lost, "produced, in {bye:?}");
        let told: u64 = self.of_kind("lost").map(|event| event.expect_number("/count")).sum();
        assert_eq!(told, lost, "sum of the lost events, in {bye:?}");
        let lines = self.events.iter().filter(|e| e.is_of_process()).count();
        assert_eq!(printed, lines as u64, "printed lines, in {bye:?}");
    }

    /// But for what a kernel skips that preempts programs: `skipped::…` sees to that. An event that
    /// is missing for it fails the test that wants it.
    pub(crate) fn assert_nothing_lost(&self) {
        self.assert_balanced();
        let is_borne = |gap: &&Event| preempts() && gap.text("/where") == Some("skipped");
        let gaps: Vec<_> = self.of_kind("lost").filter(|gap| !is_borne(gap)).collect();
        assert!(gaps.is_empty(), "lost, at {gaps:?}");
    }

    pub(crate) fn assert_code(&self, code: i32) {
        assert_eq!(self.status.code(), Some(code), "{:?}, stderr: {}", self.status, self.errors);
    }
}
