//! The JSON of `observer run`: `{"v":1,"command":[…],"exit":{…},"processes":[…],"totals":{…}}`.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::{Base64, Container, Creation, Executable, Exit, Number, Process, Raw, TextArgs};

/// What a command caused.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct RunReport<'a> {
    /// Version of the schema.
    pub v: u32,
    /// The command as it was given.
    pub command: Vec<Cow<'a, str>>,
    /// How it ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<Exit>,
    /// When it was started: where offsets begin.
    pub begin: Creation,
    /// From then to the command's end; of one that still runs, to the end of watching.
    pub duration_ns: Number,
    /// From then to when nobody watched any more.
    pub watched_ns: Number,
    /// What told the events: `bpf`, `perf` or `proc`.
    pub origin: &'a str,
    /// Events of the machine that were lost meanwhile.
    pub lost: u64,
    /// Whether none was.
    pub complete: bool,
    /// All processes, in the order in which they began.
    pub processes: Vec<CausedProcess<'a>>,
    /// The containers that they ran in.
    pub containers: Vec<CausedContainer<'a>>,
    /// What could not be decided by facts.
    pub doubts: Vec<RunDoubt<'a>>,
    /// Sums.
    pub totals: RunTotals,
    /// Exact bytes of what is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<RawCommand<'a>>,
}

/// Exact bytes, in base64, of what stands above as lossy text.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct RawCommand<'a> {
    /// The command, as many words as in `command`.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub command: Vec<Base64<'a>>,
}

/// A process that the command caused.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct CausedProcess<'a> {
    /// The process as it was last seen, and how it ended.
    pub process: Process<'a>,
    /// The container that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container<'a>>,
    /// What part it plays: `command`, `client`, `engine`, `shim`, `runtime`, `hook`,
    /// `container init`, `container process`, `exec`.
    pub role: &'a str,
    /// Why it is here.
    pub because: Reason,
    /// When it began, after the command was started.
    pub start_offset_ns: Number,
    /// How long it lived; of one that still runs, up to the end of watching.
    pub duration_ns: Number,
    /// Present and true while it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<bool>,
    /// CPU time of all threads, user and system.
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
    /// What it ran, in order; empty of one that only ever ran its creator's program.
    pub execs: Vec<StartedProgram<'a>>,
}

/// The fact that joins a process or a container to what caused it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Reason {
    /// `parent`, `cgroup`, `socket` or `argv`.
    pub fact: &'static str,
    /// What it is joined to: the `process.id` of a process, or the id of a container.
    pub of: String,
    /// Present and true where this was concluded and not told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inferred: Option<bool>,
}

/// A program that a process started to run.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct StartedProgram<'a> {
    /// When, RFC 3339 in UTC.
    pub time: String,
    /// When, after the command was started.
    pub start_offset_ns: Number,
    /// What is run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executable: Option<Executable<'a>>,
    /// Its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub command_args: Option<TextArgs<'a>>,
    /// Whether some of the arguments are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub args_truncated: Option<bool>,
    /// Exact bytes of what is not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<Raw<'a>>,
}

/// A container that processes of the report ran in.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct CausedContainer<'a> {
    /// The runtime's own id.
    pub id: &'a str,
    /// What made it, as `container.runtime` of a process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runtime: Option<&'a str>,
    /// Its name, as far as an engine told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<&'a str>,
    /// Its image as it was asked for, as far as an engine told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image: Option<&'a str>,
    /// Its addresses, as far as an engine told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<&'a str>,
    /// The client that asked for it; absent of one that runs in another container of the report.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<Reason>,
    /// Whether the command started it; one that did not was there before.
    pub started: bool,
}

/// What could not be decided by facts.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RunDoubt<'a> {
    /// These containers began while this client ran, and nothing says which of them it started:
    /// none is in the report.
    SeveralCandidates {
        /// The `process.id` of the client.
        client: String,
        /// Ids of the containers.
        containers: &'a [String],
    },
    /// An engine ran helpers while it started these containers, and nothing says that they were for
    /// one of them: they are not in the report.
    NamelessHelpers {
        /// How many.
        count: usize,
        /// Ids of the containers.
        containers: &'a [String],
    },
    /// So many processes of engines began that some were forgotten: if a request was told much later
    /// than what it caused, that may be missing.
    Forgotten {
        /// How many.
        count: u64,
    },
}

/// Sums over a report.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct RunTotals {
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
    /// CPU time of those that ended.
    pub cpu_time_ns: Number,
    /// The one that lived longest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub longest: Option<Longest>,
}

/// The process that lived longest.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Longest {
    /// Its `process.id`.
    pub id: String,
    /// How long.
    pub duration_ns: Number,
}
