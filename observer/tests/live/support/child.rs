//! Processes that a test starts: reaped with `wait4`, or ended by force, never left behind.

use std::ffi::CString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{env, thread};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::support::machine::{patience, soon};
use crate::support::sys::{self, boot_ns};

/// A process of which `wait4` has told the end.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) pid: u32,
    /// As `wait4` gave it.
    pub(crate) status: i32,
    pub(crate) cpu_ns: u64,
    /// In bytes.
    pub(crate) max_rss: u64,
    /// Just before the start and just after the end, by the boot clock.
    pub(crate) began: u64,
    pub(crate) over: u64,
}

/// A process of ours; killed if dropped before it is reaped.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) child: Child,
    began: u64,
    reaped: bool,
}

impl Started {
    pub(crate) fn try_new(command: &mut Command) -> io::Result<Self> {
        let began = boot_ns();
        let child = command.spawn()?;
        Ok(Self { child, began, reaped: false })
    }

    pub(crate) fn new(command: &mut Command) -> Self {
        Self::try_new(command).unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn began(&self) -> u64 {
        self.began
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// Waits for the end, within ten times what a short life takes.
    pub(crate) fn reap(self) -> Ended {
        self.reap_within(patience(Duration::from_secs(3)))
    }

    pub(crate) fn reap_within(mut self, within: Duration) -> Ended {
        let pid = self.pid();
        let ended = reap(pid, self.began, within);
        self.reaped = true;
        ended
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        if self.reaped {
            return;
        }
        // It may be gone already, and a stopped process must go as well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reaps a child by its pid; one that does not end in time is a failure, and is killed.
pub(crate) fn reap(pid: u32, began: u64, within: Duration) -> Ended {
    let waited = sys::wait4_within(pid, within)
        .unwrap_or_else(|error| panic!("cannot wait for process {pid}: {error}"))
        .unwrap_or_else(|| {
            send(pid, Signal::SIGKILL);
            panic!("process {pid} did not end within {within:?}")
        });
    Ended {
        pid,
        status: waited.status,
        cpu_ns: u64::try_from(waited.cpu.as_nanos()).expect("a short time"),
        max_rss: waited.max_rss,
        began,
        over: boot_ns(),
    }
}

pub(crate) fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(pid.cast_signed()), signal)
        .unwrap_or_else(|error| panic!("cannot send {signal} to process {pid}: {error}"));
}

/// This very program, which performs the acts.
pub(crate) fn program() -> PathBuf {
    env::current_exe().expect("the path of this program")
}

pub(crate) fn c_string(path: &Path) -> CString {
    CString::new(path.as_os_str().to_owned().into_vec()).expect("a path without NUL")
}

/// A command that performs an act; its whole argument list is `argv`.
pub(crate) fn act(words: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.arg("--act").args(words);
    make_bare(&mut command);
    command
}

/// The variable by which a runner of these tests finds what they left behind.
const MARK: &str = "OBSERVER_TEST_RUN";

/// Nearly no environment, no input, no output.
pub(crate) fn make_bare(command: &mut Command) {
    command.env_clear();
    if let Some(mark) = env::var_os(MARK) {
        command.env(MARK, mark);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null());
}

/// The argument list that `act` makes.
pub(crate) fn act_argv(words: &[&str]) -> Vec<Vec<u8>> {
    let program = program().into_os_string().into_vec();
    let words = words.iter().map(|word| word.as_bytes().to_vec());
    [program, b"--act".to_vec()].into_iter().chain(words).collect()
}

/// A command whose arguments are free: the act stands in the environment.
pub(crate) fn quiet_act(path: &Path, words: &str) -> Command {
    let mut command = Command::new(path);
    make_bare(&mut command);
    command.env(crate::support::act::VARIABLE, words);
    command
}

/// A word that no other process of the machine has among its arguments.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}-{}", std::process::id(), boot_ns())
}

/// An act that talks: commands in, answers out. It ends when its input does.
pub(crate) struct Actor {
    pub(crate) started: Started,
    input: Option<ChildStdin>,
    lines: Lines,
}

impl Actor {
    pub(crate) fn new(command: &mut Command) -> Self {
        let mut started = Started::new(command.stdin(Stdio::piped()).stdout(Stdio::piped()));
        let input = started.child.stdin.take();
        let lines = Lines::of(started.child.stdout.take().expect("a pipe"));
        Self { started, input, lines }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.started.pid()
    }

    pub(crate) fn tell(&mut self, line: &str) {
        let input = self.input.as_mut().expect("an open pipe");
        writeln!(input, "{line}").expect("a listening act");
    }

    /// The rest of the next line, which should begin with `word`.
    pub(crate) fn hear(&self, word: &str) -> String {
        self.hear_within(word, soon())
    }

    /// Waits for the word within this time, from an act that has more to do.
    pub(crate) fn hear_within(&self, word: &str, within: Duration) -> String {
        let line = match self.lines.next(within) {
            Next::Line(line) => String::from_utf8_lossy(&line).into_owned(),
            other => panic!("act {} should say `{word}`, got {other:?}", self.started.pid()),
        };
        let rest = line
            .strip_prefix(word)
            .unwrap_or_else(|| panic!("an act should say `{word}`, said `{line}`"));
        rest.trim_start().to_owned()
    }

    pub(crate) fn hear_number(&self, word: &str) -> u32 {
        let text = self.hear(word);
        text.parse().unwrap_or_else(|_| panic!("`{word}` should have a number, got `{text}`"))
    }

    /// Ends its input, and with it the act.
    pub(crate) fn dismiss(mut self) -> Ended {
        drop(self.input.take());
        self.started.reap()
    }
}

/// Lines of a stream, read by a thread of their own so that no wait is endless.
pub(crate) struct Lines {
    receiver: Receiver<Vec<u8>>,
}

#[derive(Debug)]
pub(crate) enum Next {
    Line(Vec<u8>),
    End,
    Late,
}

impl Lines {
    pub(crate) fn of(source: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::with_capacity(1 << 18, source).split(b'\n') {
                // A terminal ends with an error when its program has gone.
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { receiver }
    }

    pub(crate) fn next(&self, within: Duration) -> Next {
        match self.receiver.recv_timeout(within) {
            Ok(line) => Next::Line(line),
            Err(RecvTimeoutError::Timeout) => Next::Late,
            Err(RecvTimeoutError::Disconnected) => Next::End,
        }
    }

    pub(crate) fn next_before(&self, deadline: Instant) -> Next {
        self.next(deadline.saturating_duration_since(Instant::now()))
    }
}
