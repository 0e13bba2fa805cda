//! A few processes and all their events: quick enough for every kernel and object.

use std::fs;

use crate::support::child::{Actor, Started, act, act_argv, unique};
use crate::support::event::{Event, none_of};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};
use crate::support::proc::Stat;
use crate::support::sys::boot_ns;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            a_few_processes,
            identity_is_boot_pid_and_start,
            numbers_and_times_go_up,
        }
    ]
}

fn a_few_processes() {
    let token = unique("smoke");
    let us = std::process::id();
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let lives: Vec<_> = [0, 1, 42, 255]
        .map(|code| {
            let words = ["exit", &code.to_string(), &format!("{token}-{code}")].map(str::to_owned);
            let words = words.each_ref().map(String::as_str);
            let ended = Started::new(&mut act(&words)).reap();
            (act_argv(&words), ended)
        })
        .into();
    let ended: Vec<_> = lives.iter().map(|(_, ended)| ended.clone()).collect();
    observed.wait_for_exits(&ended);
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    for (argv, ended) in &lives {
        let forks = stream.of_pid("fork", ended.pid, us);
        assert_eq!(forks.len(), 1, "forks of process {}", ended.pid);
        assert_eq!(forks[0].creator_pid(), us, "creator of {}", ended.pid);
        let exec = stream.exec_with(&String::from_utf8_lossy(&argv[4]));
        assert_eq!(exec.arguments().as_ref(), Some(argv), "of {}", ended.pid);
        assert_eq!(exec.pid(), ended.pid, "pid of {exec:?}");
        assert_eq!(exec.parent_pid(), us, "parent of {exec:?}");
        assert_eq!(exec.id(), forks[0].id(), "identity since the fork");
        assert_eq!(exec.path(), argv[0], "executable of {exec:?}");
        assert_users(exec);
        none_of(&stream.exit_of(exec).differences_from(ended));
    }
}

fn assert_users(event: &Event) {
    let ids = [
        ("/process/user/id", nix::unistd::geteuid().as_raw()),
        ("/process/real_user/id", nix::unistd::getuid().as_raw()),
        ("/process/group/id", nix::unistd::getegid().as_raw()),
        ("/process/real_group/id", nix::unistd::getgid().as_raw()),
    ];
    for (pointer, id) in ids {
        assert_eq!(event.number(pointer), Some(id.into()), "{pointer} of {event:?}");
    }
}

fn identity_is_boot_pid_and_start() {
    let token = unique("identity");
    let mut observed = Observed::start(&[]);
    let actor = Actor::new(&mut act(&["pause", &token]));
    actor.hear("ready");
    let truth = format!("{}-{}-{}", boot_prefix(), actor.pid(), start(actor.pid()));
    let own_start = start(std::process::id());
    actor.dismiss();
    observed.fence();
    let stream = observed.stop();
    let exec = stream.exec_with(&token);
    assert_eq!(exec.id(), truth, "identity of {exec:?}");
    assert_eq!(stream.exit_of(exec).id(), truth);
    assert_eq!(
        exec.text("/process/parent_id"),
        Some(format!("{}-{}-{own_start}", boot_prefix(), std::process::id()).as_str()),
        "identity of the parent, in {exec:?}"
    );
}

fn boot_prefix() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").expect("a boot id");
    id[..8].to_owned()
}

/// When a process began, in clock ticks since boot.
fn start(pid: u32) -> u64 {
    Stat::of(pid).expect("a live process").start()
}

fn numbers_and_times_go_up() {
    let began = boot_ns();
    let mut observed = Observed::start(&["-e", "fork,exec,exit"]);
    let fence = observed.fence();
    observed.fence();
    let stream = observed.stop();
    assert_sequence(&stream);
    let over = boot_ns();
    for event in stream.events.iter().filter(|e| e.is_of_process()) {
        let at = event.expect_number("/boot_ns");
        assert!((began..over).contains(&at), "boot_ns of {event:?}");
        assert_eq!(event.text("/origin"), Some("bpf"), "origin of {event:?}");
        assert_eq!(event.number("/v"), Some(1), "schema version of {event:?}");
    }
    let us = std::process::id();
    let exec = stream.of_pid("exec", fence.pid, us)[0];
    let at = exec.expect_number("/boot_ns");
    assert!((fence.began..fence.over).contains(&at), "time of {exec:?}");
    assert_wall_clock(exec);
}

fn assert_sequence(stream: &Stream) {
    let numbers: Vec<_> =
        stream.events.iter().filter_map(|event| Some((event.number("/seq")?, event))).collect();
    for pair in numbers.windows(2) {
        assert!(pair[0].0 < pair[1].0, "seq of {:?} and {:?}", pair[0].1, pair[1].1);
    }
}

/// The event's calendar time is its time since boot, as this machine's clocks stand now.
fn assert_wall_clock(event: &Event) {
    let text = event.text("/time").expect("a time");
    let time = seconds_of_day(text);
    let age = boot_ns() - event.expect_number("/boot_ns");
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    let truth = (now.as_secs() - age / 1_000_000_000) % 86_400;
    let off = time.abs_diff(truth);
    assert!(off <= 2 || off >= 86_398, "time {text}, should be {truth} s into the day");
    assert!(text.ends_with('Z'), "JSON times are UTC, got {text}");
}

fn seconds_of_day(time: &str) -> u64 {
    let (_, clock) = time.split_once('T').expect("a time of RFC 3339");
    let parts: Vec<u64> =
        clock[..8].split(':').map(|part| part.parse().expect("a number")).collect();
    parts[0] * 3600 + parts[1] * 60 + parts[2]
}
