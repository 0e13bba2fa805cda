//! Every size that both sides must agree on, in bytes unless said otherwise.

/// A task's name as the kernel keeps it, the closing NUL included (`TASK_COMM_LEN`).
pub const COMM: usize = 16;

/// One cgroup directory's name, NUL included. A docker id alone takes 65.
pub const CGROUP_NAME: usize = 128;

/// Directories walked upwards from a process's cgroup, at most.
pub const CGROUP_DEPTH: u32 = 24;

/// The names of one hierarchy, all directories together.
pub const CGROUP_PATH: usize = 2048;

/// A file name as given to `execve`, NUL included (`PATH_MAX`).
pub const FILENAME: usize = 4096;

/// Arguments carried by an exec record itself, at most; the rest travels in args records.
pub const ARGS_INLINE: u32 = 8 * 1024;

/// Argument bytes of one args record, at most: with its header just below 16 KiB.
pub const ARGS_CHUNK: u32 = 16 * 1024 - 128;

/// Args records of one exec, at most: enough for the kernel's own limit of 6 MiB even where a tiny
/// ring makes the pieces small.
pub const ARGS_PIECES: u32 = 64 * 1024;

/// Threads of one process whose CPU time is added up at its exit, at most. Threads that were gone
/// before are in the kernel's own sum and do not count against it.
pub const THREADS: u32 = 4096;

/// Ancestors looked at for a subreaper, at most.
pub const ANCESTORS: u32 = 1024;

/// Supplementary groups told by a walk, at most, in bytes; a process may have 256 KiB of them, but
/// what a walk tells of one must stay below 32 KiB.
pub const TASK_GROUPS: u32 = 4 * 1024;

/// Argument bytes of a process in a walk, at most: all that a walk says of one process must stay
/// below 32 KiB, or the whole walk ends there.
pub const TASK_ARGS: u32 = 28 * 1024;

/// Bytes of a title that a program wrote over its arguments, at most (a page, as /proc has it).
pub const TITLE: u32 = 4096;

/// A kernel thread's whole name, NUL included.
pub const THREAD_NAME: usize = 64;

/// The memory one program builds its record in. Twice the longest record, so that a masked
/// position plus a masked length always stays inside, which is what the verifier wants to see.
pub const SCRATCH: usize = 32 * 1024;

/// Processes remembered as exited on kernels whose exit tracepoint does not mark the last thread.
pub const EXITED: u32 = 16 * 1024;

/// Calls that a first program has taken and its second copy has not passed over yet, at most: as many
/// threads as can be preempted between the two. Beyond that the second copy does the work.
pub const TAKEN: u32 = 16 * 1024;

/// Bytes reported of what a client writes to a server's socket: the first line of an HTTP request
/// with a container's id in it, or a gRPC message's first fields.
pub const REQUEST: usize = 512;

/// A unix socket's name at most: 108 bytes, and the NUL that the kernel puts behind a path.
pub const SOCKET_NAME: usize = 109;

/// Parts that one writev(2) or sendmsg(2) may have (`UIO_MAXIOV`).
pub const PARTS: u32 = 1024;

/// Processes whose writes are told at once, at most.
pub const OVERHEARD: u32 = 1024;
