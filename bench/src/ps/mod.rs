//! Snapshots beside ps and psgo: whole commands, at several numbers of processes.

mod contest;
mod floor;
mod report;
mod rounds;

use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use self::contest::Programs;
use self::rounds::{Arena, Size};
use super::Extent;
use super::quiet::Patience;

/// The number that the aims are about.
const AIMED_AT: u64 = 5_000;

fn sizes(extent: Extent) -> Vec<Size> {
    match extent {
        Extent::Quick => {
            vec![Size { processes: 500, rounds: 5 }, Size { processes: AIMED_AT, rounds: 5 }]
        }
        Extent::Whole => vec![
            Size { processes: 500, rounds: 21 },
            Size { processes: AIMED_AT, rounds: 15 },
            Size { processes: 20_000, rounds: 9 },
        ],
    }
}

/// Measures, and writes what is said of it.
pub(crate) fn measure(observer: &Path, folder: &TempDir, extent: Extent) -> Result<String> {
    let programs = Programs::find(observer)?;
    let contestants = contest::contestants(&programs)?;
    let arena = Arena {
        programs: &programs,
        contestants: &contestants,
        folder: folder.path(),
        patience: Patience::of(extent),
    };
    let outcomes = rounds::play(arena, &sizes(extent))?;
    report::write(&contestants, &outcomes)
}
