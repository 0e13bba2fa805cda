//! The namespaces of a thread, and how it got into them.

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

#[cfg(feature = "perf")]
impl ThreadNamespaces {
    /// Of inode numbers, and of the kernel's own ids: of those that the thread is in, in the order of
    /// [`NAMESPACES`](super::NAMESPACES), then of those that its children get, of pids and of time. 0
    /// where there is none, or none is known.
    pub(crate) fn of(inodes: [u32; 10], ids: [u64; 10]) -> Self {
        let mut all = inodes.into_iter().zip(ids).map(|(inode, id)| {
            let id = (id != 0).then_some(id);
            (inode != 0).then_some(ThreadNamespace { inode, id })
        });
        let mut next = || all.next().flatten();
        Self {
            own: std::array::from_fn(|_| next()),
            pid_for_children: next(),
            time_for_children: next(),
        }
    }
}
