//! `observer verify`: on this machine the live table says what /proc says, whatever happens.

use std::io;
use std::process::{ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::events::storm;
use crate::ps::scene::{Variety, with_ids};
use crate::support::child::{Lines, Next, Started, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled, soon};
use crate::support::need::bpf;
use crate::support::program::{give_object, observer_by_descriptor, observer_with, output};
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            this_machine_agrees,
            processes_of_every_kind_agree,
        }
        Host [bpf] { within_a_second_after_a_loss_they_agree }
        Host [bpf] {
            short_lived_processes_agree,
            ctrl_c_ends_with_the_summary,
            nobody_is_not_permitted,
        }
    ]
}

fn verify(arguments: &[&str]) -> Command {
    let mut command = observer_with(&[&["verify"], arguments].concat());
    give_object(&mut command);
    command
}

/// The document of a comparison that found nothing.
fn agreed(arguments: &[&str]) -> Value {
    let mut command = verify(&[&["--json"], arguments].concat());
    let (status, out, errors) = output(&mut command, patience(Duration::from_secs(6)));
    assert_eq!(status.code(), Some(0), "{errors}{out}");
    assert_eq!(errors, "", "stderr");
    let report: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(report["agree"], true, "{report}");
    report
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn this_machine_agrees() {
    let (status, out, errors) = output(&mut verify(&["--for", "1s"]), soon());
    assert_eq!(status.code(), Some(0), "{errors}{out}");
    let line = out.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "one line, the summary: {out}");
    assert!(line.starts_with("observer: ") && line.ends_with(": all agree"), "{line}");
}

/// They come while it looks on, so that events tell of them; some become another user after that,
/// of which no event tells.
fn processes_of_every_kind_agree() {
    let looking = thread::spawn(|| agreed(&["--for", "3s"]));
    thread::sleep(Duration::from_millis(500));
    let kinds = Variety::new();
    let changed = [with_ids(), with_ids()];
    let report = looking.join().expect("a comparison");
    let columns = report["columns"].as_object().expect("columns");
    for (name, count) in columns {
        assert!(number(&count["checked"]) > 0, "{name} was never compared: {report}");
        assert_eq!(number(&count["differ"]), 0, "{name}");
    }
    for name in ["user", "ruid", "stat", "rss", "vsz", "time", "tty", "netns", "groups", "args"] {
        assert!(columns.contains_key(name), "{name} was not compared");
    }
    assert!(number(&report["processes"]) >= kinds.pids().len() as u64);
    drop(changed);
}

fn short_lived_processes_agree() {
    let report = agreed(&["--churn", "1000", "--for", "2s"]);
    assert!(number(&report["snapshots"]) > 0, "{report}");
}

/// A ring of one page, and a storm while nobody reads it: the table is torn, and mends itself.
fn within_a_second_after_a_loss_they_agree() {
    let running = Running::start(&["--json", "--ring", "4096"]);
    running.started.signal(Signal::SIGSTOP);
    storm::run(&storm::exits(&unique("verify"), scaled(3_000).max(100)), 4);
    running.started.signal(Signal::SIGCONT);
    thread::sleep(Duration::from_secs(1));
    // Two more: the first may have begun before.
    for _ in 0..2 {
        running.next_comparison();
    }
    let report: Value = serde_json::from_str(&running.stop()).expect("one document");
    assert!(number(&report["lost"]) > 0, "nothing was lost: {report}");
    assert!(number(&report["repairs"]) > 0, "nothing was mended: {report}");
    assert!(number(&report["snapshots"]) > 1, "{report}");
    assert_eq!(report["agree"], true, "{report}");
}

fn ctrl_c_ends_with_the_summary() {
    let out = Running::start(&[]).stop();
    let last = out.lines().last().unwrap_or_default();
    assert!(last.starts_with("observer: ") && last.ends_with(": all agree"), "{out}");
}

/// `observer verify -v`, which compares until it is told to end.
struct Running {
    started: Started,
    out: ChildStdout,
    errors: Lines,
}

impl Running {
    /// Waits for the first comparison.
    fn start(arguments: &[&str]) -> Self {
        let mut command = verify(&[&["--for", "10m", "-v"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut started = Started::new(&mut command);
        let out = started.child.stdout.take().expect("a pipe");
        let errors = Lines::of(started.child.stderr.take().expect("a pipe"));
        let running = Self { started, out, errors };
        running.next_comparison();
        running
    }

    fn next_comparison(&self) {
        match self.errors.next(soon()) {
            Next::Line(line) => assert!(line.starts_with(b"observer: "), "{line:?}"),
            other => panic!("no comparison: {other:?}"),
        }
    }

    /// Ctrl-C, and what it prints in the end.
    fn stop(self) -> String {
        self.started.signal(Signal::SIGINT);
        let ended = self.started.reap();
        let out = io::read_to_string(self.out).expect("text");
        assert_eq!(ended.status, 0, "status: {out}");
        out
    }
}

fn nobody_is_not_permitted() {
    let (mut command, _program) = observer_by_descriptor(&["verify"]);
    sys::before_exec(&mut command, become_nobody);
    let (status, out, errors) = output(&mut command, soon());
    assert_eq!((status.code(), out.as_str()), (Some(4), ""), "{errors}");
    assert!(errors.contains("CAP_BPF and CAP_PERFMON are missing"), "{errors}");
}
