//! What is compared: whole commands of ours and of lsns.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use xtask::shell;

use crate::score::Contestant;

/// A whole command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Tree,
    Table,
    Json,
    Deep,
    Lsns,
    LsnsTree,
    LsnsOwners,
}

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    observer: PathBuf,
    lsns: PathBuf,
}

impl Asked {
    /// All, in the order in which they take turns.
    pub(crate) const ALL: [Self; 7] = [
        Self::Tree,
        Self::Table,
        Self::Json,
        Self::Deep,
        Self::Lsns,
        Self::LsnsTree,
        Self::LsnsOwners,
    ];

    /// Those of lsns.
    pub(crate) const PEERS: [Self; 3] = [Self::Lsns, Self::LsnsTree, Self::LsnsOwners];

    /// As one would type it.
    pub(crate) fn typed(self) -> &'static str {
        match self {
            Self::Tree => "observer ns",
            Self::Table => "observer ns -o ns,type,nprocs,pid,user,command",
            Self::Json => "observer ns --json",
            Self::Deep => "observer ns --deep",
            Self::Lsns => "lsns",
            Self::LsnsTree => "lsns -T",
            Self::LsnsOwners => "lsns --tree=owner",
        }
    }

    /// The words that start it.
    pub(crate) fn command(self, programs: &Programs) -> Vec<OsString> {
        let program = if self.is_peer() { &programs.lsns } else { &programs.observer };
        let arguments = self.typed().split(' ').skip(1).map(OsString::from);
        std::iter::once(program.clone().into()).chain(arguments).collect()
    }

    pub(crate) fn is_peer(self) -> bool {
        Self::PEERS.contains(&self)
    }

    /// Whether each namespace is a line of its output.
    pub(crate) fn prints_lines(self) -> bool {
        self != Self::Json
    }
}

/// A peer gives up when a process ends at the wrong moment.
impl Contestant for Asked {
    fn may_fail(&self) -> bool {
        self.is_peer()
    }
}

impl Programs {
    pub(crate) fn find(observer: &Path) -> Result<Self> {
        let lsns = shell::find_program("lsns").context("there is no `lsns`")?;
        Ok(Self { observer: observer.to_owned(), lsns })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_what_is_started() {
        let programs = Programs { observer: "/a/observer".into(), lsns: "/b/lsns".into() };
        let table = Asked::Table.command(&programs);
        assert_eq!(table, ["/a/observer", "ns", "-o", "ns,type,nprocs,pid,user,command"]);
        assert_eq!(Asked::LsnsOwners.command(&programs), ["/b/lsns", "--tree=owner"]);
    }
}
