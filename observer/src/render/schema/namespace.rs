//! The JSON of namespaces: `{"v":1,"namespaces":[…],"unreadable":0}`.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::{Base64, Bye, Container, Digits, Hello, Lost, Number, Ready};

/// What `observer ns --json` prints: one document, or with `--follow` lines of a stream.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant's own type says what it is")]
pub enum NamespaceOutput<'a> {
    Document(NamespaceDocument<'a>),
    Line(NamespaceLine<'a>),
}

/// One line of the stream.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "event", rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant's own type says what it is")]
pub enum NamespaceLine<'a> {
    Hello(Hello<'a>),
    Ready(Ready),
    Created(NamespaceNews<'a>),
    Entered(NamespaceNews<'a>),
    Left(NamespaceNews<'a>),
    Gone(NamespaceNews<'a>),
    Lost(Lost),
    Bye(Bye),
}

/// What became of a namespace: it was created, was entered or left by a thread, is gone.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NamespaceNews<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Number of the line in this stream, before filters.
    pub seq: u64,
    /// When, RFC 3339 in UTC; of what was inferred, when it was found.
    pub time: String,
    /// When, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// What told it: `bpf`, `perf` or `proc`.
    pub origin: &'a str,
    /// Of which.
    pub namespace: NamedNamespace<'a>,
    /// Whether a look at all namespaces found it, and no event of the kernel told it.
    pub inferred: bool,
    /// The system call: `clone`, `unshare` or `setns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<&'a str>,
    /// The process that called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<NamespaceActor<'a>>,
}

/// Which namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NamedNamespace<'a> {
    /// Identity: kind and inode number, and the kernel's own number where there is one; where there is
    /// none, `-2` for a second one of that inode number, `-3`…
    pub id: String,
    /// `pid`, `mnt`, `net`, `user`, `uts`, `ipc`, `cgroup` or `time`.
    pub kind: &'a str,
    /// Inode number.
    pub inode: u64,
    /// The kernel's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_id: Option<Number>,
}

/// A process that did something to a namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NamespaceActor<'a> {
    /// Identity: boot id, pid, start in clock ticks.
    pub id: String,
    /// Process id in the initial pid namespace.
    pub pid: u32,
    /// The thread that called.
    pub tid: u32,
    /// The process's name.
    pub comm: Cow<'a, str>,
    /// The exact bytes of the name, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub comm_raw: Option<Base64<'a>>,
}

/// All namespaces that were asked for.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NamespaceDocument<'a> {
    /// Version of the schema.
    pub v: u32,
    /// By inode number.
    pub namespaces: Vec<ListedNamespace<'a>>,
    /// Processes of which some namespace may not be known.
    pub unreadable: u64,
    /// With `--deep`: processes whose open files may not be known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable_files: Option<u64>,
}

/// A namespace. What is unknown is absent.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ListedNamespace<'a> {
    /// Identity: kind and inode number, and the kernel's own number where there is one.
    pub id: String,
    /// `pid`, `mnt`, `net`, `user`, `uts`, `ipc`, `cgroup` or `time`.
    pub kind: &'a str,
    /// Inode number, as in `/proc/PID/ns`. The next namespace may get that of one that has gone.
    pub inode: u64,
    /// The kernel's own number, which is never given out twice; since Linux 6.18.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel_id: Option<Number>,
    /// Of a pid or user namespace: the one around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Why there is no `parent`, where there should be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_missing: Option<MissingKin>,
    /// The user namespace to which it belongs; of a user namespace the one around it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Why there is no `owner`, where there should be one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner_missing: Option<MissingKin>,
    /// Of a user namespace: the user who made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub creator_uid: Option<u32>,
    /// Of a user namespace: its users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid_map: Option<Vec<MappedRange>>,
    /// Of a user namespace: its groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gid_map: Option<Vec<MappedRange>>,
    /// Of a mount namespace: how many mounts it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mounts: Option<Number>,
    /// Of a network namespace: the number that the observer's own has given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub netns_id: Option<i32>,
    /// Processes in it, zombies and kernel threads among them.
    pub nprocs: usize,
    /// How many of them are zombies.
    pub zombies: usize,
    /// How many of them are threads of the kernel.
    pub kernel_threads: usize,
    /// Their pids, ascending.
    pub pids: &'a [u32],
    /// With `--members`: who they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<NamespaceMember<'a>>>,
    /// What else keeps it alive.
    pub held_by: Vec<HeldBy<'a>>,
    /// The process with the lowest pid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lead: Option<NamespaceLead<'a>>,
    /// Whether the observer is in it.
    pub mine: bool,
    /// Whether the first process is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub init: Option<bool>,
}

/// Why a relative is not told.
#[derive(Clone, Copy, Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MissingKin {
    /// It is out of the observer's sight.
    Hidden,
    /// The namespace may not be asked.
    Unknown,
}

/// Ids that a user namespace has.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct MappedRange {
    /// The first id inside.
    pub inside: u32,
    /// The first id as the observer calls it.
    pub outside: u32,
    /// How many.
    pub count: u32,
}

/// Something that keeps a namespace alive.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "by", rename_all = "lowercase")]
pub enum HeldBy<'a> {
    /// It is mounted onto a file.
    Mount {
        /// Where, as the process sees it.
        path: Cow<'a, str>,
        /// The exact bytes, if they are not UTF-8.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
        path_raw: Option<Base64<'a>>,
        /// A process that sees it there.
        pid: u32,
        /// Inode number of the mount namespace in which it is.
        mount_namespace: u64,
    },
    /// Children of a process will be in it.
    Children {
        /// The process.
        pid: u32,
    },
    /// A thread is in it, and its process is not.
    Thread {
        /// The process.
        pid: u32,
        /// The thread.
        tid: u32,
    },
    /// A process has it open.
    File {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
    /// A process that is in another has a socket in it.
    Socket {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
    /// It is the parent or the owner of another namespace.
    Namespace {
        /// That one.
        id: String,
    },
}

/// A process in a namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NamespaceMember<'a> {
    /// Its pid in each pid namespace, from the observer's inwards.
    pub pids: Vec<u32>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm: Option<Cow<'a, str>>,
    /// The exact bytes of the name, if they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "schema", schemars(with = "Option<String>"))]
    pub comm_raw: Option<Base64<'a>>,
    /// Whether it has ended and was not waited for.
    pub zombie: bool,
    /// Whether it is a thread of the kernel.
    pub kernel_thread: bool,
}

/// The process with the lowest pid of a namespace.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct NamespaceLead<'a> {
    /// Its pid.
    pub pid: u32,
    /// The parent's pid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent_pid: Option<u32>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comm: Option<Cow<'a, str>>,
    /// Its arguments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command_args: Option<Vec<Cow<'a, str>>>,
    /// Effective user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// Its cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cgroup: Option<&'a str>,
    /// The unit of systemd's that follows from the cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'a str>,
    /// The container that follows from the cgroup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub container: Option<Container<'a>>,
}
