//! What is told when a thread gets into other namespaces.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::ProcessFacts;

/// A thread got into other namespaces. Tail: cgroup names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct NamespaceFacts {
    /// The process of the thread. The namespaces are the thread's: another thread's may differ.
    pub process: ProcessFacts,
    /// The kernel's own ids of the thread's namespaces, in the order of [`crate::NAMESPACES`], then
    /// those that its children get, of pids and of time; 0 where the kernel has none (it has since
    /// 6.18). Unlike inode numbers they are never used again.
    pub ids: [u64; 10],
    /// The flags of the call: those of clone(2) or unshare(2), the kind that setns(2) was to accept.
    pub flags: u64,
    /// Inode numbers of the namespaces that its children get, of pids and of time; 0 where there is
    /// none.
    pub for_children: [u32; 2],
    /// How it got there: one of [`call`].
    pub call: u32,
    /// Always zero.
    pub reserved: u32,
}

/// Values of [`NamespaceFacts::call`].
pub mod call {
    /// It was created there, by clone(2).
    pub const CLONE: u32 = 1;
    /// It left for new ones, by unshare(2).
    pub const UNSHARE: u32 = 2;
    /// It entered others, by setns(2).
    pub const SETNS: u32 = 3;
}
