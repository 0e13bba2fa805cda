//! The live stream of events beside bpftrace and execsnoop: what it costs and how late it is.

mod contestant;
mod latency;
mod noop;
mod report;
mod rounds;
mod startup;
mod storm;

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use self::report::Figures;
use self::rounds::{Arena, Size};
use self::storm::{Pace, Storm};
use super::Extent;
use super::quiet::Patience;

/// How much of everything.
#[derive(Debug, Clone, Copy)]
struct Load {
    storm: Size,
    /// Processes of the paced load, which has so many a second.
    paced: u64,
    quiet: u64,
    starts: usize,
}

const PACE: u32 = 10_000;

impl Load {
    fn of(extent: Extent) -> Self {
        match extent {
            Extent::Quick => Self {
                storm: Size { processes: 4_000, rounds: 3 },
                paced: 10_000,
                quiet: 30,
                starts: 5,
            },
            Extent::Whole => Self {
                storm: Size { processes: 40_000, rounds: 7 },
                paced: 50_000,
                quiet: 200,
                starts: 15,
            },
        }
    }
}

/// Measures, and writes what is said of it.
pub(crate) fn measure(observer: &Path, folder: &TempDir, extent: Extent) -> Result<String> {
    let (load, patience) = (Load::of(extent), Patience::of(extent));
    let storm = Storm::new()?;
    let arena = Arena { observer, storm: &storm, folder: folder.path(), patience };
    let scores = rounds::play(arena, load.storm)?;
    let latency = |pace, processes| {
        patience.undisturbed(|| latency::measure(observer, &storm, pace, processes))
    };
    let figures = Figures {
        scores,
        paced: latency(Pace::PerSecond(PACE), load.paced)?,
        quiet: latency(Pace::Quiet, load.quiet)?,
        starts: patience.undisturbed(|| startup::measure(observer, load.starts))?,
    };
    report::write(&figures)
}
