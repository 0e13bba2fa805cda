//! `cargo xtask bench`: what observing costs, beside others that do the same.
//!
//! It measures and never judges by its exit status: a slow machine is no failed test.

mod contestant;
mod latency;
mod noop;
mod quiet;
mod report;
mod rounds;
mod startup;
mod stats;
mod storm;
mod usage;

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use tempfile::TempDir;

use self::quiet::Patience;
use self::report::{Figures, Setting};
use self::rounds::{Arena, Size};
use self::storm::{Pace, Storm};
use crate::machine::Rights;
use crate::setup::{self, Level};
use crate::{run, workspace};

/// Measure observer beside bpftrace and execsnoop.
///
/// Prints the figures with their aims and writes them to docs/benchmarks.md. Takes a few minutes
/// as root, and waits for moments when nobody else works.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// What to measure
    #[arg(value_enum, default_value_t = Subject::Events)]
    subject: Subject,
    /// A tenth of the load and fewer rounds: rough figures, never written
    #[arg(long)]
    quick: bool,
    /// Only print
    #[arg(long)]
    no_write: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Subject {
    /// The live stream of events
    Events,
}

pub(crate) fn bench(options: &Options) -> Result<()> {
    ensure!(
        Rights::detect() == Rights::Root,
        "observers need root's rights: run `sudo -E cargo xtask bench`"
    );
    setup::ensure(Level::Bench)?;
    let observer = run::build_release()?;
    let report = match options.subject {
        Subject::Events => events(&observer, Extent::of(options))?,
    };
    println!("{report}");
    if !options.quick && !options.no_write {
        let path = workspace::root()?.join("docs/benchmarks.md");
        fs::write(&path, report).with_context(|| format!("cannot write `{}`", path.display()))?;
        eprintln!("written to {}", path.display());
    }
    Ok(())
}

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Extent {
    storm: Size,
    /// Processes of the paced load, which has so many a second.
    paced: u64,
    quiet: u64,
    starts: usize,
    patience: Patience,
}

const PACE: u32 = 10_000;

impl Extent {
    fn of(options: &Options) -> Self {
        if options.quick {
            Self {
                storm: Size { processes: 4_000, rounds: 3 },
                paced: 10_000,
                quiet: 30,
                starts: 5,
                patience: Patience { wait: Duration::from_secs(1), tries: 1 },
            }
        } else {
            Self {
                storm: Size { processes: 40_000, rounds: 7 },
                paced: 50_000,
                quiet: 200,
                starts: 15,
                patience: Patience { wait: Duration::from_mins(2), tries: 5 },
            }
        }
    }
}

fn events(observer: &Path, extent: Extent) -> Result<String> {
    let setting = Setting::read()?;
    let storm = Storm::new()?;
    let folder = folder_in_memory()?;
    let arena = Arena { observer, storm: &storm, folder: folder.path(), patience: extent.patience };
    let scores = rounds::play(arena, extent.storm)?;
    let latency = |pace, processes| {
        extent.patience.undisturbed(|| latency::measure(observer, &storm, pace, processes))
    };
    let figures = Figures {
        scores,
        paced: latency(Pace::PerSecond(PACE), extent.paced)?,
        quiet: latency(Pace::Quiet, extent.quiet)?,
        starts: extent.patience.undisturbed(|| startup::measure(observer, extent.starts))?,
    };
    report::write(&setting, &figures)
}

/// For the contestants' output, so that no disk is measured.
fn folder_in_memory() -> Result<TempDir> {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }
        .context("cannot make a temporary folder")
}
