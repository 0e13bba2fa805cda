//! What every record begins with.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::Kind;

/// The first bytes of every record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Header {
    /// When it happened, in nanoseconds since boot, suspended time included (`CLOCK_BOOTTIME`).
    pub boot_ns: u64,
    /// Records of this CPU that found no room in the ring before this one: a record that says
    /// more than the one before stands right behind the gap.
    pub lost_before: u64,
    /// The whole record's length, this header included.
    pub len: u32,
    /// The CPU it happened on.
    pub cpu: u32,
    /// What it is about.
    pub kind: Kind,
    /// [`crate::ABI_VERSION`] of the object that wrote it.
    pub version: u16,
    /// What the source could not tell of the process: bits of [`absent`], the fields meant by them
    /// are zero. The eBPF programs leave nothing out.
    pub absent: u32,
}

/// Bits of [`Header::absent`].
pub mod absent {
    /// The process's id in its own pid namespace.
    pub const VPID: u32 = 1;
    /// Its users and groups.
    pub const CREDENTIALS: u32 = 1 << 1;
    /// Its cgroup.
    pub const CGROUP: u32 = 1 << 2;
    /// The arguments of an exec.
    pub const ARGUMENTS: u32 = 1 << 3;
    /// How it ended.
    pub const STATUS: u32 = 1 << 4;
    /// Of an end by a signal: whether a core was dumped.
    pub const CORE: u32 = 1 << 5;
    /// What it used.
    pub const USAGE: u32 = 1 << 6;
}
