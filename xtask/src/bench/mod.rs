//! `cargo xtask bench`: what observing costs, beside others that do the same.
//!
//! It measures and never judges by its exit status: a slow machine is no failed test.

mod aim;
mod crowd;
mod elf;
mod events;
pub(crate) mod measured;
mod ns;
mod page;
mod program;
mod ps;
mod quiet;
mod run;
mod score;
mod setting;
mod stats;
mod table;
pub(crate) mod trace;
mod tracefs;
mod usage;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use tempfile::TempDir;

use self::setting::Setting;
use crate::machine::Rights;
use crate::setup::{self, Level};
use crate::{run as build, workspace};

/// Measure observer beside others that do the same.
///
/// Prints the figures with their aims and writes them to their part of docs/benchmarks.md. Takes a
/// few minutes as root, and waits for moments when nobody else works.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum, default_value_t = Subject::Events)]
    subject: Subject,
    /// Less load and fewer rounds: rough figures, never written
    #[arg(long)]
    quick: bool,
    /// Only print
    #[arg(long)]
    no_write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The live stream of events, beside bpftrace and execsnoop
    Events,
    /// Snapshots, beside ps and psgo
    Ps,
    /// The live table from within, beside ps and psgo
    Table,
    /// Namespaces, beside lsns
    Ns,
    /// Any tracepoint, beside perf and bpftrace
    Trace,
    /// A build under `observer run`, beside strace
    Run,
}

/// How much of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    Quick,
    Whole,
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    ensure!(
        Rights::detect() == Rights::Root,
        "observers need root's rights: run `sudo -E cargo xtask bench`"
    );
    setup::ensure(Level::Bench)?;
    let observer = build::build_release()?;
    let setting = Setting::read()?;
    let folder = folder_in_memory()?;
    let extent = if options.quick { Extent::Quick } else { Extent::Whole };
    let figures = match options.subject {
        Subject::Events => events::measure(&observer, &folder, extent)?,
        Subject::Ps => ps::measure(&observer, &folder, extent)?,
        Subject::Table => table::measure(&folder, extent)?,
        Subject::Ns => ns::measure(&observer, &folder, extent)?,
        Subject::Trace => trace::measure(&observer, &folder, extent)?,
        Subject::Run => run::measure(&observer, &folder, extent)?,
    };
    let part = options.subject.part(&setting, &figures);
    println!("{part}");
    if !options.quick && !options.no_write {
        write(options.subject, &part)?;
    }
    Ok(())
}

impl Subject {
    /// The heading of its part of the page.
    fn title(self) -> &'static str {
        match self {
            Self::Events => "Events",
            Self::Ps => "Snapshots",
            Self::Table => "Live table",
            Self::Ns => "Namespaces",
            Self::Trace => "Tracepoints",
            Self::Run => "Runs",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Events => "cargo xtask bench events",
            Self::Ps => "cargo xtask bench ps",
            Self::Table => "cargo xtask bench table",
            Self::Ns => "cargo xtask bench ns",
            Self::Trace => "cargo xtask bench trace",
            Self::Run => "cargo xtask bench run",
        }
    }

    fn part(self, setting: &Setting, figures: &str) -> String {
        let (title, command) = (self.title(), self.command());
        format!("## {title}\n\n`{command}` wrote this part {setting}.\n\n{figures}")
    }
}

/// Puts the part in its place and leaves the others alone.
fn write(subject: Subject, part: &str) -> Result<()> {
    let path = workspace::root()?.join("docs/benchmarks.md");
    let page =
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    fs::write(&path, page::with_part(&page, subject.title(), part))
        .with_context(|| format!("cannot write `{}`", path.display()))?;
    eprintln!("written to {}", path.display());
    Ok(())
}

/// For the contestants' output, so that no disk is measured.
fn folder_in_memory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .context("cannot make a temporary folder")
}
