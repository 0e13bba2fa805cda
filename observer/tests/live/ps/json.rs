//! The document of `observer ps --json`, and that it names a process as the live stream does.

use std::fs;

use super::scene::{paused, with_ids};
use super::snapshot::Snapshot;
use crate::support::child::{Actor, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::need::{bpf, root};
use crate::support::observed::Observed;
use crate::support::proc::{Stat, status};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] { the_head }
        Host [root] {
            a_process,
            absent_never_null,
        }
        Host [bpf] { the_stream_tells_the_same }
    ]
}

fn the_head() {
    let before = crate::support::sys::boot_ns();
    let snapshot = Snapshot::take("pid");
    let after = crate::support::sys::boot_ns();
    let document = &snapshot.document;
    assert_eq!(document["v"], 1);
    let head = &document["snapshot"];
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    assert_eq!(head["boot_id"], boot.trim());
    assert_eq!(head["origin"], "proc");
    assert_eq!(head["complete"], true);
    let time = head["time"].as_str().expect("a time");
    assert!(time.ends_with('Z') && time.contains('T'), "time {time}");
    let taken = head["boot_ns"].as_str().and_then(|text| text.parse::<u64>().ok());
    assert!(taken.is_some_and(|taken| (before..=after).contains(&taken)), "{head}");
    let only = Snapshot::with(&["-p", "1"]).rows.remove(0);
    assert_eq!(only.pid(), 1);
}

fn a_process() {
    let actor = with_ids();
    let pid = actor.pid();
    let snapshot = Snapshot::with(&["-p", &pid.to_string(), "-o", "pid,user"]);
    let row = &snapshot.rows[0];
    assert_eq!(row.life().start, Stat::of(pid).expect("a live process").start());
    for (pointer, truth) in [
        ("/process/pid", u64::from(pid)),
        ("/process/vpid", u64::from(pid)),
        ("/process/parent_pid", u64::from(std::process::id())),
        ("/process/user/id", 2),
        ("/process/real_user/id", 1),
        ("/process/group/id", 1002),
        ("/process/real_group/id", 1001),
    ] {
        assert_eq!(row.number(pointer), truth, "{pointer} of {row:?}");
    }
    assert_eq!(row.arguments(), [&b"paused"[..], b"for a test"]);
    let program = fs::read_link(format!("/proc/{pid}/exe")).expect("a program");
    assert_eq!(row.text("/process/executable/path"), program.to_str().expect("UTF-8"));
    for kind in ["pid", "mnt", "net", "user", "uts", "ipc", "cgroup", "time"] {
        let Ok(link) = fs::read_link(format!("/proc/{pid}/ns/{kind}")) else { continue };
        let inode = row.number(&format!("/process/ns/{kind}"));
        assert_eq!(link.to_str(), Some(&*format!("{kind}:[{inode}]")), "{kind} namespace");
    }
    assert_eq!(row.cell("pid"), status(pid, "Pid"));
}

fn absent_never_null() {
    let text = Snapshot::take("pid,exe,cwd,container,tty,label").document.to_string();
    assert!(!text.contains(":null") && !text.contains("[null"), "a null");
}

fn the_stream_tells_the_same() {
    let token = unique("same");
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let actor = Actor::new(&mut act(&["pause", &token]));
    actor.hear("ready");
    let exec = observed.wait_for("exec", |e| e.is("exec") && e.has_argument(&token));
    let own = std::process::id().to_string();
    let pids = format!("{},{own}", actor.pid());
    let snapshot = Snapshot::with(&["-p", &pids, "-o", "pid"]);
    let row = snapshot.row(actor.pid());
    for pointer in ["/process/id", "/process/parent_id", "/process/comm", "/process/linux/cgroup"] {
        assert_eq!(exec.text(pointer), Some(row.text(pointer)), "{pointer} of {exec:?}");
    }
    for pointer in ["/process/ns", "/process/user", "/process/real_group", "/process/command_args"]
    {
        assert_eq!(exec.field(pointer), row.field(pointer), "{pointer} of {exec:?}");
    }
    let [told, read] =
        [exec.text("/process/creation/boot_ns"), Some(row.text("/process/creation/boot_ns"))]
            .map(|text| text.and_then(|text| text.parse::<u64>().ok()).expect("nanoseconds"));
    assert!(told - read < 10_000_000, "creation by the event {told}, by /proc {read}: a tick less");
    let exec_time = exec.text("/process/creation/time").expect("a time");
    assert_eq!(exec_time[..16], row.text("/process/creation/time")[..16], "creation to the minute");
    let paused = paused(|| Ok(()));
    assert_ne!(paused.pid(), actor.pid());
}
