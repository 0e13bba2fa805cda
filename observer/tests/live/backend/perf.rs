//! Events without eBPF: every life, in order, and of what lives long enough everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use observer::event::{Event as Told, Kind, What};
use observer::feed::Feed;
use observer::source::{Backend, Options, open};

use super::perf_ends::{PERF, told_end, true_end};
use crate::events::storm::{self, Life};
use crate::support::child::{Actor, Ended, Started, act, act_argv, program, send, unique};
use crate::support::event::{Event, none_of};
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, patience, scaled};
use crate::support::need::{Lack, bpf, perf};
use crate::support::observed::{Observed, Stream, bare_events};
use crate::support::sys;
use crate::trace::act::see_tracefs;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            every_process_of_a_storm,
            who_sleeps_is_woken,
        }
        EveryKernel [bpf, perfmon_is_enough] { by_itself_where_bpf_is_refused }
        EveryKernel [bpf] { what_lives_on_is_known_as_by_bpf }
        Host [perf] {
            not_inside_a_pid_namespace,
            what_has_happened_is_told_when_asked,
        }
    ]
}

fn every_process_of_a_storm() {
    let token = unique("perf-storm");
    let mut observed = Observed::start(&[&PERF[..], &["--ring", "32M"]].concat());
    let lives = storm::run(&storm::exits(&token, scaled(20_000)), 2);
    reach_the_ends(&mut observed, &lives);
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    none_of(&differences(&lives, &stream));
}

fn reach_the_ends(observed: &mut Observed, lives: &[Life]) {
    let us = std::process::id();
    observed.reach(lives.len(), |event| event.is("exit") && event.parent_pid() == us);
}

/// Each life is told by one fork, one exec and one exit, in this order and with one identity.
fn differences(lives: &[Life], stream: &Stream) -> Vec<String> {
    let us = std::process::id();
    let mut by_id: BTreeMap<&str, Vec<&Event>> = BTreeMap::new();
    let mut by_pid: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for event in stream.events.iter().filter(|event| event.is_of_process()) {
        by_id.entry(event.id()).or_default().push(event);
        if event.is("fork") && event.parent_pid() == us {
            by_pid.entry(event.pid()).or_default().push(event.id());
        }
    }
    let mut found = Vec::new();
    let mut lives: Vec<_> = lives.iter().collect();
    lives.sort_by_key(|(_, ended)| ended.began);
    let mut seen: BTreeMap<u32, usize> = BTreeMap::new();
    for (words, ended) in lives {
        let index = seen.entry(ended.pid).or_default();
        let id = by_pid.get(&ended.pid).and_then(|ids| ids.get(*index));
        *index += 1;
        let events = id.and_then(|id| by_id.get(id)).map_or(&[][..], Vec::as_slice);
        found.extend(differences_of_life(words, ended, events));
    }
    let forks: usize = by_pid.values().map(Vec::len).sum();
    let lives: usize = seen.values().sum();
    if forks != lives {
        found.push(format!("{forks} forks of ours, should be {lives}"));
    }
    found
}

fn differences_of_life(words: &[String], ended: &Ended, events: &[&Event]) -> Option<String> {
    let kinds: Vec<_> = events.iter().map(|event| event.kind()).collect();
    let pid = ended.pid;
    let [_, exec, exit] = events else {
        return Some(format!("process {pid}: {kinds:?}"));
    };
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let path = program().into_os_string().into_encoded_bytes();
    let wrong = [
        ("the order of events", kinds == ["fork", "exec", "exit"]),
        ("the file", exec.path() == path),
        (
            "the arguments, which may be absent",
            exec.arguments().is_none_or(|all| all == act_argv(&words)),
        ),
        ("the end", told_end(exit) == true_end(ended.status)),
        ("the parent at the end", exit.parent_pid() == std::process::id()),
    ];
    let wrong = wrong.into_iter().find(|(_, right)| !right)?.0;
    Some(format!("process {pid}: {wrong} differs: {events:?}"))
}

const PARANOID: &str = "/proc/sys/kernel/perf_event_paranoid";

/// Some distributions have a level above 2, at which `CAP_PERFMON` counts for nothing. In a guest
/// it is nobody else's.
fn perfmon_is_enough() -> Option<Lack> {
    let level = || fs::read_to_string(PARANOID).ok()?.trim().parse::<i32>().ok();
    if level() > Some(2) && in_guest() {
        fs::write(PARANOID, "2").expect("a setting of the guest");
    }
    (level() > Some(2)).then(|| "perf_event_paranoid is above 2".into())
}

const CAP_SYS_ADMIN: libc::c_ulong = 21;
const CAP_BPF: libc::c_ulong = 39;

/// `observer events` as it is where a container may trace, but not load programs: tracefs is
/// mounted, and `CAP_BPF` is missing.
fn without_bpf(arguments: &[&str]) -> Command {
    let mut command = bare_events(&["--json"]);
    command.args(arguments);
    sys::before_exec(&mut command, || {
        see_tracefs()?;
        [CAP_SYS_ADMIN, CAP_BPF].into_iter().try_for_each(sys::forbid_capability)
    });
    command
}

/// Both report one process after the other, as the same events in the same order.
fn by_itself_where_bpf_is_refused() {
    let kinds = ["-e", "fork,exec,exit"];
    let mut by_bpf = Observed::start(&[&kinds[..], &["--backend", "bpf"]].concat());
    let mut by_perf = Observed::of(&mut without_bpf(&kinds));
    let lives = storm::run(&storm::exits(&unique("beside"), scaled(300)), 1);
    for observed in [&mut by_bpf, &mut by_perf] {
        reach_the_ends(observed, &lives);
    }
    let [by_bpf, by_perf] = [by_bpf, by_perf].map(Observed::stop);
    by_perf.assert_code(0);
    by_perf.assert_nothing_lost();
    for told in ["observer: cannot use bpf: ", "CAP_BPF", "using tracepoints instead"] {
        assert!(by_perf.errors.contains(told), "`{told}` is not in: {}", by_perf.errors);
    }
    let us = std::process::id();
    let pids: BTreeSet<u32> = lives.iter().map(|(_, ended)| ended.pid).collect();
    let told = |stream: &Stream| -> Vec<(String, u32)> {
        let ours = |event: &&Event| event.parent_pid() == us && pids.contains(&event.pid());
        let events = stream.events.iter().filter(ours);
        events.map(|event| (event.kind().to_owned(), event.pid())).collect()
    };
    let [by_bpf, by_perf] = [told(&by_bpf), told(&by_perf)];
    assert_eq!(by_bpf.len(), 3 * lives.len());
    let differ = by_bpf.iter().zip(&by_perf).position(|(one, other)| one != other);
    assert_eq!(differ, None, "by bpf {by_bpf:?}, by perf {by_perf:?}");
    assert_eq!(by_perf.len(), by_bpf.len());
}

/// Members of an event that two sources tell differently by their nature.
const ANOTHER: [&str; 5] = ["seq", "time", "boot_ns", "origin", "cpu"];

fn what_lives_on_is_known_as_by_bpf() {
    let kinds = ["-e", "exec"];
    let mut by_bpf = Observed::start(&[&kinds[..], &["--backend", "bpf"]].concat());
    let mut by_perf = Observed::start(&[&kinds[..], &["--backend", "perf"]].concat());
    let flags = libc::CLONE_NEWUTS | libc::CLONE_NEWIPC | libc::CLONE_NEWPID | libc::CLONE_NEWNS;
    for flags in [0, flags, libc::CLONE_NEWTIME] {
        let token = unique("lives-on");
        let mut actor = Actor::new(&mut act(&["spaces", &format!("{flags:x}"), &token]));
        // The child says that it is ready, and its parent who it is.
        let lines = [actor.hear(""), actor.hear("")];
        let pid = lines.iter().find_map(|line| line.strip_prefix("child ")?.parse::<u32>().ok());
        let pid = pid.expect("the child's pid");
        let told = [&mut by_bpf, &mut by_perf].map(|observed| {
            let exec = |event: &Event| event.is("exec") && event.pid() == pid;
            let mut event = observed.wait_for("exec of the child", exec).0;
            let members = event.as_object_mut().expect("an object");
            members.retain(|name, _| !ANOTHER.contains(&name.as_str()));
            let process = members["process"].as_object_mut().expect("an object");
            process.remove("creation");
            event
        });
        assert_eq!(told[0], told[1], "by bpf and by perf, flags {flags:x}");
        actor.tell("");
        actor.dismiss();
    }
    for observed in [by_bpf, by_perf] {
        observed.stop();
    }
}

/// There the pids of tracepoints are not those of /proc.
fn not_inside_a_pid_namespace() {
    let mut command = bare_events(&["--backend", "perf"]);
    command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::piped());
    sys::before_exec(&mut command, inside);
    let output = command.output().expect("an end");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(4), "{errors}");
    assert!(errors.contains("pid namespace") && errors.contains("--pid=host"), "{errors}");
}

/// Goes on as the first process of a pid namespace; what stays outside ends as that one does.
fn inside() -> io::Result<()> {
    sys::private_mounts()?;
    sys::unshare(libc::CLONE_NEWPID)?;
    if let Some(child) = sys::fork_single_threaded()? {
        let status = sys::wait4_within(child.as_raw().cast_unsigned(), Duration::from_mins(10))?;
        sys::end_process(status.map_or(1, |waited| libc::WEXITSTATUS(waited.status)));
    }
    sys::mount(c"proc", c"/proc", Some(c"proc"), 0)
}

fn options(kinds: &[Kind]) -> Options {
    Options { backend: Backend::Perf, kinds: kinds.to_vec(), ..Options::default() }
}

/// Nothing is held back then, however fresh.
fn what_has_happened_is_told_when_asked() {
    let source = open(&options(&[Kind::FORK, Kind::EXIT])).expect("a source").source;
    let mut feed = Feed::new(source);
    for _ in 0..scaled(100) {
        let ended = Started::new(&mut act(&["exit", "0"])).reap();
        let mut told = Vec::new();
        let mut note = |event: Told| {
            if event.what.key().is_some_and(|key| key.pid == ended.pid) {
                told.push(matches!(event.what, What::Exit { .. }));
            }
        };
        feed.settle(&mut note).expect("an answer");
        assert_eq!(told, [false, true], "process {}", ended.pid);
    }
}

/// A reader with nothing to do waits without a timer of its own, and misses nothing by that.
fn who_sleeps_is_woken() {
    let mut events = observer::Events::open(&options(&[Kind::EXIT])).expect("an observation");
    for _ in 0..5 {
        let paused = Started::new(&mut act(&["pause"]));
        let pid = paused.pid();
        let told = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // Long enough for the reader to have given up looking.
                std::thread::sleep(Duration::from_millis(200));
                send(pid, Signal::SIGKILL);
                paused.reap();
                let deadline = Instant::now() + patience(Duration::from_secs(1));
                while !told.load(Ordering::Relaxed) && Instant::now() < deadline {
                    std::thread::sleep(Duration::from_millis(10));
                }
                // Wakes a reader that slept on.
                Started::new(&mut act(&["exit", "0"])).reap();
            });
            let begin = Instant::now();
            while events.recv().expect("an event").what.key().map(|key| key.pid) != Some(pid) {}
            told.store(true, Ordering::Relaxed);
            let late = begin.elapsed() > patience(Duration::from_secs(1));
            assert!(!late, "the end of process {pid} was told after {:?}", begin.elapsed());
        });
    }
}
