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
    /// Zero: it fills the space up to the next eight bytes.
    pub reserved: u32,
}
