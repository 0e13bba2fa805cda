//! What a walk over all tasks tells of each process.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::ProcessFacts;

/// A process at the moment the walk came by. Tail: cgroup names, the kernel thread's whole name,
/// supplementary groups.
///
/// What was not asked for (see [`portion`]) is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct TaskFacts {
    /// The process.
    pub process: ProcessFacts,
    /// User CPU time of all its threads, dead ones included, as sampled by the kernel's tick.
    pub user_ns: u64,
    /// System CPU time, likewise.
    pub system_ns: u64,
    /// Precise CPU time of both, which the kernel divides in the proportion of the two above.
    pub runtime_ns: u64,
    /// Page faults of all its threads that needed no disk.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
    /// Virtual size, in pages.
    pub virtual_pages: u64,
    /// Resident size, in pages, without what each CPU has yet to add.
    pub resident_pages: u64,
    /// Locked memory, in pages.
    pub locked_pages: u64,
    /// Capabilities: inheritable, permitted, effective, bounding, ambient.
    pub capabilities: [u64; 5],
    /// The kernel's `__state` of its leader.
    pub state: u32,
    /// The kernel's `exit_state` of its leader; not 0 once it has ended.
    pub exit_state: u32,
    /// Flags of its leader, `PF_…`.
    pub flags: u32,
    /// Once it has ended: the status in the form of wait(2).
    pub status: u32,
    /// Saved user id.
    pub suid: u32,
    /// Saved group id.
    pub sgid: u32,
    /// File system user id.
    pub fsuid: u32,
    /// File system group id.
    pub fsgid: u32,
    /// Process group.
    pub pgid: u32,
    /// Session.
    pub sid: u32,
    /// Device number of its terminal, as the kernel's `new_encode_dev` has it; 0 for none.
    pub tty: u32,
    /// Foreground process group of the terminal; 0 for none.
    pub tpgid: u32,
    /// The kernel's priority, 0 to 139.
    pub prio: u32,
    /// The kernel's static priority, 100 to 139.
    pub static_prio: u32,
    /// Real-time priority, 1 to 99; 0 for none.
    pub rt_priority: u32,
    /// Scheduling policy, see sched(7).
    pub policy: u32,
    /// Threads that the kernel has not let go of.
    pub threads: u32,
    /// The CPU that its leader ran on last.
    pub processor: u32,
    /// 0 none, 1 strict, 2 filter.
    pub seccomp: u32,
    /// Filters of seccomp; [`u32::MAX`] where the kernel does not count them.
    pub seccomp_filters: u32,
    /// 1 when it can never gain privileges.
    pub no_new_privs: u32,
    /// How many supplementary groups it has.
    pub groups_count: u32,
    /// Bytes of them in the tail, 4 each: all, or as many as fit.
    pub groups_len: u32,
    /// Bytes of a kernel thread's whole name in the tail, NUL included; 0 when `comm` is the whole.
    pub name_len: u32,
    /// Inode numbers of the namespaces that its leader's children get, of pids and of time; 0 where
    /// there is none. That of pids is told although nobody is in it yet.
    pub for_children: [u32; 2],
}

/// The arguments of a process as they stand in its memory. Tail: the bytes.
///
/// A process without memory, a kernel thread or one that has ended, has no such record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct TaskArgsFacts {
    /// Identity of the process, with `pid`.
    pub start_ns: u64,
    /// Of which program they are, see [`ProcessFacts::exec_id`].
    pub exec_id: u64,
    /// Size of the area that exec made for them.
    pub args_size: u64,
    /// The process's id.
    pub pid: u32,
    /// Bytes in the tail: the beginning of the area.
    pub args_len: u32,
    /// 1 when the area does not end with a NUL: the program has written a title over it, and the
    /// tail goes on behind its end, up to a page in all.
    pub is_title: u32,
    /// 1 when they could not be read, or the program changed meanwhile.
    pub failed: u32,
}

/// What a walk is asked for, as bits; who a process is it always tells.
pub mod portion {
    /// State, scheduling, process group, session, terminal, threads, virtual size.
    pub const STAT: u32 = 1 << 0;
    /// CPU time and page faults of all threads.
    pub const CPU_TIME: u32 = 1 << 1;
    /// User and group ids.
    pub const IDS: u32 = 1 << 2;
    /// Supplementary groups.
    pub const GROUPS: u32 = 1 << 3;
    /// Capabilities, seccomp, whether it can gain privileges.
    pub const CAPABILITIES: u32 = 1 << 4;
    /// Resident and locked memory.
    pub const MEMORY: u32 = 1 << 5;
    /// Namespaces, also those of its children, and its pid in its own. A zombie has only those of
    /// users and of pids left.
    pub const NAMESPACES: u32 = 1 << 6;
    /// Cgroups.
    pub const CGROUP: u32 = 1 << 7;
}
