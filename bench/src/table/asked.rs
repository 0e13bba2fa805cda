//! What a monitor is asked for, and the peers that do the same as whole commands.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use xtask::{peers, shell};

/// What is asked of a monitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    Table,
    Refreshed,
    Reread,
    Default,
    DefaultReread,
    Text,
    TextReread,
    Json,
}

impl Job {
    pub(crate) const ALL: [Self; 8] = [
        Self::Table,
        Self::Refreshed,
        Self::Reread,
        Self::Default,
        Self::DefaultReread,
        Self::Text,
        Self::TextReread,
        Self::Json,
    ];

    /// The program's word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Refreshed => "refreshed",
            Self::Reread => "reread",
            Self::Default => "default",
            Self::DefaultReread => "default-reread",
            Self::Text => "text",
            Self::TextReread => "text-reread",
            Self::Json => "json",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table only",
            Self::Refreshed => "all facts, arguments from the table",
            Self::Reread => "all facts, arguments re-read",
            Self::Default => "default columns, arguments from the table",
            Self::DefaultReread => "default columns, arguments re-read",
            Self::Text => "the same to text, arguments from the table",
            Self::TextReread => "the same to text, arguments re-read",
            Self::Json => "the same to JSON",
        }
    }

    /// How one calls it in Rust.
    pub(crate) fn call(self) -> &'static str {
        match self {
            Self::Table => "`monitor.snapshot(Freshness::Table)`",
            Self::Refreshed => "`monitor.snapshot(Freshness::Refreshed)`",
            Self::Reread => "`monitor.snapshot(Freshness::Reread)`",
            Self::Default => "`monitor.snapshot_with_exec_arguments(wanted)`",
            Self::DefaultReread => "`monitor.snapshot_for(wanted)`",
            Self::Text => {
                "`monitor.snapshot_with_exec_arguments(wanted)`, `listing(wanted)`, each cell by \
                 `render::write_cell`, `render::Table::write` into memory"
            }
            Self::TextReread => {
                "the same after `monitor.snapshot_for(wanted)`, as `observer ps --every` does"
            }
            Self::Json => {
                "`monitor.snapshot_for` and `listing` with what JSON tells as well, the \
                 executable's path from /proc among it; `render::JsonSnapshot` into memory, as \
                 `observer ps --every --json` does"
            }
        }
    }
}

/// A program that lists processes as a whole command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Ps,
    Psgo,
}

impl Peer {
    pub(crate) const ALL: [Self; 2] = [Self::Ps, Self::Psgo];

    /// As one would type it.
    pub(crate) fn typed(self) -> &'static str {
        match self {
            Self::Ps => "ps -ef",
            Self::Psgo => "psgo",
        }
    }
}

/// Where the peers are.
#[derive(Debug)]
pub(crate) struct Peers {
    ps: PathBuf,
    psgo: PathBuf,
}

impl Peers {
    pub(crate) fn find() -> Result<Self> {
        let ps = shell::find_program("ps").context("there is no `ps`")?;
        Ok(Self { ps, psgo: peers::build_psgo()? })
    }

    /// The words that start it.
    pub(crate) fn command(&self, peer: Peer) -> Vec<OsString> {
        match peer {
            Peer::Ps => vec![self.ps.clone().into(), "-ef".into()],
            Peer::Psgo => vec![self.psgo.clone().into()],
        }
    }
}
