//! Nothing is missed, whatever signals the reader gets.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use observer::tracepoint::{Event, Observer};
use tempfile::TempDir;

use crate::support::act::say;
use crate::support::child::{Actor, Started, act, program, quiet_act};
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, patience, scaled};
use crate::support::need::perf;
use crate::support::sys;

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [perf] { execs_are_complete_under_signals }
        Host [perf] {
            execs_are_complete_when_the_reader_was_stopped,
            the_example_prints_what_is_executed,
        }
    ]
}

/// Counts the execs of files below a path until the one that is the last.
pub(super) fn count_execs(prefix: &str, last: &str) -> ExitCode {
    sys::interrupt_on(Signal::SIGUSR1);
    let mut observer = Observer::new();
    let exec = observer.add_tracepoint("sched:sched_process_exec").expect("a tracepoint");
    observer.open().expect("an open observer");
    say("ready");
    let (mut seen, mut lost) = (0, 0);
    loop {
        match observer.read_event().expect("an event") {
            Event::Tracepoint(event) => {
                assert_eq!(event.source(), exec, "nothing else was asked for");
                let filename = event.get_string("filename").expect("a file name");
                if filename == last {
                    break;
                }
                seen += u32::from(filename.starts_with(prefix));
            }
            Event::Lost(event) => lost += event.count,
            other => panic!("{other:?}"),
        }
    }
    say(&format!("seen {seen}, lost {lost}"));
    ExitCode::SUCCESS
}

/// One program under two names.
struct Names {
    folder: TempDir,
}

impl Names {
    fn new() -> Self {
        let folder = TempDir::new().expect("a folder");
        for name in ["each", "last"] {
            symlink(program(), folder.path().join(name)).expect("a link");
        }
        Self { folder }
    }

    fn text(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    fn run(&self, name: &str) {
        let path = self.folder.path().join(name);
        Started::new(&mut quiet_act(&path, "exit 0")).reap();
    }
}

/// How many runs of how many execs.
fn effort() -> (usize, usize) {
    if in_guest() { (1, 200) } else { (scaled(2), 2_000) }
}

/// Executes while something happens to the reader, again and again.
fn complete(disturb: impl Fn(&Started, &AtomicBool) + Sync) {
    let (runs, execs) = effort();
    let names = Names::new();
    for run in 0..runs {
        let (each, last) = (names.text("each"), names.text("last"));
        let reader = Actor::new(&mut act(&["tracepoint", "count-execs", &each, &last]));
        reader.hear_within("ready", patience(Duration::from_secs(3)));
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            let disturbed = &reader.started;
            let disturbance = scope.spawn(|| disturb(disturbed, &over));
            for _ in 0..execs {
                names.run("each");
            }
            over.store(true, Ordering::Relaxed);
            disturbance.join().expect("a disturbance");
        });
        names.run("last");
        let heard = reader.hear_within("seen", patience(Duration::from_secs(3)));
        assert_eq!(heard, format!("{execs}, lost 0"), "run {run}");
        reader.dismiss();
    }
}

fn execs_are_complete_under_signals() {
    complete(|reader, over| {
        while !over.load(Ordering::Relaxed) {
            reader.signal(Signal::SIGUSR1);
            thread::sleep(Duration::from_micros(50));
        }
    });
}

fn execs_are_complete_when_the_reader_was_stopped() {
    complete(|reader, over| {
        while !over.load(Ordering::Relaxed) {
            reader.signal(Signal::SIGSTOP);
            thread::sleep(Duration::from_millis(100));
            reader.signal(Signal::SIGCONT);
            thread::sleep(Duration::from_millis(50));
        }
    });
}

fn the_example_prints_what_is_executed() {
    let names = Names::new();
    let example = Actor::new(&mut act(&["tracepoint", "snoop"]));
    wait_until_it_waits(example.pid());
    let path = Path::new(names.folder.path()).join("each");
    let ended = Started::new(&mut quiet_act(&path, "exit 0")).reap();
    let wanted = format!("{}\t{}", ended.pid, path.display());
    while example.hear("exec") != wanted {}
}

/// It says nothing when it is ready; then it has its rings and sleeps.
fn wait_until_it_waits(pid: u32) {
    let ready = || {
        let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        maps.contains("anon_inode:[perf_event]") && stat.contains(") S ")
    };
    let deadline = std::time::Instant::now() + patience(Duration::from_secs(3));
    while !ready() {
        assert!(std::time::Instant::now() < deadline, "the example does not wait");
        thread::sleep(Duration::from_millis(20));
    }
    // The last tracepoint is enabled behind the mapping of its ring.
    thread::sleep(Duration::from_millis(200));
}
