//! Snapshots with the default columns open nothing below /proc.

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::child::Started;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::{Lack, bpf, on_the_host};
use crate::support::program::observer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, strace] { listings_open_nothing_below_proc }
    ]
}

fn strace() -> Option<Lack> {
    on_the_host(|| {
        let runs = Command::new("strace").arg("--version").output().is_ok();
        (!runs).then(|| "no strace is installed".to_owned())
    })
}

/// From the first listing's text on.
fn listings_open_nothing_below_proc() {
    let count = scaled(1000);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("calls");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-s", "64", "-e", "trace=open,openat,openat2,write", "-o"]);
    command.arg(&file).arg(observer());
    command.args(["ps", "--every", "1ms", "-n", &count.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    let within = patience(Duration::from_secs(20));
    assert_eq!(Started::new(&mut command).reap_within(within).status, 0, "status of strace");
    let calls = fs::read_to_string(file).expect("a log");
    let (start, steady) = calls.split_once("write(1, ").expect("a listing");
    assert!(start.contains("\"/proc"), "a start reads /proc, so that it would be seen");
    // An empty line stands between two.
    let later = steady.matches(r#"write(1, "\nUSER "#).count();
    assert_eq!(1 + later, count, "listings");
    let opened: Vec<_> = steady.lines().filter(|call| call.contains("\"/proc")).collect();
    assert_eq!(opened, Vec::<&str>::new());
}
