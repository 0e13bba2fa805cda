//! The JSON of a diagnosis: `{"v":1,"kernel":…,"backends":[…]}`.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::render::json::append;

/// What this kernel, these rights and these surroundings allow.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Diagnosis<'a> {
    /// Version of the schema.
    pub v: u32,
    /// The kernel's release, as uname(2) has it.
    pub kernel: &'a str,
    /// The machine that it was built for, likewise.
    pub architecture: &'a str,
    /// The sources of events, the one that tells most first; each was tried.
    pub backends: Vec<DiagnosedBackend<'a>>,
    /// The one that is taken where none is asked for; absent where one has to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<&'a str>,
    /// Capabilities in effect, of those that matter here.
    pub capabilities: Vec<&'a str>,
    /// The others of them.
    pub missing_capabilities: Vec<&'a str>,
    /// `none`, `integrity` or `confidentiality`; absent where the kernel does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lockdown: Option<&'a str>,
    /// `/proc/sys/kernel/perf_event_paranoid`; absent where the kernel has no such events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub perf_event_paranoid: Option<i32>,
    /// The kernel's description of its types.
    pub btf: DiagnosedBtf<'a>,
    /// Where the kernel describes its tracepoints.
    pub tracefs: DiagnosedTracefs<'a>,
    /// Hierarchies of cgroups: `v1`, `v2` or `hybrid`; absent where none is mounted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<&'a str>,
    /// Whether the user namespace is the machine's own: only there capabilities count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_user_namespace: Option<bool>,
    /// Whether the pid namespace is the machine's own: elsewhere /proc has other pids than events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initial_pid_namespace: Option<bool>,
    /// Whether a filter of system calls is on this process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seccomp: Option<bool>,
    /// What says that it runs in a container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<&'a str>,
}

/// A source of events.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct DiagnosedBackend<'a> {
    /// `bpf`, `perf` or `proc`.
    pub name: &'a str,
    /// Whether it works here.
    pub usable: bool,
    /// What keeps it from working.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What would make it work: a command where one would do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// What it tells of every process.
    pub knows: Vec<&'a str>,
    /// What it tells of those that live long enough to be asked.
    pub knows_in_time: Vec<&'a str>,
}

/// The kernel's description of its types.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct DiagnosedBtf<'a> {
    /// Whether it is there and can be understood.
    pub usable: bool,
    /// What is wrong with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// How many of the places that the eBPF programs read are in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<usize>,
    /// Those that are not, and without which the programs do not run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<&'a str>,
    /// Those that are not, and that the programs do without.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dispensable: Vec<&'a str>,
}

/// Where the kernel describes its tracepoints.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct DiagnosedTracefs<'a> {
    /// Whether it can be read.
    pub usable: bool,
    /// Where it is, or how else it was reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Cow<'a, str>>,
    /// What keeps it from being read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Diagnosis<'_> {
    /// Appends it as one line.
    pub fn write(&self, out: &mut Vec<u8>) {
        if append(out, self) {
            out.push(b'\n');
        }
    }
}
