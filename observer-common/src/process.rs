//! What every record but the smallest says of its process.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::limits;

/// The order of [`ProcessFacts::namespaces`], in the names of `/proc/PID/ns`.
pub const NAMESPACES: [&str; 8] = ["pid", "mnt", "net", "user", "uts", "ipc", "cgroup", "time"];

/// A process at the moment of the event. All ids are those of the initial namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ProcessFacts {
    /// When the process began, in nanoseconds since boot; with the pid its identity.
    pub start_ns: u64,
    /// When its parent started, likewise.
    pub parent_start_ns: u64,
    /// The kernel's `self_exec_id`: raised by each exec, inherited by fork; 0 where there is none.
    pub exec_id: u64,
    /// The process's id (the kernel's tgid).
    pub pid: u32,
    /// The thread that acted.
    pub tid: u32,
    /// The parent's process id; 0 for a process without one.
    pub parent_pid: u32,
    /// The process's id in its own pid namespace.
    pub vpid: u32,
    /// Real user id.
    pub uid: u32,
    /// Effective user id.
    pub euid: u32,
    /// Real group id.
    pub gid: u32,
    /// Effective group id.
    pub egid: u32,
    /// Inode numbers of the namespaces, in the order of [`NAMESPACES`]; 0 where there is none.
    pub namespaces: [u32; 8],
    /// The process's name, NUL-padded.
    pub comm: [u8; limits::COMM],
    /// Bytes of the tail that name its cgroup in the unified (v2) hierarchy: directory names from
    /// the leaf upwards, each with a NUL; 0 for the root.
    pub cgroup_v2_len: u32,
    /// The length of the path in a v1 hierarchy, which stands behind it.
    pub cgroup_v1_len: u32,
}
