//! What keeps `perf_event_open(2)` from serving a tracepoint, each case in its own words.

use std::path::PathBuf;

use nix::errno::Errno;

/// Why the kernel does not open, map or filter an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PerfFault {
    /// A setting keeps such events from everyone without a capability.
    #[error(
        "cannot open {what}: {errno}: perf_event_paranoid is {level} and CAP_PERFMON is missing"
    )]
    Paranoid {
        /// What was to be opened: an event, and for whom.
        what: String,
        /// What the kernel answered.
        errno: String,
        /// `/proc/sys/kernel/perf_event_paranoid`.
        level: i32,
    },

    /// Root, but one whose capabilities were taken away.
    #[error("cannot open {what}: {errno}: CAP_PERFMON is missing although this is root")]
    NoCapability {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
    },

    /// The process belongs to somebody else.
    #[error("cannot open {what}: {errno}: the process is another user's")]
    NotYours {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
    },

    /// Capabilities of a user namespace of one's own do not count.
    #[error(
        "cannot open {what}: {errno}: this is not the initial user namespace, and only its \
         capabilities count"
    )]
    UserNamespace {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
    },

    /// The kernel is locked down to confidentiality.
    #[error("cannot open {what}: {errno}: kernel lockdown is in confidentiality mode")]
    Lockdown {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
    },

    /// A filter of system calls answers in the kernel's place.
    #[error(
        "cannot open {what}: {errno}: a seccomp filter refuses perf_event_open to this process"
    )]
    Seccomp {
        /// What was to be opened.
        what: String,
        /// What the filter answered.
        errno: String,
    },

    /// Nothing that can be seen stands against it, and yet.
    #[error("cannot open {what}: {errno}, although this process has CAP_PERFMON")]
    DespiteCapability {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
    },

    /// The kernel was built without.
    #[error(
        "cannot open {what}: {errno}: this kernel was built without perf events for tracepoints"
    )]
    NoPerf {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
    },

    /// The event is there, but not for perf.
    #[error("cannot open {what}: {errno}: {why}")]
    Unwilling {
        /// What was to be opened.
        what: String,
        /// What the kernel answered.
        errno: String,
        /// What is known about that event.
        why: String,
    },

    /// No such process, or it has just ended.
    #[error("cannot open {what}: there is no such process")]
    NoProcess {
        /// What was to be opened.
        what: String,
    },

    /// More descriptors than this process may hold.
    #[error(
        "too many open files: {needed} are needed, one for each event, CPU and thread, and \
         {limit} are allowed"
    )]
    OpenFiles {
        /// How many, those included that are open already.
        needed: u64,
        /// `RLIMIT_NOFILE`, the hard one.
        limit: u64,
    },

    /// Not even the smallest ring may be locked in memory.
    #[error(
        "cannot map a ring of {bytes} bytes for each of {cpus} CPUs: {errno}: perf_event_mlock_kb \
         is {mlock_kib} for a CPU, and the limit of locked memory {limit}"
    )]
    LockedMemory {
        /// The smallest size that was tried.
        bytes: usize,
        /// How many there are.
        cpus: usize,
        /// What the kernel answered.
        errno: String,
        /// `/proc/sys/kernel/perf_event_mlock_kb`.
        mlock_kib: u64,
        /// `RLIMIT_MEMLOCK`, in words.
        limit: String,
    },

    /// The kernel does not understand a filter, and does not say why.
    #[error("the kernel refuses the filter `{filter}` for `{event}`: {errno}")]
    Filter {
        /// The event's name.
        event: String,
        /// The expression.
        filter: String,
        /// What the kernel answered.
        errno: String,
    },

    /// The cgroup's folder cannot be opened.
    #[error("cannot open the cgroup `{}`: {errno}", path.display())]
    NoCgroup {
        /// Which.
        path: PathBuf,
        /// Why.
        errno: String,
    },

    /// The directory does not belong to a cgroup.
    #[error("`{}` is not a cgroup", path.display())]
    NotACgroup {
        /// Which.
        path: PathBuf,
    },

    /// The cgroup is of a hierarchy that does not serve perf.
    #[error("cannot watch the cgroup `{}`: {}", path.display(), hierarchy(serving.as_deref()))]
    Hierarchy {
        /// Which.
        path: PathBuf,
        /// The version 1 hierarchy that serves perf; `None`: version 2 does.
        serving: Option<String>,
    },

    /// The kernel cannot tell cgroups apart.
    #[error("cannot watch a cgroup: this kernel was built without CONFIG_CGROUP_PERF")]
    NoCgroupPerf,

    /// Anything else.
    #[error("cannot {what}: {errno}")]
    Other {
        /// What was tried.
        what: String,
        /// What the kernel answered.
        errno: String,
    },
}

fn hierarchy(serving: Option<&str>) -> String {
    match serving {
        Some(name) => format!("perf is served by the version 1 hierarchy `{name}` here"),
        None => "its version 1 hierarchy does not have the controller perf_event".to_owned(),
    }
}

/// What the kernel answered, such as `operation not permitted (EPERM)`.
pub(crate) fn in_words(errno: Errno) -> String {
    format!("{} ({errno:?})", errno.desc().to_lowercase())
}

impl PerfFault {
    /// What the reader of the message can do, as one clause without a full stop.
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::Paranoid { .. } => {
                "run as root (sudo), or allow it to everyone with \
                 `sudo sysctl kernel.perf_event_paranoid=-1`"
            }
            Self::NoCapability { .. } => {
                "keep the capability, in a container with `--cap-add PERFMON`"
            }
            Self::NotYours { .. } => "run as root (sudo), or as the user of that process",
            Self::UserNamespace { .. } => {
                "run it outside containers and user namespaces, where root is the machine's root"
            }
            Self::Lockdown { .. } => {
                "boot without `lockdown=confidentiality`, which stops every event source; `ps` \
                 works all the same"
            }
            Self::Seccomp { .. } => {
                "run it outside the container, or start that with `--security-opt \
                 seccomp=unconfined`"
            }
            Self::DespiteCapability { .. } => {
                "look for a refusal of a security module with `sudo journalctl -k --grep denied`"
            }
            Self::NoPerf { .. } => {
                "a kernel with CONFIG_PERF_EVENTS and CONFIG_EVENT_TRACING is needed"
            }
            Self::Unwilling { .. } => {
                "`observer trace --count` may still count it; else leave it out"
            }
            Self::NoProcess { .. } => "give the pid of a running process",
            Self::OpenFiles { needed, .. } => {
                return Some(format!(
                    "ask for fewer events, or allow more with `ulimit -n {needed}`"
                ));
            }
            Self::LockedMemory { .. } => {
                "allow more with `ulimit -l unlimited`, or run as root (sudo)"
            }
            Self::Filter { .. } => {
                "compare its fields with those that `observer trace --show EVENT` lists"
            }
            Self::NoCgroup { .. } | Self::NotACgroup { .. } => {
                "give the folder of a cgroup, such as /sys/fs/cgroup/system.slice"
            }
            Self::Hierarchy { serving: Some(_), .. } => "give a folder of that hierarchy",
            Self::Hierarchy { serving: None, .. } => {
                "give a folder of the version 2 hierarchy, such as /sys/fs/cgroup/unified"
            }
            Self::NoCgroupPerf => "watch processes with `-p PID`, or all of them",
            Self::Other { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Whether the cause is a missing right rather than a failure.
    pub fn is_not_permitted(&self) -> bool {
        matches!(
            self,
            Self::Paranoid { .. }
                | Self::NoCapability { .. }
                | Self::NotYours { .. }
                | Self::UserNamespace { .. }
                | Self::Lockdown { .. }
                | Self::Seccomp { .. }
                | Self::DespiteCapability { .. }
                | Self::LockedMemory { .. }
        )
    }
}
