//! One life of a process, as the table knows it.

use std::sync::Arc;

use bytes::Bytes;

use crate::event::{Args, Process, ProcessKey, Status, Usage};

/// One life of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As the last event or walk told it; its parent is followed beyond that.
    pub process: Process,
    /// What it runs; `None` if its exec was not seen and the program was not read.
    pub program: Option<Arc<Program>>,
    /// Whether it runs.
    pub state: State,
    /// 1; 2, 3… for a later life of the same pid in the same clock tick.
    pub life: u32,
    /// Boot time of what `process` was taken from.
    pub told_ns: u64,
    /// Whether it was found by a walk, and no event has reported it since.
    pub inferred: bool,
}

impl Entry {
    /// The arguments at its exec, as /proc would show them; empty for a kernel thread or a zombie,
    /// `None` where they are not known.
    pub fn arguments(&self) -> Option<Bytes> {
        match &self.program {
            _ if self.state != State::Running => Some(Bytes::new()),
            Some(program) => program.args.as_ref().map(|args| args.captured().clone()),
            // What has never execed has no arguments.
            None if self.process.exec_id == 0 => Some(Bytes::new()),
            None => None,
        }
    }
}

/// A program that was started, and with what. Processes that it forks share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// The file name as it was given to execve(2).
    pub filename: Option<Bytes>,
    /// Its arguments; `None` where it was gone before they could be read.
    pub args: Option<Args>,
    /// [`Process::exec_id`] since that exec; 0 where the kernel does not tell.
    pub exec_id: u64,
    /// When it was started, in nanoseconds since boot.
    pub exec_ns: u64,
}

/// Where a process stands between fork(2) and wait(2). It only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// At least one of its threads runs.
    Running,
    /// It ended, and its parent has not waited for it: a zombie.
    Exited(End),
    /// The kernel has let go of it.
    Freed(End),
}

impl State {
    /// How it ended, if it did.
    pub fn end(&self) -> Option<&End> {
        match self {
            Self::Running => None,
            Self::Exited(end) | Self::Freed(end) => Some(end),
        }
    }
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// When it ended, in nanoseconds since boot; where no event reported it, when that was noticed.
    pub boot_ns: u64,
    /// Its status; `None` if it is not known.
    pub status: Option<Status>,
    /// What it used; `None` if it is not known.
    pub usage: Option<Usage>,
    /// The process that became the parent of its children.
    pub reaper: Option<ProcessKey>,
}

impl End {
    /// Of a process of which only this is known: that it is gone.
    pub(super) fn noticed(boot_ns: u64) -> Self {
        Self { boot_ns, status: None, usage: None, reaper: None }
    }

    /// What another account of the same end adds. What is used only grows, and it ended before
    /// anybody noticed.
    pub(crate) fn join(self, other: Self) -> Self {
        let larger = |ours: Usage, theirs: Usage| Usage {
            user_ns: ours.user_ns.max(theirs.user_ns),
            system_ns: ours.system_ns.max(theirs.system_ns),
            max_rss_pages: ours.max_rss_pages.max(theirs.max_rss_pages),
        };
        Self {
            boot_ns: self.boot_ns.min(other.boot_ns),
            status: self.status.or(other.status),
            usage: match (self.usage, other.usage) {
                (Some(ours), Some(theirs)) => Some(larger(ours, theirs)),
                (ours, theirs) => ours.or(theirs),
            },
            reaper: self.reaper.or(other.reaper),
        }
    }
}
