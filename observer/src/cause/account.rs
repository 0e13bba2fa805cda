//! What became of a command, in the end.

use bytes::Bytes;

use super::CausalSet;
use crate::event::{ProcessKey, Status};

/// A command and all that it caused.
#[derive(Debug)]
pub struct Account<'a> {
    /// The command as it was given.
    pub command: &'a [Bytes],
    /// How it ended.
    pub status: Option<Status>,
    /// When it was started, in nanoseconds since boot: where offsets begin.
    pub begin_ns: u64,
    /// When nobody watched any more, in nanoseconds since boot.
    pub end_ns: u64,
    /// Events of the machine that were lost meanwhile: what they would have said is missing.
    pub lost: u64,
    /// What it caused.
    pub set: &'a CausalSet,
}

/// Sums over a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Processes.
    pub processes: usize,
    /// Those of them that still run.
    pub running: usize,
    /// Programs that they started.
    pub execs: usize,
    /// Processes that ended in another way than by exit(2) with 0.
    pub failures: usize,
    /// Containers that the command started.
    pub containers: usize,
    /// CPU time of those that ended, in nanoseconds.
    pub cpu_ns: u64,
    /// The one that lived longest, and how long, in nanoseconds.
    pub longest: Option<(ProcessKey, u64)>,
}

impl Account<'_> {
    /// Sums over the set.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            containers: self.set.containers().filter(|container| container.started).count(),
            ..Totals::default()
        };
        for caused in self.set.processes() {
            totals.processes += 1;
            totals.running += usize::from(caused.end.is_none());
            totals.execs += caused.execs.len();
            totals.failures += usize::from(caused.has_failed());
            let usage = caused.end.and_then(|end| end.usage);
            totals.cpu_ns += usage.map_or(0, |usage| usage.cpu_ns());
            let lived_ns = caused.duration_ns(self.end_ns);
            if totals.longest.is_none_or(|(_, longest_ns)| lived_ns > longest_ns) {
                totals.longest = Some((caused.process.key, lived_ns));
            }
        }
        totals
    }
}
