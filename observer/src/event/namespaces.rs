//! The namespaces of a thread, and how it got into them.

use observer_common::{NamespaceFacts, call};

/// How a thread got into other namespaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamespaceCall {
    /// It was created there, by clone(2).
    Clone,
    /// It left for new ones, by unshare(2).
    Unshare,
    /// It entered others, by setns(2).
    Setns,
}

impl NamespaceCall {
    /// The system call.
    pub fn name(self) -> &'static str {
        match self {
            Self::Clone => "clone",
            Self::Unshare => "unshare",
            Self::Setns => "setns",
        }
    }

    /// `None` for one of a newer object.
    pub(super) fn from_number(number: u32) -> Option<Self> {
        match number {
            call::CLONE => Some(Self::Clone),
            call::UNSHARE => Some(Self::Unshare),
            call::SETNS => Some(Self::Setns),
            _ => None,
        }
    }
}

/// A namespace of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ThreadNamespace {
    /// Its inode number. Once it is gone, another one may get the same at once.
    pub inode: u32,
    /// The kernel's own id of it, which is never used again; `None` before Linux 6.18, and where no
    /// eBPF program tells.
    pub id: Option<u64>,
}

/// The namespaces of a thread; `None` where the kernel does not have that kind, or the source came
/// too late to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThreadNamespaces {
    /// Those that it is in, in the order of [`NAMESPACES`](super::NAMESPACES). Of users and of pids
    /// all threads of a process have the same.
    pub own: [Option<ThreadNamespace>; 8],
    /// The pid namespace that its children get.
    pub pid_for_children: Option<ThreadNamespace>,
    /// The time namespace that its children get.
    pub time_for_children: Option<ThreadNamespace>,
}

impl ThreadNamespaces {
    /// Those that a record tells.
    pub(super) fn of(facts: &NamespaceFacts) -> Self {
        let [own @ .., pid, time] = facts.ids;
        let mut all = facts.process.namespaces.into_iter().zip(own);
        let [pid_inode, time_inode] = facts.for_children;
        Self {
            own: std::array::from_fn(|_| all.next().and_then(|(inode, id)| namespace(inode, id))),
            pid_for_children: namespace(pid_inode, pid),
            time_for_children: namespace(time_inode, time),
        }
    }
}

fn namespace(inode: u32, id: u64) -> Option<ThreadNamespace> {
    (inode != 0).then_some(ThreadNamespace { inode, id: (id != 0).then_some(id) })
}
