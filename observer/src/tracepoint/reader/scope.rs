//! The processes to watch: all, one, those of a cgroup.

use std::{
    fmt,
    fs::{self, File},
    os::fd::AsFd as _,
    path::PathBuf,
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    sys::stat::Mode,
};

use crate::{
    error::perf::{PerfFault, in_words},
    sys::perf::Target,
};

/// Whose events are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those of every process, and of what the CPUs do for nobody.
    #[default]
    Machine,
    /// Those of a process: all of its threads, and the threads and children that they begin from
    /// then on, and theirs. What other children it has already is not watched. Its events are over
    /// early in its end: on some kernels (6.1 and 6.12, not 6.18) ahead of `sched_process_exit`.
    Process(u32),
    /// Those of the members of a cgroup and of the cgroups below it, by the folder of it. Who is
    /// moved there counts from the next time that it runs.
    Cgroup(PathBuf),
}

/// As it goes on after the name of an event.
impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Machine => f.write_str("for the whole machine"),
            Self::Process(pid) => write!(f, "for process {pid}"),
            Self::Cgroup(path) => write!(f, "for the cgroup `{}`", path.display()),
        }
    }
}

/// A scope, in the form in which the kernel takes it.
#[derive(Debug)]
pub(super) enum Members {
    All,
    Threads(Vec<i32>),
    Cgroup(File),
}

impl Members {
    pub(super) fn of(scope: &Scope) -> Result<Self, PerfFault> {
        match scope {
            Scope::Machine => Ok(Self::All),
            Scope::Process(pid) => threads(*pid).map(Self::Threads),
            Scope::Cgroup(path) => {
                let flags = OFlag::O_DIRECTORY | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
                let folder = open(path, flags, Mode::empty());
                let failed =
                    |errno| PerfFault::NoCgroup { path: path.clone(), errno: in_words(errno) };
                folder.map(|folder| Self::Cgroup(folder.into())).map_err(failed)
            }
        }
    }

    pub(super) fn targets(&self) -> Vec<Target<'_>> {
        match self {
            Self::All => vec![Target::All],
            Self::Threads(threads) => threads.iter().copied().map(Target::Thread).collect(),
            Self::Cgroup(folder) => vec![Target::Cgroup(folder.as_fd())],
        }
    }

    /// Whether those who are watched pass it on to those whom they begin.
    pub(super) fn inherit(&self) -> bool {
        matches!(self, Self::Threads(_))
    }

    /// Whether somebody of the scope is there now who was not.
    pub(super) fn has_grown(&self, scope: &Scope) -> bool {
        let (Self::Threads(known), Scope::Process(pid)) = (self, scope) else { return false };
        threads(*pid).is_ok_and(|now| now.iter().any(|thread| !known.contains(thread)))
    }
}

fn threads(pid: u32) -> Result<Vec<i32>, PerfFault> {
    let gone = || PerfFault::NoProcess { what: format!("an event {}", Scope::Process(pid)) };
    let entries = fs::read_dir(format!("/proc/{pid}/task")).map_err(|_gone| gone())?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let threads: Vec<i32> = names.collect();
    if threads.is_empty() { Err(gone()) } else { Ok(threads) }
}

/// A thread that has ended since it was listed is no failure of its process.
pub(super) fn has_ended(target: Target<'_>, errno: Errno) -> bool {
    matches!(target, Target::Thread(_)) && errno == Errno::ESRCH
}
