//! The JSON of the event stream, of snapshots, verifications, tracepoints, diagnoses, namespaces
//! and reports, as types. Names are OpenTelemetry's `process.*`, nested.
//!
//! These are the only types that serialise: what happened and how it is told can change apart.
//! `schema/event-v1.json`, `schema/snapshot-v1.json`, `schema/verify-v1.json`,
//! `schema/trace-v1.json`, `schema/doctor-v1.json`, `schema/ns-v1.json` and `schema/run-v1.json`
//! are generated from them.

mod doctor;
mod namespace;
mod run;
mod scalar;
mod snapshot;
mod trace;
mod verify;

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::event::Loss;

pub use self::{
    doctor::{DiagnosedBackend, DiagnosedBtf, DiagnosedTracefs, Diagnosis},
    namespace::{
        HeldBy, ListedNamespace, MappedRange, MissingKin, NamedNamespace, NamespaceActor,
        NamespaceDocument, NamespaceLead, NamespaceLine, NamespaceMember, NamespaceNews,
        NamespaceOutput,
    },
    run::{
        CausedContainer, CausedProcess, Longest, RawCommand, Reason, RunDoubt, RunReport,
        RunTotals, StartedProgram,
    },
    scalar::{Base64, Digits, Number, RawArgs, TextArgs},
    snapshot::{Document, Listed, ListedProcess, RawBytes, SnapshotHead},
    trace::{
        CountedEvent, Counts, DescribedField, TraceLine, TraceNews, Traced, TracepointDescription,
        TracepointList, WordOfNumber,
    },
    verify::{ComparedColumn, DifferingCell, Verification},
};

/// Version of the schema: raised by a change that a reader would notice, not by an addition.
pub const VERSION: u32 = 1;

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

/// A process at the moment of the event.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Process<'a> {
    /// Identity: boot id, pid, start in clock ticks.
    pub id: String,
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// Process id in its own pid namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpid: Option<u32>,
    /// The parent's process id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_pid: Option<u32>,
    /// The parent's identity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The process's name.
    pub comm: Cow<'a, str>,
    /// Of an exec: what is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executable: Option<Executable<'a>>,
    /// Of an exec: its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub command_args: Option<TextArgs<'a>>,
    /// Of an exec: whether some of the arguments are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_truncated: Option<bool>,
    /// Of an exec: bytes of all arguments, each with its NUL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_size: Option<Number>,
    /// Of an exec whose arguments were cut: bytes that were not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_captured: Option<Number>,
    /// When the process began.
    pub creation: Creation,
    /// How the process ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// Effective user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<Id>,
    /// Real user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real_user: Option<Id>,
    /// Effective group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Id>,
    /// Real group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub real_group: Option<Id>,
    /// Inode numbers of its namespaces.
    pub ns: Namespaces,
    /// What only Linux has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub linux: Option<Linux<'a>>,
    /// Exact bytes of what is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw<'a>>,
}

/// The process that created another.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Creator<'a> {
    /// Identity.
    pub id: String,
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// The process's name.
    pub comm: Cow<'a, str>,
}

/// What is run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Executable<'a> {
    /// The file name as given to execve(2).
    pub path: Cow<'a, str>,
}

/// When a process began.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Creation {
    /// RFC 3339 in UTC.
    pub time: String,
    /// In nanoseconds since boot.
    pub boot_ns: Digits,
}

/// How a process ended: a code, or a signal.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(untagged)]
pub enum Exit {
    /// It called exit(2).
    Code {
        /// With this code.
        code: u8,
    },
    /// A signal killed it.
    Signal {
        /// The signal's number.
        signal: u8,
        /// The signal's name.
        name: Cow<'static, str>,
        /// Whether a core was dumped.
        #[serde(skip_serializing_if = "Option::is_none")]
        core_dumped: Option<bool>,
    },
}

/// A user or a group.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Id {
    /// By number.
    pub id: u32,
}

/// Inode numbers of namespaces; absent where the kernel does not have the kind.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[expect(missing_docs, reason = "the kinds of namespaces(7)")]
pub struct Namespaces {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mnt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub net: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipc: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<u32>,
}

/// What only Linux has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Linux<'a> {
    /// Path of the process's cgroup.
    pub cgroup: &'a str,
}

/// A container.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Container<'a> {
    /// The runtime's own id.
    pub id: &'a str,
    /// `docker`, `podman`, `containerd`, `cri-o`, `kubernetes`, `lxc`, `machine`.
    pub runtime: &'a str,
    /// Its name, where an engine was asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
}

impl<'a> From<&'a crate::container::Container> for Container<'a> {
    fn from(container: &'a crate::container::Container) -> Self {
        Self { id: &container.id, runtime: container.runtime.name(), name: None }
    }
}

/// Exact bytes, in base64, of what stands above as lossy text.
#[derive(Debug, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Raw<'a> {
    /// The process's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub comm: Option<Base64<'a>>,
    /// All arguments, as many as in `command_args`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub command_args: Option<RawArgs<'a>>,
    /// The file name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub executable_path: Option<Base64<'a>>,
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

impl Lost {
    /// What an event says of its CPU and place.
    pub fn place_of(loss: Loss, cpu: u32) -> (Option<u32>, Option<LostWhere>) {
        match loss {
            Loss::NoRoom => (Some(cpu), None),
            Loss::Skipped => (None, Some(LostWhere::Skipped)),
        }
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

/// The schema of a [`Line`], as it is committed.
#[cfg(feature = "schema")]
pub fn event_schema() -> String {
    text(&schemars::schema_for!(Line<'static>))
}

/// The schema of a [`Document`], as it is committed.
#[cfg(feature = "schema")]
pub fn snapshot_schema() -> String {
    text(&schemars::schema_for!(Document<'static>))
}

/// The schema of a [`Verification`], as it is committed.
#[cfg(feature = "schema")]
pub fn verify_schema() -> String {
    text(&schemars::schema_for!(Verification<'static>))
}

/// The schema of a [`TraceLine`], as it is committed.
#[cfg(feature = "schema")]
pub fn trace_schema() -> String {
    text(&schemars::schema_for!(TraceLine<'static>))
}

/// The schema of a [`Diagnosis`], as it is committed.
#[cfg(feature = "schema")]
pub fn doctor_schema() -> String {
    text(&schemars::schema_for!(Diagnosis<'static>))
}

/// The schema of a [`NamespaceOutput`], as it is committed.
#[cfg(feature = "schema")]
pub fn ns_schema() -> String {
    text(&schemars::schema_for!(NamespaceOutput<'static>))
}

/// The schema of a [`RunReport`], as it is committed.
#[cfg(feature = "schema")]
pub fn run_schema() -> String {
    text(&schemars::schema_for!(RunReport<'static>))
}

#[cfg(feature = "schema")]
fn text(schema: &schemars::Schema) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default() + "\n"
}
