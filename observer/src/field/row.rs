//! One process as the columns see it, whoever told it: a scan of /proc, or the live table.
//!
//! What was not asked for, or could not be known, is `None`; never 0, an empty text or `?`.

use std::sync::Arc;

use bytes::Bytes;

use crate::{
    event::{Cgroup, ProcessKey},
    names::Names,
};

/// One process.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// Its pid, in the caller's pid namespace.
    pub pid: u32,
    /// 2, 3… for a later life of the same pid in the same clock tick, as far as a table counted
    /// them.
    pub life: u32,
    /// Effective user and group.
    pub owner: Option<Owner>,
    /// [`Facts::IDENTITY`](crate::facts::Facts::IDENTITY).
    pub identity: Option<Identity>,
    /// [`Facts::TASK`](crate::facts::Facts::TASK).
    pub stat: Option<Stat>,
    /// [`Facts::CPU_TIME`](crate::facts::Facts::CPU_TIME).
    pub cpu_time: Option<CpuTime>,
    /// Of [`Facts::STATUS`](crate::facts::Facts::STATUS) at least what was asked for.
    pub status: Option<Status>,
    /// The arguments, each with its NUL, as they are in its memory now; empty for a kernel
    /// thread or a zombie.
    pub arguments: Option<Bytes>,
    /// The security module's label.
    pub label: Option<Box<[u8]>>,
    /// The file that it runs.
    pub executable: Option<Box<[u8]>>,
    /// Its working directory.
    pub working_directory: Option<Box<[u8]>>,
    /// Its cgroups and container.
    pub cgroup: Option<Arc<Cgroup>>,
    /// The kernel function in which it sleeps; empty when it runs.
    pub wait_channel: Option<Box<[u8]>>,
    /// Inode numbers of its namespaces, in the order of
    /// [`NAMESPACES`](crate::event::NAMESPACES).
    pub namespaces: [Option<u32>; 8],
    /// The pid and the time namespace that its children will be in. `None` as well where it has
    /// made a pid namespace and has no child in there yet.
    pub for_children: [Option<u32>; 2],
    /// How the processes of a joined pid namespace see this process.
    pub inside: Option<Box<Inside>>,
}

/// Effective user and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Effective user.
    pub uid: u32,
    /// Effective group.
    pub gid: u32,
}

/// What every source knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// Its name: at most 15 bytes for a process, 63 for a kernel thread.
    pub comm: Box<[u8]>,
    /// The parent's pid; 0 when it is outside the caller's pid namespace, or none.
    pub parent: u32,
    /// When it began, in nanoseconds since boot; from /proc to the clock tick.
    pub start_ns: u64,
    /// Whether it has ended and its parent has not yet waited for it.
    pub zombie: bool,
}

/// CPU time in nanoseconds, of all threads, dead ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTime {
    /// In user mode.
    pub user_ns: u64,
    /// In the kernel.
    pub system_ns: u64,
}

/// What `proc_pid_stat(5)` tells besides. Sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stat {
    /// One letter: `R`, `S`, `D`, `Z`, `T`, `t`, `I`, `X`.
    pub state: u8,
    /// Process group; 0 when its leader is outside the caller's pid namespace.
    pub pgid: i32,
    /// Session, as the process group.
    pub sid: i32,
    /// Device number of the controlling terminal; 0 for none.
    pub tty: u32,
    /// Foreground process group of the terminal; -1 for none.
    pub tpgid: i32,
    /// Flags of the kernel's task, `PF_…`.
    pub flags: u32,
    /// Page faults that needed no disk.
    pub minor_faults: u64,
    /// Page faults that did.
    pub major_faults: u64,
    /// The kernel's priority.
    pub priority: i64,
    /// Nice value, -20 to 19.
    pub nice: i64,
    /// Threads.
    pub threads: u32,
    /// Virtual size.
    pub virtual_size: u64,
    /// The CPU that it ran on last.
    pub processor: u32,
    /// Real-time priority, 1 to 99; 0 for none.
    pub real_time_priority: u32,
    /// Scheduling policy, see sched(7).
    pub policy: u32,
    /// Of a process that has ended: how, in the form of wait(2). `None` where that may not be read.
    pub exit_status: Option<u32>,
}

/// What `proc_pid_status(5)` tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Thread group: the pid again for a process, another for a thread.
    pub tgid: Option<u32>,
    /// Users: real, effective, saved, file system.
    pub uids: Option<[u32; 4]>,
    /// Groups: real, effective, saved, file system.
    pub gids: Option<[u32; 4]>,
    /// Supplementary groups.
    pub groups: Option<Box<[u32]>>,
    /// Its pid in each pid namespace from the caller's inwards.
    pub pids: Box<[u32]>,
    /// Its process group, likewise.
    pub pgids: Box<[u32]>,
    /// Its session, likewise.
    pub sids: Box<[u32]>,
    /// Resident size in KiB; `None` for what has no memory.
    pub resident_kib: Option<u64>,
    /// Locked memory in KiB.
    pub locked_kib: Option<u64>,
    /// Capabilities: inheritable, permitted, effective, bounding, ambient.
    pub capabilities: [Option<u64>; 5],
    /// Whether it can never gain privileges.
    pub no_new_privileges: Option<bool>,
    /// 0 none, 1 strict, 2 filter.
    pub seccomp: Option<u32>,
    /// Filters of seccomp.
    pub seccomp_filters: Option<u32>,
    /// How often its leader has left a CPU, of itself or not; /proc alone tells.
    pub switches: Option<u64>,
}

/// A process as those of its own pid namespace see it, or of one around it.
#[derive(Clone, Debug)]
pub struct Inside {
    /// Its pid there.
    pub pid: u32,
    /// Its parent's; 0 for one from outside.
    pub parent: u32,
    /// Its process group there.
    pub pgid: u32,
    /// Its session there.
    pub sid: u32,
    /// Users as its user namespace maps them: real, effective, saved, file system.
    pub uids: Option<[u32; 4]>,
    /// Groups, likewise.
    pub gids: Option<[u32; 4]>,
    /// Supplementary groups, likewise.
    pub groups: Option<Box<[u32]>>,
    /// The names that the container's files give.
    pub names: Arc<Names>,
}

impl Row {
    /// Its identity; `None` before its start is known.
    pub fn key(&self) -> Option<ProcessKey> {
        let identity = self.identity.as_ref()?;
        Some(ProcessKey { pid: self.pid, start_ns: identity.start_ns })
    }

    /// Takes over what another account of the same process knows beyond this one.
    #[cfg(feature = "perf")]
    pub(crate) fn add(&mut self, other: Self) {
        self.label = self.label.take().or(other.label);
        self.executable = self.executable.take().or(other.executable);
        self.working_directory = self.working_directory.take().or(other.working_directory);
        self.wait_channel = self.wait_channel.take().or(other.wait_channel);
        if let (Some(status), Some(other)) = (&mut self.status, other.status) {
            status.groups = status.groups.take().or(other.groups);
        }
    }

    /// Effective user and group, from whatever told them.
    pub fn effective(&self) -> Option<Owner> {
        self.owner.or_else(|| {
            let status = self.status.as_ref()?;
            Some(Owner { uid: status.uids?[1], gid: status.gids?[1] })
        })
    }
}

impl Row {
    /// Whether it is a thread of the kernel, as far as its flags are known.
    pub fn is_kernel_thread(&self) -> bool {
        /// The kernel's `PF_KTHREAD`.
        const KERNEL_THREAD: u32 = 0x0020_0000;
        self.stat.as_ref().is_some_and(|stat| stat.flags & KERNEL_THREAD != 0)
    }

    /// Whether it has ended and its parent has not yet waited for it, as far as that is known.
    pub fn is_zombie(&self) -> bool {
        self.identity.as_ref().is_some_and(|identity| identity.zombie)
    }
}

impl CpuTime {
    /// Of both modes.
    pub fn total_ns(self) -> u64 {
        self.user_ns.saturating_add(self.system_ns)
    }
}
