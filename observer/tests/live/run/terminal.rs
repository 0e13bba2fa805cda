//! In a terminal the command is where it would be without us.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, setsid};
use tempfile::TempDir;

use super::command::{plain, run};
use crate::support::child::{Lines, Next, Started, program};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, soon};
use crate::support::need::bpf;
use crate::support::program::observer;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            the_same_terminal_on_all_three,
            the_commands_group_is_in_the_foreground,
            the_size_and_its_changes_are_the_commands,
            ctrl_c_kills_the_command_and_the_report_comes,
            ctrl_c_that_the_command_catches_ends_nothing,
            ctrl_z_stops_both_and_fg_goes_on,
            who_is_waited_for_is_told_on_a_terminal,
            ctrl_c_ends_the_following,
        }
    ]
}

/// A command that leads a session on a terminal of its own.
struct Session {
    started: Started,
    keyboard: File,
    screen: Lines,
    seen: Vec<String>,
}

impl Session {
    fn start(mut command: Command) -> Self {
        let (master, slave) = sys::terminal().expect("a terminal");
        sys::resize(&slave, 33, 77).expect("another size");
        let copy = |slave: &OwnedFd| Stdio::from(slave.try_clone().expect("a copy"));
        command.stdin(copy(&slave)).stdout(copy(&slave)).stderr(copy(&slave));
        command.env("TERM", "dumb");
        let fd = slave.as_raw_fd();
        sys::before_exec(&mut command, move || {
            setsid()?;
            sys::control_terminal(fd)
        });
        let started = Started::new(&mut command);
        let screen = Lines::of(File::from(master.try_clone().expect("a copy")));
        Self { started, keyboard: File::from(master), screen, seen: Vec::new() }
    }

    fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// The next line with this in it.
    fn see(&mut self, wanted: &str) -> String {
        let deadline = Instant::now() + soon();
        loop {
            let Next::Line(line) = self.screen.next_before(deadline) else {
                panic!("`{wanted}` should be on the screen: {:#?}", self.seen);
            };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.seen.push(line.clone());
            if line.contains(wanted) {
                return line;
            }
        }
    }

    /// How it ended, and all that was on the screen.
    fn end(mut self) -> (i32, Vec<String>) {
        let ended = self.started.reap();
        while let Next::Line(line) = self.screen.next(Duration::from_millis(100)) {
            self.seen.push(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        assert!(libc::WIFEXITED(ended.status), "status {:#x}: {:#?}", ended.status, self.seen);
        (libc::WEXITSTATUS(ended.status), self.seen)
    }
}

fn shell(script: &str) -> Session {
    Session::start(run(&[], &["sh", "-c", script]))
}

fn the_same_terminal_on_all_three() {
    let mut session = shell(
        "test -t 0 && test -t 1 && test -t 2 && echo three; \
         for fd in 0 1 2; do readlink /proc/$$/fd/$fd; done; tty; echo end; exit 5",
    );
    session.see("three");
    let first = session.see("/dev/pts/");
    session.see("end");
    let names: Vec<_> = session.seen.iter().filter(|line| line.starts_with("/dev/")).collect();
    assert_eq!(names, [&first; 4], "{:#?}", session.seen);
    assert_eq!(session.end().0, 5);
}

fn the_commands_group_is_in_the_foreground() {
    let mut session = shell("read -r line < /proc/$$/stat; echo \"stat ${line##*) }\"; echo $PPID");
    let line = session.see("stat ");
    // State, parent, group, session, terminal, the terminal's group.
    let fields: Vec<_> = line.split_whitespace().skip(1).collect();
    let leader = session.started.pid().to_string();
    assert_eq!(fields[1], leader, "its parent is the program: {line}");
    assert_eq!([fields[2], fields[3], fields[5]], [&leader; 3], "{line}");
    assert_eq!(session.end().0, 0);
}

fn the_size_and_its_changes_are_the_commands() {
    let mut session = shell(
        "trap 'stty size; exit 6' WINCH; stty size; \
         while :; do sleep 0.05; done",
    );
    session.see("33 77");
    let terminal = OwnedFd::from(session.keyboard.try_clone().expect("a copy"));
    sys::resize(&terminal, 20, 100).expect("another size");
    session.see("20 100");
    assert_eq!(session.end().0, 6);
}

/// Where a report is that has been written.
fn with_report(command: &[&str]) -> (TempDir, Session) {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("report");
    let output = ["--output", file.to_str().expect("UTF-8")];
    let session = Session::start(run(&output, command));
    (folder, session)
}

/// No shell: dash forgets a Ctrl-C that comes just when it starts another program.
fn ctrl_c_kills_the_command_and_the_report_comes() {
    let program = program();
    let pause = [program.to_str().expect("UTF-8"), "--act", "pause"];
    let (folder, mut session) = with_report(&pause);
    session.see("ready");
    session.keys("\u{3}");
    let (code, seen) = session.end();
    assert_eq!(code, 130, "{seen:#?}");
    let report = fs::read_to_string(folder.path().join("report")).expect("a report");
    assert!(report.contains("SIGINT"), "{report}");
}

fn ctrl_c_that_the_command_catches_ends_nothing() {
    let script = "trap 'n=$((n+1))' INT; n=0; echo ready; i=0; \
         while [ $i -lt 30 ]; do sleep 0.03; i=$((i+1)); done; echo \"caught $n\"; exit 4";
    let (folder, mut session) = with_report(&["sh", "-c", script]);
    session.see("ready");
    session.keys("\u{3}");
    session.see("caught 1");
    assert_eq!(session.end().0, 4);
    assert!(folder.path().join("report").exists(), "no report");
}

/// An interactive shell is the one who knows of jobs.
fn ctrl_z_stops_both_and_fg_goes_on() {
    let mut session = Session::start(plain(&["sh", "-i"]));
    let observer = observer();
    // What is typed is on the screen as well: a word is only seen when it is said.
    session.keys("stty -echo; echo qui''et\n");
    session.see("quiet");
    session.keys(&format!(
        "{} run --output /dev/null -- sh -c 'echo begun; read line; exit 7'\n",
        observer.display()
    ));
    session.see("begun");
    session.keys("\u{1a}");
    session.see("Stopped");
    session.keys("fg\n");
    session.see("read line");
    session.keys("line\n");
    session.keys("echo \"code $?\"; exit\n");
    session.see("code 7");
    assert_eq!(session.end().0, 0);
}

fn who_is_waited_for_is_told_on_a_terminal() {
    let mut session = shell("sleep 1.5 </dev/null >/dev/null 2>&1 & echo $!; exit 3");
    let line = session.see("still running");
    for word in ["observer: ", "sleep (", "Ctrl-C"] {
        assert!(line.contains(word), "{word}: {line}");
    }
    let (code, seen) = session.end();
    assert_eq!(code, 3);
    assert_eq!(seen.iter().filter(|line| line.contains("still running")).count(), 1, "{seen:#?}");
    // What ends with the command is not worth a word.
    let (_, seen) = shell("sleep 0.05 & exit 3").end();
    assert!(!seen.iter().any(|line| line.contains("still running")), "{seen:#?}");
}

fn ctrl_c_ends_the_following() {
    // Ctrl-C does not reach what a shell puts into the background.
    let mut session = shell("sleep 60 </dev/null >/dev/null 2>&1 & echo left $!; exit 3");
    let left = session.see("left ");
    session.see("still running");
    session.keys("\u{3}");
    let begin = Instant::now();
    let (code, seen) = session.end();
    let pid = left.trim_start_matches("left ").parse().expect("a pid");
    // The terminal's end may have ended it by now.
    let _gone = kill(Pid::from_raw(pid), Signal::SIGKILL);
    assert_eq!(code, 3, "{seen:#?}");
    assert!(begin.elapsed() < patience(Duration::from_secs(1)), "{:?}", begin.elapsed());
}
