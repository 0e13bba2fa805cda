//! The JSON of a snapshot: `{"v":1,"snapshot":{…},"processes":[…]}`.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::{Base64, Container, Creation, Digits, Executable, Id, Linux, Namespaces};
use crate::render::snapshot::Cells;

/// The whole document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Document<'a> {
    /// Version of the schema.
    pub v: u32,
    /// What is true of all of it.
    pub snapshot: SnapshotHead<'a>,
    /// The processes, in the order asked for.
    pub processes: Vec<Listed<'a>>,
}

/// What is true of a whole snapshot.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct SnapshotHead<'a> {
    /// The boot in which pids and ids are valid.
    pub boot_id: &'a str,
    /// The event after which a stream would continue it; 0 for a scan, which follows no stream.
    pub seq: u64,
    /// Events lost up to then.
    pub lost: u64,
    /// Whether every process that was there is in it.
    pub complete: bool,
    /// The instant that all times are measured from, RFC 3339 in UTC.
    pub time: String,
    /// That time, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// What told it: `proc`.
    pub origin: &'a str,
    /// Processes that ended while they were read; they are left out.
    pub vanished: u64,
    /// Processes of which nothing may be read; they are left out.
    pub refused: u64,
    /// Processes of which some fact may not be read.
    pub curtailed: u64,
}

/// A process and what was asked of it.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Listed<'a> {
    /// The process.
    pub process: ListedProcess<'a>,
    /// The container that it runs in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container<'a>>,
    /// The asked-for columns as they are printed, by name.
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, String>"))]
    pub columns: Cells<'a>,
}

/// A process. What is unknown is absent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ListedProcess<'a> {
    /// Identity: boot id, pid, start in clock ticks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Process id in the caller's pid namespace.
    pub pid: u32,
    /// Process id in its own pid namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vpid: Option<u32>,
    /// The parent's process id; 0 for none that the caller can see.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_pid: Option<u32>,
    /// The parent's identity, if the parent is in the snapshot.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<String>,
    /// The process's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm: Option<Cow<'a, str>>,
    /// What it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub executable: Option<Executable<'a>>,
    /// Its arguments, as they are in its memory now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_args: Option<Vec<Cow<'a, str>>>,
    /// When the process began; a scan of /proc knows it to the clock tick.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,
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
    pub raw: Option<RawBytes<'a>>,
}

/// Exact bytes, in base64, of what stands above as lossy text.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct RawBytes<'a> {
    /// The process's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub comm: Option<Base64<'a>>,
    /// All arguments, as many as in `command_args`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<Vec<String>>"))]
    pub command_args: Option<Vec<Base64<'a>>>,
    /// The file that it runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub executable_path: Option<Base64<'a>>,
}
