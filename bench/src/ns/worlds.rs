//! Namespaces of several kinds, so that there are more than those with which the kernel began.

use anyhow::{Context as _, Result};
use xtask::shell;

use crate::crowd::Crowd;

/// What a process has of its own.
struct World {
    /// Words for unshare(1).
    words: &'static [&'static str],
    /// How many namespaces that makes.
    namespaces: usize,
}

const WORLDS: [World; 4] = [
    World { words: &["--uts"], namespaces: 1 },
    World { words: &["--ipc", "--net"], namespaces: 2 },
    World { words: &["--mount", "--uts", "--ipc", "--net", "--pid", "--fork"], namespaces: 5 },
    World {
        words: &["--user", "--map-root-user", "--mount", "--cgroup", "--time", "--fork"],
        namespaces: 4,
    },
];

const OF_EACH: usize = 10;

/// How many namespaces [`populate`] makes.
pub(crate) fn namespaces() -> usize {
    WORLDS.iter().map(|world| world.namespaces * OF_EACH).sum()
}

/// Adds to the crowd some who have namespaces of their own, which end with them.
pub(crate) fn populate(crowd: &mut Crowd) -> Result<()> {
    let unshare = shell::find_program("unshare").context("there is no `unshare`")?;
    for world in WORLDS.iter().cycle().take(WORLDS.len() * OF_EACH) {
        crowd.start_by(&unshare, world.words)?;
    }
    Ok(())
}
