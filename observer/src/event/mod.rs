//! What happened, as an owned fact: the types that everything behind the source uses.
//!
//! Nothing in here reads a clock or a file. Ids are those of the initial namespaces, times are
//! nanoseconds since boot with suspended time included (`CLOCK_BOOTTIME`), bytes are as the
//! process wrote them.

mod args;
mod cgroup;
mod kind;
mod namespaces;

use std::sync::Arc;

use bytes::Bytes;
pub use observer_common::{Kind, NAMESPACES};

#[cfg(feature = "snapshot")]
pub(crate) use self::cgroup::CgroupCache;
pub use self::{
    args::Args,
    cgroup::Cgroup,
    kind::EventKind,
    namespaces::{NamespaceCall, ThreadNamespace, ThreadNamespaces},
};
use crate::container::Container;

/// One event of the stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When it happened, in nanoseconds since boot. Events of one process are in order; those of
    /// different CPUs may be out of order by some microseconds.
    pub boot_ns: u64,
    /// The CPU it happened on.
    pub cpu: u32,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum What {
    /// A process was created (new threads do not count): fork(2), vfork(2), clone(2).
    Fork {
        /// The new process. Its parent is its creator, or under `CLONE_PARENT` its creator's.
        process: Process,
        /// The process that called fork(2), vfork(2) or clone(2).
        creator: Creator,
        /// The flags given to clone(2).
        clone_flags: u64,
    },
    /// A process started to run another program. A failed execve(2) is not an event.
    Exec {
        /// The process, as the new program.
        process: Process,
        /// The file name as it was given to execve(2); for a script the script.
        filename: Bytes,
        /// Its arguments; `None` where it was gone before they could be read.
        args: Option<Args>,
    },
    /// The last thread of a process ended. Comes exactly once for each process.
    Exit {
        /// The process.
        process: Process,
        /// How it ended, where the source can tell.
        status: Option<Status>,
        /// What the process has used so far: other threads may still be exiting. `None` where the
        /// source does not know it.
        usage: Option<Usage>,
        /// The process that becomes the parent of its children: a subreaper, or the init of its pid
        /// namespace; `None` where that is itself.
        reaper: Option<ProcessKey>,
    },
    /// The kernel let go of a process, some milliseconds after its parent waited for it.
    Free {
        /// The process's identity.
        key: ProcessKey,
        /// How it ended, where the source can tell.
        status: Option<Status>,
        /// What the process used in all. `None` where the source does not know it.
        usage: Option<Usage>,
    },
    /// A process changed its name, by prctl(2) or by exec.
    Rename {
        /// The process, under its new name.
        process: Process,
        /// Its name before.
        old_comm: Comm,
    },
    /// A process was moved to another cgroup.
    Cgroup {
        /// The process, in its new cgroup.
        process: Process,
        /// Its cgroup before, if the table knew it.
        old_cgroup: Option<Arc<Cgroup>>,
    },
    /// A thread called clone(2), unshare(2) or setns(2) to get into other namespaces, even if the
    /// call changed nothing. Reported only if [`Kind::NAMESPACE`] is asked for.
    Namespaces {
        /// The process; [`Process::tid`] is the thread. Its namespaces are given only if the thread
        /// is its leader.
        process: Process,
        /// How the thread got there.
        call: NamespaceCall,
        /// The flags given to clone(2) or unshare(2); the kinds that setns(2) was to accept, or 0.
        flags: u64,
        /// Where the thread is now.
        namespaces: Box<ThreadNamespaces>,
    },
    /// A process wrote to a unix socket that another process listens on: a client asks its server
    /// for something. Reported when the call begins, and only for processes that
    /// [`Overhears::begin`](crate::source::Overhears::begin) was called for.
    Request {
        /// The process that wrote.
        process: Process,
        /// The other end of the connection.
        peer: Peer,
        /// How much it gave to one call, in bytes. The kernel may take less, or nothing: a program
        /// that calls once more with the rest is told once more.
        size: u64,
        /// The beginning of it: [`limits::REQUEST`](observer_common::limits::REQUEST) bytes at
        /// most, less where its memory could not be read.
        bytes: Bytes,
    },
    /// A process got another parent because its own ended. Comes from the table.
    Reparent {
        /// The process, under its new parent.
        process: Process,
        /// Its parent before.
        old_parent: ProcessKey,
    },
    /// A process was found that no event had reported: it was there before, or the event was lost.
    /// Comes from the table.
    Found {
        /// The process, as it was found.
        process: Process,
    },
    /// A process that had ended was reaped, or was found to be gone. What it used in all follows as
    /// [`What::Free`], unless that is lost. Comes from the table.
    Gone {
        /// The process's identity.
        key: ProcessKey,
    },
    /// Events are missing at this place.
    Lost {
        /// How many events are missing.
        count: u64,
        /// Why they are missing.
        loss: Loss,
    },
    /// After a loss, the table was compared with the kernel's own list. Comes from the table.
    Repair {
        /// How many processes the table did not know.
        added: u64,
        /// How many processes had ended without the table's knowledge.
        removed: u64,
    },
}

/// Why events are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// They found no room in the ring of the CPU that [`Event::cpu`] names.
    NoRoom,
    /// The kernel skipped the programs that would have reported them, as kernels since 7.0 do where
    /// a task has been preempted inside the same program. On which CPU is not known. A run that was
    /// skipped counts as one event, although it might have reported nothing, as at a thread's end.
    Skipped,
}

impl What {
    /// The identity of the process that it is about.
    pub fn key(&self) -> Option<ProcessKey> {
        match self {
            Self::Free { key, .. } | Self::Gone { key } => Some(*key),
            what => what.process().map(|process| process.key),
        }
    }

    /// The process that it is about, where there is more than its identity.
    pub fn process(&self) -> Option<&Process> {
        match self {
            Self::Fork { process, .. }
            | Self::Exec { process, .. }
            | Self::Exit { process, .. }
            | Self::Rename { process, .. }
            | Self::Cgroup { process, .. }
            | Self::Namespaces { process, .. }
            | Self::Request { process, .. }
            | Self::Reparent { process, .. }
            | Self::Found { process } => Some(process),
            Self::Free { .. } | Self::Gone { .. } | Self::Lost { .. } | Self::Repair { .. } => None,
        }
    }
}

/// The identity of a process within a boot: a pid is reused, a pid with its start time is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProcessKey {
    /// Process id in the initial pid namespace (the kernel's tgid).
    pub pid: u32,
    /// When it began, in nanoseconds since boot.
    pub start_ns: u64,
}

/// A process at the moment of an event. A field is `None` where the source could not find it out:
/// one that reads /proc comes too late for a short-lived process. eBPF finds out everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its identity.
    pub key: ProcessKey,
    /// Its parent's identity; `None` for processes that the kernel itself started.
    pub parent: Option<ProcessKey>,
    /// The kernel's count of its execs, its ancestors' included: another number is another program;
    /// 0 where the kernel does not tell.
    pub exec_id: u64,
    /// The thread that acted.
    pub tid: u32,
    /// Its pid in its own pid namespace.
    pub vpid: Option<u32>,
    /// Its name.
    pub comm: Comm,
    /// The user and group it runs as.
    pub credentials: Option<Credentials>,
    /// Inode numbers of its namespaces, in the order of [`NAMESPACES`]; 0 where the kernel does
    /// not have that kind, or the source cannot tell.
    pub namespaces: [u32; 8],
    /// Where it stands in the cgroup hierarchies, and the container that follows from it.
    pub cgroup: Option<Arc<Cgroup>>,
}

impl Process {
    /// The container that it runs in.
    pub fn container(&self) -> Option<&Container> {
        self.cgroup.as_ref()?.container.as_ref()
    }

    /// This account, completed by what an earlier one knew about the same process.
    #[must_use]
    pub(crate) fn or(self, before: &Self) -> Self {
        let untold = self.namespaces == [0; 8];
        Self {
            vpid: self.vpid.or(before.vpid),
            credentials: self.credentials.or(before.credentials),
            namespaces: if untold { before.namespaces } else { self.namespaces },
            cgroup: self.cgroup.or_else(|| before.cgroup.clone()),
            ..self
        }
    }
}

/// User and group ids, see credentials(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Credentials {
    pub real_uid: u32,
    pub effective_uid: u32,
    pub real_gid: u32,
    pub effective_gid: u32,
}

/// The process that created another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Creator {
    /// Its identity.
    pub key: ProcessKey,
    /// The thread that called.
    pub tid: u32,
    /// Its name.
    pub comm: Comm,
}

/// The server's end of a unix socket, see unix(7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The path it is bound to; an abstract name begins with NUL; empty where it has none.
    pub path: Bytes,
    /// The process that called listen(2), in the initial pid namespace: systemd where it hands
    /// sockets on. `None` where the kernel does not tell.
    pub pid: Option<u32>,
    /// The effective user of that process at the time.
    pub uid: Option<u32>,
}

/// A process's name: at most 15 bytes, any but NUL.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Comm([u8; 16]);

impl Comm {
    /// The name up to the first NUL.
    pub fn new(padded: [u8; 16]) -> Self {
        Self(padded)
    }

    /// The first 15 bytes of a longer name.
    #[cfg(feature = "perf")]
    pub(crate) fn of_bytes(name: &[u8]) -> Self {
        let mut padded = [0; 16];
        for (to, from) in padded.iter_mut().zip(name.iter().take(15)) {
            *to = *from;
        }
        Self(padded)
    }

    /// Its bytes.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.split(|byte| *byte == 0).next().unwrap_or_default()
    }
}

impl std::fmt::Debug for Comm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.as_bytes()))
    }
}

/// How a process ended, see wait(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It called exit(2) with this code.
    Code(u8),
    /// A signal killed it.
    Signal {
        /// The signal's number.
        number: u8,
        /// Whether a core was dumped, where the source can tell.
        core_dumped: Option<bool>,
    },
}

impl Status {
    /// Takes a status of wait(2) apart.
    pub fn from_wait(status: u32) -> Self {
        let [low, high, ..] = status.to_le_bytes();
        match low & 0x7f {
            0 => Self::Code(high),
            number => Self::Signal { number, core_dumped: Some(low & 0x80 != 0) },
        }
    }

    /// This status, without a word on whether a core was dumped.
    #[cfg(feature = "perf")]
    #[must_use]
    pub(crate) fn without_core(self) -> Self {
        match self {
            Self::Signal { number, .. } => Self::Signal { number, core_dumped: None },
            Self::Code(code) => Self::Code(code),
        }
    }
}

/// What a process used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in user mode, in nanoseconds.
    pub user_ns: u64,
    /// CPU time in the kernel, in nanoseconds.
    pub system_ns: u64,
    /// Largest resident set, in pages.
    pub max_rss_pages: u64,
}

impl Usage {
    /// CPU time of both modes.
    pub fn cpu_ns(&self) -> u64 {
        self.user_ns.saturating_add(self.system_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_is_read_as_wait_does() {
        for raw in 0..=0xffff_u32 {
            #[expect(clippy::cast_possible_wrap, reason = "16 bits")]
            let status = raw as i32;
            let expected = if libc::WIFEXITED(status) {
                Status::Code(u8::try_from(libc::WEXITSTATUS(status)).unwrap())
            } else {
                Status::Signal {
                    number: u8::try_from(raw & 0x7f).unwrap(),
                    core_dumped: Some(libc::WCOREDUMP(status)),
                }
            };
            assert_eq!(Status::from_wait(raw), expected, "{raw:#x}");
        }
    }

    #[test]
    fn a_name_ends_at_its_first_nul() {
        assert_eq!(Comm::new(*b"sh\0garbage\0\0\0\0\0\0").as_bytes(), b"sh");
        assert_eq!(Comm::new(*b"fifteen-bytes-x\0").as_bytes(), b"fifteen-bytes-x");
        assert_eq!(Comm::new([0; 16]).as_bytes(), b"");
    }
}
