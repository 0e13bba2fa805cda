//! What keeps a tracepoint from being read, each case in its own words.

use super::{
    perf::PerfFault,
    record::{Damaged, FormatError},
};

/// Why a tracepoint cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The observer was closed.
    #[error("the observer is closed")]
    Closed,

    /// The observer is not open yet.
    #[error("the observer is not open")]
    NotOpen,

    /// The observer is open, and takes no more tracepoints.
    #[error("the observer is open already")]
    AlreadyOpen,

    /// No tracepoint was asked for.
    #[error("there is no tracepoint to observe")]
    Nothing,

    /// The kernel's perf events do not serve it.
    #[error(transparent)]
    Perf(#[from] PerfFault),

    /// tracefs is mounted nowhere, and could not be reached without that.
    #[error("tracefs is not mounted, and could not be opened without a mount: {why}")]
    NotMounted {
        /// What the kernel said to the attempt.
        why: String,
        /// Whether a right was missing.
        forbidden: bool,
    },

    /// tracefs is there, but not for this user.
    #[error(
        "cannot read `{path}`: its mode is {mode:04o} and its owner uid {owner}, \
         while this process has uid {uid}"
    )]
    Unreadable {
        /// The file or folder.
        path: String,
        /// Its permission bits.
        mode: u32,
        /// Whose it is.
        owner: u32,
        /// The user that asked.
        uid: u32,
    },

    /// The kernel is locked down to confidentiality.
    #[error("cannot read tracefs: kernel lockdown is in confidentiality mode")]
    LockedDown,

    /// Tracepoints speak of the pids of the initial namespace, /proc here of others.
    #[error(
        "this process is in a pid namespace of its own: the pids of tracepoints are not those of \
         its /proc"
    )]
    PidNamespace,

    /// The kernel was built without tracepoints.
    #[error("this kernel has no tracepoints")]
    NoTracing,

    /// A file of tracefs could not be read.
    #[error("cannot read `{path}` of tracefs: {why}")]
    Unread {
        /// Which, from its root.
        path: String,
        /// What the kernel said.
        why: String,
    },

    /// A name without a system, or with what no name can have.
    #[error("`{text}` is not the name of a tracepoint; expected `system:event`")]
    NotAName {
        /// What was given.
        text: String,
        /// Tracepoints whose event has that name, or nearly so.
        meant: Vec<String>,
    },

    /// There is no such tracepoint.
    #[error("this kernel has no tracepoint `{name}`")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The names that come nearest, nearest first.
        nearest: Vec<String>,
    },

    /// There is no such tracepoint yet.
    #[error("cannot find the tracepoint `{name}`: the module `{module}` is not loaded")]
    ModuleNotLoaded {
        /// What was asked for.
        name: String,
        /// The module that most likely has it.
        module: String,
    },

    /// No tracepoint has a name like that.
    #[error("no tracepoint matches `{0}`")]
    NoMatch(String),

    /// A pattern with a `[` that is not closed.
    #[error("cannot use the pattern `{0}`: a `[` has no `]`")]
    OpenBracket(String),

    /// A record of ftrace's own that has a format but no id.
    #[error("`{0}` cannot be opened: only the kernel's own tracers write it")]
    WithoutId(String),

    /// A format file that is not understood.
    #[error("cannot use the format of `{name}`")]
    BadFormat {
        /// Whose.
        name: String,
        /// What is wrong with it.
        #[source]
        why: FormatError,
    },

    /// The event has no such field.
    #[error("`{event}` has no field `{field}`")]
    UnknownField {
        /// The tracepoint.
        event: String,
        /// What was asked for.
        field: String,
        /// Those that it has, the most similar first.
        known: Vec<String>,
    },

    /// A field of another kind.
    #[error("`{field}` of `{event}` is no {wanted}: it is declared as `{declaration}`")]
    WrongKind {
        /// The tracepoint.
        event: String,
        /// The field.
        field: String,
        /// What it was to be.
        wanted: &'static str,
        /// What it is.
        declaration: String,
    },

    /// A number that the kind of number which was asked for cannot hold.
    #[error("`{field}` of `{event}` is {value}, which does not fit the type asked for")]
    OutOfRange {
        /// The tracepoint.
        event: String,
        /// The field.
        field: String,
        /// What it is.
        value: i128,
    },

    /// A record that does not hold what its format says.
    #[error("cannot read `{field}` of a record of `{event}`")]
    DamagedRecord {
        /// The tracepoint.
        event: String,
        /// The field.
        field: String,
        /// How the two differ.
        #[source]
        why: Damaged,
    },
}

impl Fault {
    /// What the reader of the message can do, as one clause without a full stop.
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::Closed => "make a new one",
            Self::NotOpen => "call `open` first",
            Self::AlreadyOpen => "add all tracepoints before `open`",
            Self::Nothing => "add one, such as `sched:sched_process_exec`",
            Self::Perf(fault) => return fault.remedy(),
            Self::NotMounted { .. } => {
                "mount it as root with `mount -t tracefs nodev /sys/kernel/tracing`, and run this \
                 as root (sudo)"
            }
            Self::Unreadable { .. } => {
                "run as root (sudo), give the program the right with \
                 `setcap cap_dac_read_search,cap_perfmon+ep`, or open tracefs to a group with \
                 `mount -o remount,gid=GID,mode=750`"
            }
            Self::LockedDown => {
                "boot without `lockdown=confidentiality`, which stops every event source; `ps` \
                 works all the same"
            }
            Self::PidNamespace => {
                "run it outside, or give the container the host's pids (`--pid=host`) and /proc"
            }
            Self::NoTracing => {
                "a kernel built with CONFIG_TRACING and CONFIG_PERF_EVENTS is needed"
            }
            Self::Unread { .. } => return None,
            Self::NotAName { meant: nearest, .. } | Self::Unknown { nearest, .. } => {
                return Some(suggestion(nearest));
            }
            Self::ModuleNotLoaded { module, .. } => {
                return Some(format!("load it with `modprobe {module}`"));
            }
            Self::NoMatch(_) => ALL_NAMES,
            Self::OpenBracket(_) => "close it, or leave it out",
            Self::WithoutId(_) => "use a tracepoint of another system",
            Self::BadFormat { .. } | Self::DamagedRecord { .. } => {
                "please report this with the output of `uname -a`"
            }
            Self::UnknownField { known, .. } => {
                return Some(format!("it has `{}`", known.join("`, `")));
            }
            Self::WrongKind { .. } => "read it as the type that it is declared with",
            Self::OutOfRange { .. } => {
                "read it as a signed number instead of an unsigned one, or the other way round"
            }
        };
        Some(text.to_owned())
    }

    /// Whether the cause is a missing right rather than a failure.
    pub fn is_not_permitted(&self) -> bool {
        match self {
            Self::Unreadable { .. } | Self::LockedDown | Self::PidNamespace => true,
            Self::NotMounted { forbidden, .. } => *forbidden,
            Self::Perf(fault) => fault.is_not_permitted(),
            Self::Closed
            | Self::NotOpen
            | Self::AlreadyOpen
            | Self::Nothing
            | Self::NoTracing
            | Self::Unread { .. }
            | Self::NotAName { .. }
            | Self::Unknown { .. }
            | Self::ModuleNotLoaded { .. }
            | Self::NoMatch(_)
            | Self::OpenBracket(_)
            | Self::WithoutId(_)
            | Self::BadFormat { .. }
            | Self::UnknownField { .. }
            | Self::WrongKind { .. }
            | Self::OutOfRange { .. }
            | Self::DamagedRecord { .. } => false,
        }
    }
}

const ALL_NAMES: &str = "`observer trace --list` shows all names";

fn suggestion(nearest: &[String]) -> String {
    match nearest {
        [] => ALL_NAMES.to_owned(),
        names => format!("did you mean `{}`? {ALL_NAMES}", names.join("`, `")),
    }
}
