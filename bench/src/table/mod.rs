//! The live table, measured from within by a program of its own, beside ps and psgo.

mod asked;
pub(crate) mod program;
mod report;
mod rounds;
pub(crate) mod session;

use anyhow::Result;
use tempfile::TempDir;

use self::rounds::{Arena, Size};
use super::Extent;
use super::quiet::Patience;

/// The number that the aims are about.
const AIMED_AT: u64 = 5_000;

/// Builds the program, measures, and writes what is said of it.
pub(crate) fn measure(folder: &TempDir, extent: Extent) -> Result<String> {
    let program = program::build()?;
    let peers = asked::Peers::find()?;
    let arena = Arena {
        program: &program,
        peers: &peers,
        folder: folder.path(),
        patience: Patience::of(extent),
        idle_for: rounds::idle_for(extent),
    };
    let outcomes = rounds::play(arena, &sizes(extent))?;
    report::write(&outcomes)
}

fn sizes(extent: Extent) -> Vec<Size> {
    let size = |processes, rounds, repetitions| Size { processes, rounds, repetitions };
    match extent {
        Extent::Quick => vec![size(500, 3, 15), size(AIMED_AT, 3, 15)],
        Extent::Whole => vec![size(500, 15, 15), size(AIMED_AT, 11, 15), size(20_000, 7, 7)],
    }
}
