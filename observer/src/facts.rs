//! What can be known of a process, in the portions in which it is got.
//!
//! A column says which it needs, a source which it can give: nothing is read that nobody asked
//! for. Names no source, no file and no hook.

use std::ops::{BitOr, BitOrAssign};

/// A set of portions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts(u32);

macro_rules! facts {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl Facts {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            /// Every portion.
            pub const ALL: Self = Self($((1 << $bit))|*);
        }
    };
}

facts! {
    /// Name, state, parent, process group, session, terminal, start, CPU time, scheduling, page
    /// faults, virtual size, number of threads.
    STAT = 0;
    /// Effective user and group.
    OWNER = 1;
    /// All ids, supplementary groups, capabilities, seccomp, resident size, pids in every
    /// namespace.
    STATUS = 2;
    /// The arguments as they are in its memory now.
    ARGUMENTS = 3;
    /// The security module's label.
    LABEL = 4;
    /// The file that it runs.
    EXECUTABLE = 5;
    /// Its working directory.
    WORKING_DIRECTORY = 6;
    /// Its cgroups, and the container that follows from them.
    CGROUP = 7;
    /// The kernel function in which it sleeps.
    WAIT_CHANNEL = 8;
    /// Namespaces, by the kinds and in the order of [`NAMESPACES`](crate::event::NAMESPACES).
    PID_NAMESPACE = 16;
    /// See [`Facts::PID_NAMESPACE`].
    MOUNT_NAMESPACE = 17;
    /// See [`Facts::PID_NAMESPACE`].
    NETWORK_NAMESPACE = 18;
    /// See [`Facts::PID_NAMESPACE`].
    USER_NAMESPACE = 19;
    /// See [`Facts::PID_NAMESPACE`].
    UTS_NAMESPACE = 20;
    /// See [`Facts::PID_NAMESPACE`].
    IPC_NAMESPACE = 21;
    /// See [`Facts::PID_NAMESPACE`].
    CGROUP_NAMESPACE = 22;
    /// See [`Facts::PID_NAMESPACE`].
    TIME_NAMESPACE = 23;
    /// The names of its users, by look-up.
    USER_NAMES = 24;
    /// The names of its groups, by look-up.
    GROUP_NAMES = 25;
    /// The names of its supplementary groups, by look-up.
    SUPPLEMENTARY_NAMES = 26;
}

impl Facts {
    /// No portion.
    pub const NONE: Self = Self(0);

    /// The namespaces, in the order of [`NAMESPACES`](crate::event::NAMESPACES).
    pub const NAMESPACES: [Self; 8] = [
        Self::PID_NAMESPACE,
        Self::MOUNT_NAMESPACE,
        Self::NETWORK_NAMESPACE,
        Self::USER_NAMESPACE,
        Self::UTS_NAMESPACE,
        Self::IPC_NAMESPACE,
        Self::CGROUP_NAMESPACE,
        Self::TIME_NAMESPACE,
    ];

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// This set less another.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether some of the other set is in this one.
    pub const fn have(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for Facts {
    type Output = Self;

    fn bitor(self, rhs: Self) -> Self {
        self.and(rhs)
    }
}

impl BitOrAssign for Facts {
    fn bitor_assign(&mut self, rhs: Self) {
        *self = self.and(rhs);
    }
}

impl FromIterator<Self> for Facts {
    fn from_iter<T: IntoIterator<Item = Self>>(iter: T) -> Self {
        iter.into_iter().fold(Self::NONE, Self::and)
    }
}
