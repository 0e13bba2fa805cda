//! The fixed part of each kind of record, behind its header.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::{ProcessFacts, limits};

/// A process was created. Threads do not count as processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ForkFacts {
    /// The new process. Its parent is its creator's parent under `CLONE_PARENT`.
    pub child: ProcessFacts,
    /// When the process that called clone(2) began.
    pub creator_start_ns: u64,
    /// The flags given to clone(2).
    pub clone_flags: u64,
    /// The process that called clone(2).
    pub creator_pid: u32,
    /// The thread of it that did.
    pub creator_tid: u32,
    /// The name of that process.
    pub creator_comm: [u8; limits::COMM],
}

/// A process started to run another program. Tail: cgroup names, file name, inline arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ExecFacts {
    /// The process, as the new program.
    pub process: ProcessFacts,
    /// Size of all arguments in the process's memory, each with its NUL.
    pub args_size: u64,
    /// Size of what was to be sent: `args_size` or the cap.
    pub args_wanted: u64,
    /// Bytes of the file name in the tail.
    pub filename_len: u32,
    /// Bytes of arguments in the tail: their beginning.
    pub args_len: u32,
    /// Which copy of the program tells this: 0 for the first, 1 for the second.
    pub copy: u32,
    /// Always zero.
    pub reserved: u32,
}

/// A piece of the arguments of the exec whose record follows on the same CPU, by the same copy of
/// the program. Tail: the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ArgsFacts {
    /// Identity of the process, with `pid`.
    pub start_ns: u64,
    /// Place of the piece among all argument bytes.
    pub offset: u64,
    /// The process's id.
    pub pid: u32,
    /// Bytes in the tail.
    pub args_len: u32,
    /// Which copy of the program tells this: 0 for the first, 1 for the second.
    pub copy: u32,
    /// Always zero.
    pub reserved: u32,
}

/// The last thread of a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct ExitFacts {
    /// The process.
    pub process: ProcessFacts,
    /// User CPU time of all its threads so far, in nanoseconds, as sampled by the kernel's tick.
    pub user_ns: u64,
    /// System CPU time, likewise.
    pub system_ns: u64,
    /// Precise CPU time of both, which the kernel divides in the proportion of the two above.
    pub runtime_ns: u64,
    /// Largest resident set, in pages.
    pub max_rss_pages: u64,
    /// When the process began that becomes the parent of its children; 0 for none.
    pub reaper_start_ns: u64,
    /// The id of that process; 0 for none.
    pub reaper_pid: u32,
    /// The status in the form of wait(2).
    pub status: u32,
}

/// The kernel let go of a process: its accounting is final now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct FreeFacts {
    /// When the process began, in nanoseconds since boot.
    pub start_ns: u64,
    /// User CPU time, as in [`ExitFacts`].
    pub user_ns: u64,
    /// System CPU time, as in [`ExitFacts`].
    pub system_ns: u64,
    /// Precise CPU time, as in [`ExitFacts`].
    pub runtime_ns: u64,
    /// Largest resident set, in pages.
    pub max_rss_pages: u64,
    /// The process's id.
    pub pid: u32,
    /// The status in the form of wait(2).
    pub status: u32,
}

/// A process changed its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct RenameFacts {
    /// The process under its old name.
    pub process: ProcessFacts,
    /// The new name, NUL-padded.
    pub new_comm: [u8; limits::COMM],
}

/// A process was moved to another cgroup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct CgroupFacts {
    /// The process, in its new cgroup.
    pub process: ProcessFacts,
}
