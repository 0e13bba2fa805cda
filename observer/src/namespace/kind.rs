//! The kinds of namespaces.

/// A kind of namespace, see namespaces(7). In the order of [`NAMESPACES`](crate::event::NAMESPACES).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NamespaceKind {
    /// Process ids.
    Pid,
    /// Mounts.
    Mount,
    /// Network devices, addresses, ports.
    Network,
    /// Users, groups, capabilities.
    User,
    /// Host name.
    Uts,
    /// System V objects and POSIX message queues.
    Ipc,
    /// The root of the cgroups that a process sees.
    Cgroup,
    /// The clocks since boot.
    Time,
}

impl NamespaceKind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Pid,
        Self::Mount,
        Self::Network,
        Self::User,
        Self::Uts,
        Self::Ipc,
        Self::Cgroup,
        Self::Time,
    ];

    /// Its name in `/proc/PID/ns`: `pid`, `mnt`, `net`, `user`, `uts`, `ipc`, `cgroup`, `time`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pid => "pid",
            Self::Mount => "mnt",
            Self::Network => "net",
            Self::User => "user",
            Self::Uts => "uts",
            Self::Ipc => "ipc",
            Self::Cgroup => "cgroup",
            Self::Time => "time",
        }
    }

    /// The kind of that name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The flag with which clone(2) and unshare(2) make one.
    pub fn clone_flag(self) -> u64 {
        let flag = match self {
            Self::Pid => libc::CLONE_NEWPID,
            Self::Mount => libc::CLONE_NEWNS,
            Self::Network => libc::CLONE_NEWNET,
            Self::User => libc::CLONE_NEWUSER,
            Self::Uts => libc::CLONE_NEWUTS,
            Self::Ipc => libc::CLONE_NEWIPC,
            Self::Cgroup => libc::CLONE_NEWCGROUP,
            Self::Time => libc::CLONE_NEWTIME,
        };
        u64::from(flag.cast_unsigned())
    }

    /// The kind that this flag of clone(2) makes.
    pub(crate) fn of_clone_flag(flag: i32) -> Option<Self> {
        let flag = u64::from(flag.cast_unsigned());
        Self::ALL.into_iter().find(|kind| kind.clone_flag() == flag)
    }

    /// Whether one of this kind lies within another of it.
    pub fn is_nested(self) -> bool {
        matches!(self, Self::Pid | Self::User)
    }

    /// The number of the first one, where that is the same on every kernel.
    pub(super) fn initial_inode(self) -> Option<u64> {
        match self {
            Self::Ipc => Some(0xefff_ffff),
            Self::Uts => Some(0xefff_fffe),
            Self::User => Some(0xefff_fffd),
            Self::Pid => Some(0xefff_fffc),
            Self::Cgroup => Some(0xefff_fffb),
            Self::Time => Some(0xefff_fffa),
            Self::Mount | Self::Network => None,
        }
    }

    /// Its place among [`Self::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::NAMESPACES;

    #[test]
    fn kinds_stand_in_the_order_of_all_tables() {
        assert_eq!(NamespaceKind::ALL.map(NamespaceKind::name), NAMESPACES);
        for (index, kind) in NamespaceKind::ALL.into_iter().enumerate() {
            assert_eq!(kind.index(), index);
            assert_eq!(NamespaceKind::of_name(kind.name()), Some(kind));
            let flag = i32::try_from(kind.clone_flag()).unwrap();
            assert_eq!(NamespaceKind::of_clone_flag(flag), Some(kind));
        }
        assert_eq!(NamespaceKind::of_name("pid_for_children"), None);
    }
}
