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
    /// Parent, start, whether it is a zombie, the first 15 bytes of its name.
    IDENTITY = 0;
    /// State, process group, session, terminal, scheduling, page faults, virtual size, number of
    /// threads.
    TASK = 1;
    /// CPU time.
    CPU_TIME = 2;
    /// Effective user and group.
    OWNER = 3;
    /// Real, effective, saved and file system users and groups.
    IDS = 4;
    /// Supplementary groups.
    GROUPS = 5;
    /// Capabilities, seccomp, whether it can gain privileges.
    CAPABILITIES = 6;
    /// Resident size, locked memory.
    MEMORY = 7;
    /// Its pid, process group and session in every pid namespace.
    PIDS = 8;
    /// The arguments as they are in its memory now.
    ARGUMENTS = 9;
    /// The security module's label.
    LABEL = 10;
    /// The file that it runs.
    EXECUTABLE = 11;
    /// Its working directory.
    WORKING_DIRECTORY = 12;
    /// Its cgroups, and the container that follows from them.
    CGROUP = 13;
    /// The kernel function in which it sleeps.
    WAIT_CHANNEL = 14;
    /// Its whole name: that of a kernel thread may have more than 15 bytes.
    NAME = 15;
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
    /// The pid and the time namespace that its children will be in.
    CHILDREN_NAMESPACES = 27;
}

impl Facts {
    /// No portion.
    pub const NONE: Self = Self(0);

    /// What `proc_pid_stat(5)` tells.
    pub const STAT: Self = Self::IDENTITY.and(Self::NAME).and(Self::TASK).and(Self::CPU_TIME);

    /// What `proc_pid_status(5)` tells.
    pub const STATUS: Self =
        Self::IDS.and(Self::GROUPS).and(Self::CAPABILITIES).and(Self::MEMORY).and(Self::PIDS);

    /// The names that look-ups give.
    pub const NAMES: Self = Self::USER_NAMES.and(Self::GROUP_NAMES).and(Self::SUPPLEMENTARY_NAMES);

    /// What only /proc tells: neither events nor a walk over the kernel's tasks do.
    pub const ONLY_PROC: Self =
        Self::LABEL.and(Self::EXECUTABLE).and(Self::WORKING_DIRECTORY).and(Self::WAIT_CHANNEL);

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

    /// The namespaces of every kind.
    pub const ALL_NAMESPACES: Self = Self::PID_NAMESPACE
        .and(Self::MOUNT_NAMESPACE)
        .and(Self::NETWORK_NAMESPACE)
        .and(Self::USER_NAMESPACE)
        .and(Self::UTS_NAMESPACE)
        .and(Self::IPC_NAMESPACE)
        .and(Self::CGROUP_NAMESPACE)
        .and(Self::TIME_NAMESPACE);

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

    /// What both sets have.
    #[must_use]
    pub const fn only(self, other: Self) -> Self {
        Self(self.0 & other.0)
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

/// How surely a source tells something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surety {
    /// Of every process, unless the event was lost.
    Always,
    /// Of those that live long enough to be asked.
    InTime,
    /// Of none.
    Never,
}

/// What the events of a source tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventFacts {
    /// Every process, however short its life, with its parent and its programs' file names.
    pub lives: Surety,
    /// The beginning of a life to the nanosecond.
    pub exact_start: Surety,
    /// Arguments of an exec.
    pub arguments: Surety,
    /// Users and groups.
    pub credentials: Surety,
    /// The pid in its own pid namespace, and all namespaces. That a thread gets into others is told
    /// by eBPF and by tracepoints, to those who ask for it; listings of /proc never tell it.
    pub namespaces: Surety,
    /// Its cgroup, and the container that follows from it.
    pub cgroup: Surety,
    /// How it ended.
    pub status: Surety,
    /// Whether a core was dumped.
    pub core_dumped: Surety,
    /// CPU time and largest resident set.
    pub usage: Surety,
}

impl EventFacts {
    /// Everything, always.
    pub const ALL: Self = Self {
        lives: Surety::Always,
        exact_start: Surety::Always,
        arguments: Surety::Always,
        credentials: Surety::Always,
        namespaces: Surety::Always,
        cgroup: Surety::Always,
        status: Surety::Always,
        core_dumped: Surety::Always,
        usage: Surety::Always,
    };

    /// Each with its name in words.
    pub fn list(&self) -> [(&'static str, Surety); 9] {
        [
            ("every life", self.lives),
            ("exact start", self.exact_start),
            ("arguments", self.arguments),
            ("users and groups", self.credentials),
            ("namespaces", self.namespaces),
            ("cgroup and container", self.cgroup),
            ("exit status", self.status),
            ("core dumped", self.core_dumped),
            ("cpu time and max rss", self.usage),
        ]
    }
}
