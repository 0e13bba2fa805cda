//! What is compared: which job, done by whom, with which command.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use xtask::{peers, shell};

/// A program that does a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Observer,
    Ps,
    Psgo,
}

/// What the user asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    /// The columns that each shows by itself.
    Default,
    /// The columns of psgo as Debian has it.
    Peer,
    /// All of the newest psgo.
    All,
    Pid,
    Json,
}

/// A job, who does it, and the arguments that ask for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contestant {
    pub(crate) job: Job,
    pub(crate) program: Program,
    arguments: Vec<String>,
}

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) observer: PathBuf,
    pub(crate) ps: PathBuf,
    pub(crate) psgo: PathBuf,
}

/// Columns of the newest psgo that Debian's lacks.
const NEWER: [&str; 2] = ["huid", "uid"];

/// For each column of psgo the one of ps that is the same or nearest, in psgo's order of names.
///
/// ps has no capabilities, seccomp and host ids: in their place stand as many columns of the same
/// kind from the same file, `status`: masks of signals for masks of capabilities, the identity
/// for file access for that on the host.
const NEAREST: [&str; 32] = [
    "args", "pending", "blocked", "caught", "ignored", "sigmask", "comm", "etime", "egroup",
    "supgrp", "fgroup", "supgid", "tgid", "fuid", "fuser", "label", "nice", "pcpu", "pgid", "pid",
    "ppid", "rgroup", "rss", "ruser", "nlwp", "state", "lstart", "time", "tty", "uid", "euser",
    "vsz",
];

impl Program {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Ps => "ps",
            Self::Psgo => "psgo",
        }
    }
}

impl Job {
    pub(crate) const ALL: [Self; 5] = [Self::Default, Self::Peer, Self::All, Self::Pid, Self::Json];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Default => "default columns",
            Self::Peer => "psgo's columns",
            Self::All => "all 32 columns",
            Self::Pid => "`pid` only",
            Self::Json => "JSON",
        }
    }

    /// The programs that do it, observer first. psgo's columns and those of ps are too far apart to
    /// ask ps for them twice.
    fn contestants(self, columns: &Columns) -> Vec<Contestant> {
        let contestant = |program, arguments: &[&str]| Contestant {
            job: self,
            program,
            arguments: arguments.iter().map(|word| (*word).to_owned()).collect(),
        };
        let (peer, all) = (columns.peer.join(","), columns.all.join(","));
        match self {
            Self::Default => vec![
                contestant(Program::Observer, &["ps"]),
                contestant(Program::Ps, &["-ef"]),
                contestant(Program::Psgo, &[]),
            ],
            Self::Peer => vec![
                contestant(Program::Observer, &["ps", "-o", &peer]),
                contestant(Program::Psgo, &["-format", &peer]),
            ],
            Self::All => vec![
                contestant(Program::Observer, &["ps", "-o", &all]),
                contestant(Program::Ps, &["-eo", &NEAREST.join(",")]),
            ],
            Self::Pid => vec![
                contestant(Program::Observer, &["ps", "-o", "pid"]),
                contestant(Program::Ps, &["-eo", "pid"]),
                contestant(Program::Psgo, &["-format", "pid"]),
            ],
            Self::Json => vec![contestant(Program::Observer, &["ps", "--json"])],
        }
    }

    /// Whether each process is a line of its output.
    pub(crate) fn prints_lines(self) -> bool {
        self != Self::Json
    }
}

/// All contestants in the order in which they take turns.
pub(crate) fn contestants(programs: &Programs) -> Result<Vec<Contestant>> {
    let list = shell::capture(Command::new(&programs.psgo).arg("-list"))?;
    let columns = Columns::of(&list);
    ensure!(
        columns.all.len() == NEAREST.len(),
        "psgo has {} columns: choose again which of ps are the nearest",
        columns.all.len()
    );
    Ok(columns.contestants())
}

/// Columns of psgo, by name.
#[derive(Debug, PartialEq, Eq)]
struct Columns {
    peer: Vec<String>,
    all: Vec<String>,
}

impl Columns {
    /// From what `psgo -list` printed.
    fn of(list: &str) -> Self {
        let peer: Vec<_> = list.trim().split(", ").map(str::to_owned).collect();
        let mut all = peer.clone();
        all.extend(NEWER.map(str::to_owned));
        all.sort();
        all.dedup();
        Self { peer, all }
    }

    fn contestants(&self) -> Vec<Contestant> {
        Job::ALL.iter().flat_map(|job| job.contestants(self)).collect()
    }
}

impl Programs {
    pub(crate) fn find(observer: &Path) -> Result<Self> {
        Ok(Self {
            observer: observer.to_owned(),
            ps: shell::find_program("ps").context("there is no `ps`")?,
            psgo: peers::build_psgo()?,
        })
    }

    fn path(&self, program: Program) -> &Path {
        match program {
            Program::Observer => &self.observer,
            Program::Ps => &self.ps,
            Program::Psgo => &self.psgo,
        }
    }
}

impl Contestant {
    /// The words that start it.
    pub(crate) fn command(&self, programs: &Programs) -> Vec<OsString> {
        let program = programs.path(self.program).as_os_str().to_owned();
        let arguments = self.arguments.iter().map(OsString::from);
        std::iter::once(program).chain(arguments).collect()
    }

    /// As one would type it.
    pub(crate) fn typed(&self) -> String {
        let words = std::iter::once(self.program.name());
        let words = words.chain(self.arguments.iter().map(String::as_str));
        words.collect::<Vec<_>>().join(" ")
    }
}

/// The contestants beside a psgo that lists these columns.
#[cfg(test)]
pub(crate) fn all_of(list: &str) -> Vec<Contestant> {
    Columns::of(list).contestants()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_peer_lacks_is_added_once() {
        let old = Columns::of("args, pid, user\n");
        assert_eq!(old.peer, ["args", "pid", "user"]);
        assert_eq!(old.all, ["args", "huid", "pid", "uid", "user"]);
        let new = Columns::of("huid, pid, uid\n");
        assert_eq!(new.all, new.peer);
    }

    #[test]
    fn ps_knows_the_columns_it_is_asked_for() {
        let mut names = NEAREST.to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NEAREST.len());
        let us = std::process::id().to_string();
        let mut ps = Command::new("ps");
        let output = shell::ask(ps.args(["-p", &us, "-o", &NEAREST.join(",")])).unwrap();
        assert_eq!(output.lines().count(), 2);
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        let columns = Columns::of("pid, args");
        let peer = &Job::Peer.contestants(&columns)[0];
        assert_eq!(peer.typed(), "observer ps -o pid,args");
    }
}
