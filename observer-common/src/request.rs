//! What is told when a client writes to its server's socket.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::ProcessFacts;

/// A process wrote to a unix socket whose other end has a name. Tail: cgroup names, that name, the
/// beginning of what was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct RequestFacts {
    /// The process that wrote.
    pub process: ProcessFacts,
    /// Bytes that it gave to the call.
    pub size: u64,
    /// The process that called listen(2), in the initial pid namespace; 0 where the kernel does not
    /// tell.
    pub peer_pid: u32,
    /// The effective user that it ran as then; [`NOBODY`] where the kernel does not tell.
    pub peer_uid: u32,
    /// Bytes of the name in the tail: a path with its NUL, or an abstract name, which begins with
    /// one. At most [`crate::limits::SOCKET_NAME`].
    pub path_len: u32,
    /// Bytes in the tail of what was written. At most [`crate::limits::REQUEST`].
    pub bytes_len: u32,
}

/// The value of [`RequestFacts::peer_uid`] that is no user: the kernel gives it to none.
pub const NOBODY: u32 = u32::MAX;
