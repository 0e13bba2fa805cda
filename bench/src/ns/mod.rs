//! Namespaces, as whole commands beside lsns and from within a running monitor.

mod asked;
mod floor;
mod report;
mod rounds;
mod worlds;

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use self::asked::Programs;
use self::rounds::{Arena, Size};
use super::Extent;
use super::quiet::Patience;
use super::table::program;

/// The number that the aims are about.
const AIMED_AT: u64 = 5_000;

/// Builds the program that keeps a monitor, measures, and writes what is said of it.
pub(crate) fn measure(observer: &Path, folder: &TempDir, extent: Extent) -> Result<String> {
    let programs = Programs::find(observer)?;
    let monitor = program::build()?;
    let arena = Arena {
        programs: &programs,
        monitor: &monitor,
        folder: folder.path(),
        patience: Patience::of(extent),
    };
    report::write(&rounds::play(arena, size(extent))?)
}

fn size(extent: Extent) -> Size {
    match extent {
        Extent::Quick => Size { processes: AIMED_AT, rounds: 5, repetitions: 15 },
        Extent::Whole => Size { processes: AIMED_AT, rounds: 21, repetitions: 15 },
    }
}
