//! What can be measured, and how a measurement becomes its part of the page.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use tempfile::TempDir;
use xtask::machine::Rights;
use xtask::{delegate, product, shell, workspace};

use crate::setting::Setting;
use crate::{events, first, ns, page, ps, run, table, trace};

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
    /// The first command in an empty clone, and the size of the program
    First,
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
    if options.subject.has_peers() {
        shell::run(delegate::program_with(OsStr::new("setup")).args(["setup", "bench"]))?;
    }
    let observer = product::build_release()?;
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
        Subject::First => first::measure(&observer, extent)?,
    };
    let part = options.subject.part(&setting, &figures);
    println!("{part}");
    if !options.quick && !options.no_write {
        write(options.subject, &part)?;
    }
    Ok(())
}

impl Subject {
    /// Whether it is compared with programs that are to be got first.
    fn has_peers(self) -> bool {
        self != Self::First
    }

    /// The heading of its part of the page.
    fn title(self) -> &'static str {
        match self {
            Self::Events => "Events",
            Self::Ps => "Snapshots",
            Self::Table => "Live table",
            Self::Ns => "Namespaces",
            Self::Trace => "Tracepoints",
            Self::Run => "Runs",
            Self::First => "First command",
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
            Self::First => "cargo xtask bench first",
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
