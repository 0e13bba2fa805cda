//! A process, as every document of ours describes one.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::scalar::{Base64, Digits, Number, RawArgs, TextArgs};

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
