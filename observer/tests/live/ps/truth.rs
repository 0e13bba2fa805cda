//! What /proc itself says, read as simply as can be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use crate::support::proc::Stat;

/// One life of a pid: two with the same pid differ in their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life {
    pub(super) pid: u32,
    /// In clock ticks since boot.
    pub(super) start: u64,
}

/// Every process that a listing of /proc has at this moment.
pub(super) fn living() -> BTreeSet<Life> {
    let entries = fs::read_dir("/proc").expect("/proc");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let pids = names.filter_map(|name| name.parse::<u32>().ok());
    pids.filter_map(|pid| Some(Life { pid, start: Stat::of(pid)?.start() })).collect()
}

/// Everybody that is there, with how often its threads were taken off a CPU so far: who has the
/// same number later slept all the while.
pub(super) fn living_with_switches() -> BTreeMap<Life, String> {
    living().into_iter().filter_map(|life| Some((life, switches(life.pid)?))).collect()
}

/// Of each thread.
fn switches(pid: u32) -> Option<String> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).ok()?;
    let texts = threads.filter_map(|thread| fs::read(thread.ok()?.path().join("status")).ok());
    let texts: Vec<_> = texts.map(|text| String::from_utf8_lossy(&text).into_owned()).collect();
    let lines = texts.iter().flat_map(|text| text.lines());
    let wanted = |line: &&str| line.starts_with("Pid:") || line.contains("_ctxt_switches:");
    Some(lines.filter(wanted).collect())
}

/// Whether this program may look into everything. In a sandbox the first process may be closed even
/// to root.
fn may_see_all() -> bool {
    ["/proc/1/exe", "/proc/1/ns/net"].into_iter().all(|link| fs::read_link(link).is_ok())
}

/// Fails if root is warned about something hidden where nothing is.
pub(super) fn assert_nothing_hidden(errors: &str) {
    assert!(errors.is_empty() || !may_see_all(), "nothing is hidden from this caller: {errors}");
}
