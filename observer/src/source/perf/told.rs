//! What the tracepoints say, as plain facts: what the tracker works with.

use bytes::Bytes;
use observer_common::limits;

use crate::event::{Kind, NamespaceCall};

/// A task's name as the kernel keeps it: NUL-padded.
pub(super) type Comm = [u8; limits::COMM];

/// One record of a tracepoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// When, in nanoseconds since boot.
    pub(super) boot_ns: u64,
    /// On which CPU.
    pub(super) cpu: u32,
    /// The process in which it happened, and its thread; 0 for an idle CPU.
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) news: News,
}

/// What it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// `task_newtask`: the process has created a process or a thread.
    NewTask { tid: u32, comm: Comm, clone_flags: u64 },
    /// `sched_process_exec`. `overtaken`: the same process is known to have run yet another
    /// program since, so that it is too late to ask for its arguments.
    Exec { pid: u32, old_pid: u32, filename: Bytes, overtaken: bool },
    /// `sched_process_exit`: the thread ends; whether it is the last one, where the kernel says so.
    Exit { comm: Comm, group_dead: Option<bool> },
    /// `sched_process_free`: the kernel lets go of a thread.
    Free { tid: u32 },
    /// `task_rename`.
    Rename { tid: u32, old: Comm, new: Comm },
    /// `cgroup_attach_task`: a process was moved to this path of a hierarchy; 0 is the unified one.
    Attach { pid: u32, hierarchy: u32, path: Bytes },
    /// `sys_enter_unshare`, or `sys_enter_setns`.
    NamespaceCall { flags: u64 },
    /// `sys_exit_unshare`, or `sys_exit_setns`, with success.
    NamespaceCallDone { call: NamespaceCall },
    /// `sys_enter_exit_group`, or `sys_enter_exit` of a thread.
    ExitCall { code: u8, group: bool },
    /// `signal_generate`: the signal is pending for a thread or its process.
    SignalGenerated { tid: u32, number: u8 },
    /// `signal_deliver`: the thread takes the signal, and has no handler for it.
    SignalDelivered { number: u8, default: bool },
}

impl Told {
    /// The kind of event that comes of it.
    pub(super) fn kind(&self) -> Option<Kind> {
        match self.news {
            News::NewTask { clone_flags, .. } => {
                let thread = clone_flags & u64::from(libc::CLONE_THREAD.cast_unsigned()) != 0;
                (!thread).then_some(Kind::FORK)
            }
            News::Exec { .. } => Some(Kind::EXEC),
            News::Exit { .. } => Some(Kind::EXIT),
            News::Free { .. } => Some(Kind::FREE),
            News::Rename { .. } => Some(Kind::RENAME),
            News::Attach { .. } => Some(Kind::CGROUP),
            News::NamespaceCallDone { .. } => Some(Kind::NAMESPACE),
            News::NamespaceCall { .. }
            | News::ExitCall { .. }
            | News::SignalGenerated { .. }
            | News::SignalDelivered { .. } => None,
        }
    }

    /// The process that has to be known before this can be understood; `None` where a stranger is
    /// of no interest.
    pub(super) fn subject(&self) -> Option<u32> {
        match self.news {
            News::Exec { pid, .. } => Some(pid),
            News::Rename { tid, .. } => (tid == self.pid).then_some(tid),
            News::Exit { group_dead, .. } => {
                let may_be_the_last = group_dead.unwrap_or(self.tid == self.pid);
                may_be_the_last.then_some(self.pid)
            }
            News::NewTask { .. }
            | News::NamespaceCall { .. }
            | News::NamespaceCallDone { .. }
            | News::ExitCall { .. } => Some(self.pid),
            News::Free { .. }
            | News::Attach { .. }
            | News::SignalGenerated { .. }
            | News::SignalDelivered { .. } => None,
        }
    }
}

/// A name, cut or filled up.
pub(super) fn padded(name: &[u8]) -> Comm {
    let mut comm = [0; limits::COMM];
    for (to, from) in comm.iter_mut().zip(name.iter().take(limits::COMM - 1)) {
        *to = *from;
    }
    comm
}
