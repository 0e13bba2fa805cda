//! Snapshots with the default columns open nothing below /proc.

use std::fs::{self, File};
use std::process::{Command, ExitCode};
use std::time::Duration;

use observer::facts::Facts;
use observer::field::default_columns;

use super::monitor;
use crate::child::{Started, make_bare, program};
use crate::harness::{Case, btf, cases, in_guest, patience, root, scaled, unlocked};

/// Guests have no strace.
pub(crate) fn cases() -> Vec<Case> {
    if in_guest() {
        return Vec::new();
    }
    cases![snapshots_open_nothing_below_proc: [root, unlocked, btf, strace]]
}

fn strace() -> Option<String> {
    let runs = Command::new("strace").arg("--version").output().is_ok();
    (!runs).then(|| "no strace is installed".to_owned())
}

/// Opening this tells where the snapshots begin and end.
const MARK: &str = "/dev/null";

/// So many snapshots, between two marks.
pub(super) fn perform(count: usize) -> ExitCode {
    let wanted: Facts = default_columns().iter().map(|column| column.field.needs).collect();
    let monitor = monitor();
    File::open(MARK).expect("a mark");
    for _ in 0..count {
        let snapshot = monitor.snapshot_for(wanted).expect("a snapshot");
        let listing = snapshot.listing(wanted);
        let ours = listing.rows.iter().find(|row| row.pid == std::process::id());
        let arguments = ours.and_then(|row| row.arguments.as_ref());
        assert!(arguments.is_some_and(|arguments| !arguments.is_empty()), "our own arguments");
    }
    File::open(MARK).expect("a mark");
    ExitCode::SUCCESS
}

fn snapshots_open_nothing_below_proc() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls");
    let mut command = Command::new("strace");
    make_bare(&mut command);
    command.args(["-f", "-qq", "-e", "trace=open,openat,openat2", "-o"]).arg(&file);
    command.arg(program()).args(["--act", "table", "quiet", &scaled(1000).to_string()]);
    let within = patience(Duration::from_secs(20));
    assert_eq!(Started::new(&mut command).reap_within(within).status, 0, "status of strace");
    let calls = fs::read_to_string(file).expect("a log");
    let marks: Vec<_> = calls.match_indices(&format!("\"{MARK}\"")).collect();
    let [.., (begin, _), (end, _)] = marks.as_slice() else { panic!("no marks in {calls}") };
    assert!(calls[..*begin].contains("\"/proc/"), "a start reads /proc, so that it would be seen");
    let opened: Vec<_> =
        calls[*begin..*end].lines().filter(|call| call.contains("/proc")).collect();
    assert_eq!(opened, Vec::<&str>::new());
}
