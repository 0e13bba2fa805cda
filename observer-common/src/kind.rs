//! What a record is about.

use zerocopy::{FromBytes, Immutable, IntoBytes};

/// The kind of a record. Numbers are never given out twice; a number that is not listed here is a
/// record of a newer object and survives decoding as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable)]
#[repr(transparent)]
pub struct Kind(pub u16);

impl Kind {
    /// A process was created.
    pub const FORK: Self = Self(0);
    /// A process started to run another program.
    pub const EXEC: Self = Self(1);
    /// The last thread of a process ended.
    pub const EXIT: Self = Self(2);
    /// The kernel let go of a process that had been waited for.
    pub const FREE: Self = Self(3);
    /// A process changed its name.
    pub const RENAME: Self = Self(4);
    /// A process was moved to another cgroup.
    pub const CGROUP: Self = Self(5);
    /// A piece of the arguments of the exec whose record follows on the same CPU, by the same copy of
    /// the program.
    pub const ARGS: Self = Self(6);

    /// A process as a walk over all tasks found it: in an iterator's output, never in the ring.
    pub const TASK: Self = Self(7);
    /// The arguments of a process as such a walk found them.
    pub const TASK_ARGS: Self = Self(8);

    /// A thread got into other namespaces. Told only to those who ask for it: to find out, every
    /// system call of the machine is looked at.
    pub const NAMESPACE: Self = Self(9);

    /// A process wrote to a unix socket whose other end has a name. Told only of those processes that
    /// it is asked for.
    pub const REQUEST: Self = Self(10);

    /// How many kinds are counted. Those of a walk never go through the ring: they count nothing.
    pub const COUNT: usize = 11;

    /// The place of this kind in per-kind tables.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}
