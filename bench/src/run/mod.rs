//! A build under `observer run`, beside the same build alone and under strace.

mod contestant;
mod project;
mod report;
mod rounds;
mod timed;
mod told;

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use tempfile::TempDir;

use self::project::Project;
use self::rounds::{Arena, Size};
use super::Extent;
use super::quiet::Patience;

/// Measures, and writes what is said of it.
pub(crate) fn measure(observer: &Path, folder: &TempDir, extent: Extent) -> Result<String> {
    let project = Project::prepare(folder.path())?;
    // Builds are long: what was disturbed is left out, rather than repeated to be disturbed again.
    let patience = Patience { wait: Duration::from_secs(10), tries: 1 };
    let arena = Arena { observer, project: &project, folder: folder.path(), patience };
    report::write(&rounds::play(arena, size(extent))?)
}

fn size(extent: Extent) -> Size {
    match extent {
        Extent::Quick => Size { rounds: 2, time: Duration::ZERO },
        Extent::Whole => Size { rounds: 15, time: Duration::from_mins(7) },
    }
}
