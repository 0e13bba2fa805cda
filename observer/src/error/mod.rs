//! What can go wrong, in the words of the one who has to mend it.

#[cfg(feature = "perf")]
pub(crate) mod perf;
#[cfg(feature = "perf")]
pub(crate) mod record;
#[cfg(feature = "perf")]
pub(crate) mod tracepoint;

use std::{fmt, io, path::PathBuf};

#[cfg(feature = "perf")]
pub use self::tracepoint::Fault;
#[cfg(feature = "perf")]
use crate::origin::Origin;

/// An error of the library. It prints what failed; its [`source`](std::error::Error::source) says
/// why, [`remedy`](Error::remedy) what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel would refuse the programs to this process.
    #[error("cannot load eBPF programs: {0}")]
    NotPermitted(Refusal),

    /// The running kernel does not describe itself.
    #[error("cannot read the kernel's BTF from `{path}`")]
    NoBtf {
        /// Where it should be.
        path: PathBuf,
        /// Why it cannot be read.
        source: io::Error,
    },

    /// The description is there but cannot be understood.
    #[error("the kernel's BTF is damaged: {0}")]
    DamagedBtf(&'static str),

    /// The description lacks a member that the programs read.
    #[error("this kernel's BTF has no `{0}`, which the eBPF programs read")]
    MissingMember(String),

    /// The file is not an eBPF object, or was built for another version.
    #[error("cannot use the eBPF object {object}: {why}")]
    Object {
        /// Which object: a path, or the one in this program.
        object: String,
        /// What is wrong with it.
        why: String,
    },

    /// The kernel refused a program.
    #[error("the kernel refused the eBPF program `{program}`: {why}")]
    Refused {
        /// The program's name.
        program: String,
        /// The kernel's words, cut to a line.
        why: String,
    },

    /// This library was built without what was asked for.
    #[error("this program was built without `{0}`")]
    NotBuilt(&'static str),

    /// No source of events works here: each with what keeps it from working.
    #[cfg(feature = "perf")]
    #[error("no events to be had{}", list(.0))]
    NoSource(Vec<(Origin, Self)>),

    /// A ring cannot have this size.
    #[error("the ring size cannot be {0} bytes")]
    RingSize(u64),

    /// No column has that name or code.
    #[error("unknown column `{name}`")]
    UnknownDescriptor {
        /// What was asked for.
        name: String,
        /// The names that come nearest, nearest first.
        nearest: Vec<&'static str>,
    },

    /// A column whose value changes all the time cannot be filtered by.
    #[error("cannot filter by \"{0}\": it changes constantly")]
    NoFilter(&'static str),

    /// There is no such process.
    #[error("there is no process `{0}`")]
    NoProcess(String),

    /// The caller is not permitted to inspect a process.
    #[error("cannot inspect the namespaces of process {pid}")]
    JoinRefused {
        /// Which.
        pid: u32,
        /// What the kernel answered.
        source: io::Error,
    },

    /// A place in a stream that cannot be continued from.
    #[error("cannot continue from this token: {0}")]
    StaleToken(&'static str),

    /// A tracepoint cannot be read.
    #[cfg(feature = "perf")]
    #[error(transparent)]
    Tracepoint(#[from] Fault),

    /// The system did not do what it was asked.
    #[error("{what}")]
    System {
        /// What was asked.
        what: &'static str,
        /// What it answered.
        source: io::Error,
    },
}

/// Why the kernel would refuse to load programs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Capabilities are missing, by name.
    Capabilities(Vec<&'static str>),
    /// The capabilities are there, but not in the initial user namespace, or another rule of the
    /// system stands against it.
    DespiteCapabilities,
    /// The kernel is locked down to confidentiality: no program may read its memory.
    Lockdown,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Capabilities(missing) => {
                let verb = if missing.len() == 1 { "is" } else { "are" };
                write!(f, "{} {verb} missing", missing.join(" and "))
            }
            Self::DespiteCapabilities => f.write_str(
                "operation not permitted, although this process has CAP_BPF and CAP_PERFMON",
            ),
            Self::Lockdown => f.write_str("kernel lockdown is in confidentiality mode"),
        }
    }
}

impl Error {
    /// What the reader of the message can do, as one clause without a full stop.
    pub fn remedy(&self) -> Option<String> {
        let text = match self {
            Self::NotPermitted(Refusal::Capabilities(missing)) => {
                let list = missing.join(",").to_lowercase();
                return Some(format!(
                    "run as root (sudo), or give the program the right with `setcap {list}+ep`"
                ));
            }
            Self::NotPermitted(Refusal::DespiteCapabilities) => {
                "run it outside containers and user namespaces, where root is the machine's root"
            }
            Self::NotPermitted(Refusal::Lockdown) => {
                "boot without `lockdown=confidentiality`, which stops every event source; `ps` \
                 works all the same"
            }
            Self::NoBtf { .. } => {
                "use Linux 5.18 or later, built with CONFIG_DEBUG_INFO_BTF, and mount sysfs"
            }
            Self::DamagedBtf(_) | Self::MissingMember(_) => {
                "this kernel is not supported; please report it with the output of `uname -a`"
            }
            Self::Object { .. } => {
                "leave out --bpf-object to use the one in this program, or build one with \
                 `cargo xtask build-ebpf`"
            }
            Self::Refused { .. } => "please report this with the output of `uname -a`",
            #[cfg(feature = "perf")]
            Self::NoSource(refused) => {
                let first = refused.iter().find_map(|(_, error)| error.remedy());
                return Some(
                    first.into_iter().chain([PROC_WORKS.to_owned()]).collect::<Vec<_>>().join("; "),
                );
            }
            Self::NotBuilt(feature) => return Some(format!("build it with feature `{feature}`")),
            Self::RingSize(_) => "give a power of two from one page (4096 bytes) to 1 GiB",
            Self::UnknownDescriptor { nearest, .. } => return Some(suggestion(nearest)),
            Self::NoFilter(_) => "use a column that does not change, such as user, comm or pid",
            Self::NoProcess(_) => "give the pid of a running process",
            Self::JoinRefused { .. } => {
                "run as root (sudo), or give the program CAP_SYS_PTRACE with \
                 `setcap cap_sys_ptrace+ep`; your own processes can be joined without it"
            }
            Self::StaleToken(_) => "take a new snapshot and continue from its token",
            #[cfg(feature = "perf")]
            Self::Tracepoint(fault) => return fault.remedy(),
            Self::System { .. } => return None,
        };
        Some(text.to_owned())
    }

    /// Whether the cause is a missing right rather than a failure.
    pub fn is_not_permitted(&self) -> bool {
        match self {
            Self::NotPermitted(_) | Self::JoinRefused { .. } => true,
            #[cfg(feature = "perf")]
            Self::Tracepoint(fault) => fault.is_not_permitted(),
            #[cfg(feature = "perf")]
            Self::NoSource(refused) => refused.iter().any(|(_, error)| error.is_not_permitted()),
            _ => false,
        }
    }

    pub(crate) fn system(what: &'static str) -> impl FnOnce(nix::errno::Errno) -> Self {
        move |errno| Self::System { what, source: errno.into() }
    }
}

#[cfg(feature = "perf")]
const PROC_WORKS: &str = "`--backend proc` needs no rights, but misses short-lived processes; \
                          `observer doctor` says more";

/// Each source with why it does not work, causes included.
#[cfg(feature = "perf")]
fn list(refused: &[(Origin, Error)]) -> String {
    use std::error::Error as _;
    let mut text = String::new();
    for (origin, error) in refused {
        let mut causes = vec![error.to_string()];
        let mut next = error.source();
        while let Some(cause) = next {
            causes.push(cause.to_string());
            next = cause.source();
        }
        text.extend([": by ", origin.name(), ": ", &causes.join(": ")]);
    }
    text
}

fn suggestion(nearest: &[&str]) -> String {
    let known = "`observer ps --list` shows all names";
    match nearest {
        [] => known.to_owned(),
        names => format!("did you mean `{}`? {known}", names.join("`, `")),
    }
}
