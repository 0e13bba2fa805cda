//! Pids that are given again and again, under a storm: what the table says of one is of one life.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use nix::sys::wait::wait;
use observer::event::Args;
use observer::snapshot::Freshness;
use observer::table::Entry;

use super::act::execute;
use super::monitor;
use super::truth::assert_equal_within;
use crate::support::act::{fork_here, say, wait_for_word};
use crate::support::child::{Actor, act};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{in_guest, patience};
use crate::support::need::{Lack, bpf};
use crate::support::sys::{self, boot_ns};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, last_pid] { no_entry_mixes_two_lives }
    ]
}

/// The kernel gives the next pid behind this one.
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

fn last_pid() -> Option<Lack> {
    let there = Path::new(LAST_PID).exists();
    (!there).then(|| "the kernel lets nobody choose the next pid".into())
}

/// A life: its number, and the boot clock just before and after it was given.
type Given = (usize, u64, u64);

/// Pids are few while this lives: an affliction for everybody else, so it is for guests.
struct FewPids {
    /// As it was.
    limit: String,
}

impl FewPids {
    const PATH: &str = "/proc/sys/kernel/pid_max";

    fn new() -> Self {
        let limit = fs::read_to_string(Self::PATH).expect("a setting");
        fs::write(Self::PATH, "400").expect("a lower limit");
        Self { limit }
    }
}

impl Drop for FewPids {
    fn drop(&mut self) {
        fs::write(Self::PATH, &self.limit).expect("the limit as it was");
    }
}

/// Gives so many lives, a few at a time; then says what they were.
pub(super) fn perform(count: usize) -> ExitCode {
    const ALIVE: usize = 20;
    /// So often the pids begin again.
    const LAP: usize = 4;
    let first = std::process::id().to_string();
    let mut given = Vec::with_capacity(count);
    say("ready");
    for number in 0..count {
        if number % LAP == 0 {
            fs::write(LAST_PID, &first).expect("a pid to go on from");
        }
        let before = boot_ns();
        let pid = fork_here().unwrap_or_else(|| live(number));
        given.push((number, pid, before, boot_ns()));
        if given.len() > ALIVE {
            wait().expect("a child");
        }
    }
    while wait().is_ok() {}
    for (number, pid, before, after) in given {
        say(&format!("life {number} {pid} {before} {after}"));
    }
    say("end");
    while wait_for_word().is_some() {}
    ExitCode::SUCCESS
}

fn live(number: usize) -> ! {
    let name = CString::new(format!("wrap-{number}")).expect("no NUL");
    sys::name_thread(&name).expect("a name");
    match number % 8 {
        1 => execute(number),
        2 => thread::sleep(Duration::from_millis(5)),
        _ => {}
    }
    sys::end_process(0)
}

fn no_entry_mixes_two_lives() {
    const LIVES: usize = 8_000;
    let _fewer = in_guest().then(FewPids::new);
    let monitor = monitor();
    let actor = Actor::new(&mut act(&["table", "wrap", &LIVES.to_string()]));
    actor.hear("ready");
    let parent = actor.pid();
    let mut seen = Vec::new();
    let log = thread::spawn(move || (given(&actor), actor));
    while !log.is_finished() {
        let snapshot = monitor.snapshot(Freshness::Table).expect("a snapshot");
        let is_child = |entry: &Entry| entry.process.parent.is_some_and(|key| key.pid == parent);
        let children = snapshot.processes().iter().filter(|entry| is_child(entry));
        seen.extend(children.cloned());
        thread::sleep(Duration::from_millis(1));
    }
    let (given, actor) = log.join().expect("a log");
    let again = given.values().map(Vec::len).max().expect("lives");
    assert!(again > 100, "no pid was given more than {again} times");
    assert!(seen.len() > 100, "only {} children were in snapshots", seen.len());
    let wrong: Vec<_> = seen.iter().filter_map(|entry| mixture(entry, &given)).collect();
    none_of(&wrong);
    assert_equal_within(&monitor, patience(Duration::from_secs(1)));
    actor.dismiss();
}

/// By pid.
fn given(actor: &Actor) -> BTreeMap<u32, Vec<Given>> {
    let mut given: BTreeMap<u32, Vec<Given>> = BTreeMap::new();
    let mut line = actor.hear_within("", patience(Duration::from_mins(1)));
    while line != "end" {
        let mut numbers = line.split(' ').skip(1).map(str::parse::<u64>);
        let mut next = || numbers.next().expect("four numbers").expect("a number");
        let (number, pid, before, after) = (next(), next(), next(), next());
        let number = usize::try_from(number).expect("a number");
        let pid = u32::try_from(pid).expect("a pid");
        given.entry(pid).or_default().push((number, before, after));
        line = actor.hear("");
    }
    given
}

/// What of an entry is not of the life that its pid and start are of.
fn mixture(entry: &Entry, given: &BTreeMap<u32, Vec<Given>>) -> Option<String> {
    let key = entry.process.key;
    let lives = given.get(&key.pid).map(Vec::as_slice).unwrap_or_default();
    let life = lives.iter().find(|(_, before, after)| (*before..=*after).contains(&key.start_ns));
    let Some((number, ..)) = life else {
        return Some(format!("never given: {entry:?}"));
    };
    let comm = String::from_utf8_lossy(entry.process.comm.as_bytes()).into_owned();
    let foreign_name = comm.starts_with("wrap-") && comm != format!("wrap-{number}");
    let arguments = entry.program.as_ref().map(|program| &program.args);
    let arguments: Vec<&[u8]> = arguments.into_iter().flatten().flat_map(Args::iter).collect();
    let foreign_program = match arguments.get(2) {
        Some(word) if *word == b"exit" => arguments[4] != number.to_string().as_bytes(),
        Some(word) => *word != b"table",
        // Of an exec that is under way the arguments are unknown.
        None => false,
    };
    (foreign_name || foreign_program).then(|| format!("life {number}: {entry:?}"))
}
