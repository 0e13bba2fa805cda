//! The JSON of the event stream, line by line.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    VERSION,
    process::{Container, Creation, Creator, Exit, Process},
    scalar::{Digits, Number},
};
use crate::{event::Loss, machine::WallClock, pace::Totals, render::time::rfc3339};

/// One line of the stream.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "event", rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant's own type says what it is")]
pub enum Line<'a> {
    Hello(Hello<'a>),
    Ready(Ready),
    Fork(ProcessEvent<'a>),
    Exec(ProcessEvent<'a>),
    Exit(ProcessEvent<'a>),
    Free(Freed<'a>),
    Rename(ProcessEvent<'a>),
    Reparent(ProcessEvent<'a>),
    Cgroup(ProcessEvent<'a>),
    Lost(Lost),
    Repair(Repair),
    Bye(Bye),
}

/// The first line.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Hello<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Name of the schema.
    pub schema: &'a str,
    /// Version of the program.
    pub version: &'a str,
}

/// From here on nothing is missed.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Ready {}

/// Something that happened to a process.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ProcessEvent<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Number of the event in this stream, before filters.
    pub seq: u64,
    /// When it happened, RFC 3339 in UTC.
    pub time: String,
    /// When it happened, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// The CPU it happened on.
    pub cpu: u32,
    /// What told it: `bpf`, `perf` or `proc`.
    pub origin: &'a str,
    /// The process; of a fork the new one.
    pub process: Process<'a>,
    /// Of a fork: the process that created it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Creator<'a>>,
    /// Of a fork: the flags given to clone(2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clone_flags: Option<Number>,
    /// Of an exit: from the process's beginning to its end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration_ns: Option<Number>,
    /// Of an exit: CPU time of all threads, user and system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_time_ns: Option<Number>,
    /// Of an exit: the part of it in user mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_time_ns: Option<Number>,
    /// Of an exit: the part of it in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_time_ns: Option<Number>,
    /// Of an exit: largest resident set, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rss: Option<Number>,
    /// Of a rename: the name before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_comm: Option<Cow<'a, str>>,
    /// Of a reparent: the parent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_parent_pid: Option<u32>,
    /// Of a reparent: the identity of the parent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_parent_id: Option<String>,
    /// Of a cgroup: the path before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_cgroup: Option<&'a str>,
    /// The container that the process runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container<'a>>,
}
/// The kernel let go of a process: its accounting is final.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Freed<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Number of the event in this stream, before filters.
    pub seq: u64,
    /// When it happened, RFC 3339 in UTC.
    pub time: String,
    /// When it happened, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// The CPU it happened on.
    pub cpu: u32,
    /// What told it: `bpf`, `perf` or `proc`.
    pub origin: &'a str,
    /// The process; only its identity and its end are known any more.
    pub process: FreedProcess,
    /// CPU time of all threads, user and system, as wait4(2) gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_time_ns: Option<Number>,
    /// The part of it in user mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_time_ns: Option<Number>,
    /// The part of it in the kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub system_time_ns: Option<Number>,
    /// Largest resident set, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_rss: Option<Number>,
}

/// A process that is gone.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct FreedProcess {
    /// Identity: boot id, pid, start in clock ticks.
    pub id: String,
    /// Process id in the initial pid namespace; another may have it by now.
    pub pid: u32,
    /// When the process began.
    pub creation: Creation,
    /// How the process ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
}

/// Events are missing at this place.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Lost {
    /// Version of the schema.
    pub v: u32,
    /// Number in this stream.
    pub seq: u64,
    /// When the gap was seen to end, RFC 3339 in UTC.
    pub time: String,
    /// That time, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// How many.
    pub count: u64,
    /// The CPU on which they happened. Absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<u32>,
    /// Where they were lost. Absent: they found no room in the ring of that CPU.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<LostWhere>,
}

/// Where events were lost, if not for want of room in a ring.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum LostWhere {
    /// The kernel skipped the programs that would have reported them, because a task had been
    /// preempted inside the same program. Each run that was skipped counts, even one that would
    /// have reported nothing.
    Skipped,
}

impl<'a> Hello<'a> {
    /// That of a stream with the schema of this name.
    pub fn of(schema: &'a str) -> Self {
        Self { v: VERSION, schema, version: env!("CARGO_PKG_VERSION") }
    }
}

impl Lost {
    /// The line of that number: so many events were lost at that time since boot, on that CPU if they
    /// found no room.
    pub fn of(
        seq: u64,
        boot_ns: u64,
        count: u64,
        (loss, cpu): (Loss, u32),
        clock: WallClock,
    ) -> Self {
        let (cpu, place) = match loss {
            Loss::NoRoom => (Some(cpu), None),
            Loss::Skipped => (None, Some(LostWhere::Skipped)),
        };
        let time = rfc3339(clock.unix_ns(boot_ns));
        Self { v: VERSION, seq, time, boot_ns: Digits(boot_ns), count, cpu, place }
    }
}

impl Bye {
    /// What became of the kernel's events, and how many were printed.
    pub fn of(totals: &Totals, printed: u64) -> Self {
        let Totals { produced, delivered, lost, malformed: _ } = *totals;
        Self { produced, delivered, lost, printed }
    }
}

/// After a loss the table was compared with the kernel's own list of processes.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Repair {
    /// Version of the schema.
    pub v: u32,
    /// Number in this stream.
    pub seq: u64,
    /// When the comparison was done, RFC 3339 in UTC.
    pub time: String,
    /// That time, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// Processes that the table did not know.
    pub added: u64,
    /// Processes that had ended without its knowledge.
    pub removed: u64,
}

/// The last line of a stream that ends in order.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Bye {
    /// Events that the kernel side tried to send: delivered + lost.
    pub produced: u64,
    /// Events that arrived.
    pub delivered: u64,
    /// Events that found no room.
    pub lost: u64,
    /// Events printed, after filters.
    pub printed: u64,
}
