//! What user space decides before the programs are loaded.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// Settings of the programs, patched into their read-only data: to the verifier they are
/// constants, so that what is switched off is not even checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Config {
    /// Argument bytes sent of one exec, at most.
    pub args_max: u64,
    /// Argument bytes in the exec record itself, at most; never above
    /// [`crate::limits::ARGS_INLINE`].
    pub args_inline: u32,
    /// Argument bytes of one args record, at most; never above [`crate::limits::ARGS_CHUNK`].
    pub args_chunk: u32,
    /// Args records are sent only while no more than this waits in the ring: the rest of it is
    /// for events, so that one long list costs no others.
    pub args_room: u32,
    /// The reader is woken when this many bytes wait for it.
    pub wake_bytes: u32,
    /// 1 where the exit tracepoint says whether the last thread went (`group_dead`).
    pub has_group_dead: u32,
    /// 1 where each program that is always on has a second copy: on kernels that skip a program
    /// which they have preempted on the same CPU.
    pub has_second_copies: u32,
    /// Rounds of an empty loop before each record is sent: for tests that want programs to be
    /// preempted often. 0 in earnest.
    pub linger: u32,
    /// Always zero.
    pub reserved: u32,
}
