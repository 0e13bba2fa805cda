//! What /proc says of all processes, and where the table says something else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use observer::Monitor;
use observer::snapshot::{Freshness, Snapshot};
use observer::table::{Entry, State};

use crate::support::event::none_of;
use crate::support::sys::boot_ns;

/// /proc counts starts in hundredths of a second.
pub(super) const TICK_NS: u64 = 10_000_000;

/// One process, as /proc has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// In clock ticks since boot.
    pub(super) start: u64,
    pub(super) parent: u32,
    comm: Vec<u8>,
    pub(super) is_zombie: bool,
    /// Of a leader that has ended ahead of its threads /proc shows none.
    arguments: Option<Vec<u8>>,
    cgroups: BTreeSet<String>,
    /// A zombie has left its v1 cgroups, and so has a leader that has ended.
    leader_ended: bool,
}

impl Shown {
    /// `None` for a process that has gone.
    pub(super) fn of(pid: u32) -> Option<Self> {
        let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let open = stat.iter().position(|byte| *byte == b'(')?;
        let close = stat.iter().rposition(|byte| *byte == b')')?;
        let fields: Vec<&str> =
            str::from_utf8(&stat[close + 1..]).ok()?.split(' ').skip(1).collect();
        let number = |name: usize| fields[name - 3].parse::<u64>().expect("a number");
        let leader_ended = fields[0] == "Z" || fields[0] == "X";
        let is_zombie = leader_ended && number(20) <= 1;
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let cgroups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
        let paths = cgroups.lines().filter_map(|line| line.splitn(3, ':').nth(2));
        let alive = |path: &str| path.strip_suffix(" (deleted)").unwrap_or(path).to_owned();
        Some(Self {
            start: number(22),
            parent: u32::try_from(number(4)).expect("a pid"),
            comm: stat[open + 1..close].to_vec(),
            is_zombie,
            arguments: (is_zombie || !leader_ended).then_some(arguments),
            cgroups: paths.map(alive).collect(),
            leader_ended,
        })
    }

    /// What the table says instead.
    fn differences(&self, entry: &Entry) -> Vec<String> {
        let process = &entry.process;
        let parent = process.parent.map_or(0, |parent| parent.pid);
        let is_zombie = entry.state != State::Running;
        let arguments = entry.arguments();
        let cgroup = &process.cgroup;
        let comm = String::from_utf8_lossy(process.comm.as_bytes());
        let known = |path: &String| self.cgroups.contains(path);
        let facts = [
            (self.parent == parent, format!("parent {parent}")),
            // /proc has longer names for kernel threads.
            (self.comm.starts_with(process.comm.as_bytes()), format!("comm {comm}")),
            (self.is_zombie == is_zombie, format!("zombie {is_zombie}")),
            (
                self.arguments.is_none() || self.arguments.as_deref() == arguments.as_deref(),
                format!("arguments {arguments:?}"),
            ),
            (
                cgroup.as_ref().is_some_and(|cgroup| {
                    let v1 = cgroup.v1.as_ref();
                    known(&cgroup.v2) && (self.leader_ended || v1.is_none_or(known))
                }),
                format!("cgroup {cgroup:?}"),
            ),
        ];
        let wrong = facts.into_iter().filter(|(right, _)| !right);
        wrong.map(|(_, what)| format!("{what}, /proc has {self:?}")).collect()
    }
}

/// All processes, as a walk through /proc shows them.
pub(super) struct Proc {
    began_ns: u64,
    pub(super) shown: BTreeMap<u32, Shown>,
}

impl Proc {
    pub(super) fn read() -> Self {
        let began_ns = boot_ns();
        let entries = fs::read_dir("/proc").expect("/proc").flatten();
        let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let shown = pids.filter_map(|pid| Some((pid, Shown::of(pid)?))).collect();
        Self { began_ns, shown }
    }

    pub(super) fn children(&self, parent: u32) -> Vec<u32> {
        let children = self.shown.iter().filter(|(_, shown)| shown.parent == parent);
        children.map(|(pid, _)| *pid).collect()
    }

    fn has(&self, entry: &Entry) -> bool {
        let key = entry.process.key;
        self.shown.get(&key.pid).is_some_and(|shown| shown.start == key.start_ns / TICK_NS)
    }
}

/// Where a snapshot differs from two walks around it, as far as those are the same.
fn differences(before: &Proc, snapshot: &Snapshot, after: &Proc) -> BTreeSet<String> {
    let mut wrong = BTreeSet::new();
    let ascending =
        |pair: &[std::sync::Arc<Entry>]| pair[0].process.key.pid < pair[1].process.key.pid;
    for pair in snapshot.processes().windows(2).filter(|pair| !ascending(pair)) {
        wrong.insert(format!("{:?} is there twice or out of order", pair[1].process.key));
    }
    for (pid, shown) in
        before.shown.iter().filter(|(pid, shown)| after.shown.get(pid) == Some(shown))
    {
        let entry = snapshot.get(*pid);
        let Some(entry) = entry.filter(|e| e.process.key.start_ns / TICK_NS == shown.start) else {
            wrong.insert(format!("process {pid} is missing: {shown:?}, there is {entry:?}"));
            continue;
        };
        let found = shown.differences(entry);
        wrong.extend(found.into_iter().map(|what| format!("process {pid}: {what}")));
    }
    for entry in snapshot.processes() {
        let key = entry.process.key;
        let is_new = key.start_ns / TICK_NS >= before.began_ns / TICK_NS;
        if !is_new && !before.has(entry) && !after.has(entry) {
            wrong.insert(format!("a ghost: {entry:?}"));
        }
    }
    wrong
}

fn look(monitor: &Monitor) -> BTreeSet<String> {
    let before = Proc::read();
    let snapshot = monitor.snapshot(Freshness::Table).expect("a snapshot");
    let after = Proc::read();
    differences(&before, &snapshot, &after)
}

/// Where the table differs from /proc for longer than it takes an event to be sent: the kernel shows
/// what it did some instructions before it tells.
pub(super) fn lasting_differences(monitor: &Monitor) -> Vec<String> {
    let first = look(monitor);
    if first.is_empty() {
        return Vec::new();
    }
    thread::sleep(Duration::from_millis(50));
    look(monitor).intersection(&first).cloned().collect()
}

/// Waits until the table equals /proc, no longer than `within`.
pub(crate) fn assert_equal_within(monitor: &Monitor, within: Duration) {
    let deadline = Instant::now() + within;
    loop {
        let wrong = look(monitor);
        if wrong.is_empty() {
            return;
        }
        if Instant::now() >= deadline {
            none_of(&wrong.into_iter().collect::<Vec<_>>());
        }
        thread::sleep(Duration::from_millis(10));
    }
}
