//! From the start of observer to its word that nothing is missed any more, time and again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Result;

use super::contestant::observer_events;
use crate::ready;

/// The times of so many starts, in order of length.
pub(crate) fn measure(observer: &Path, runs: usize) -> Result<Vec<Duration>> {
    let start = |_| ready::time(observer_events(observer).stderr(Stdio::null()));
    let mut times = (0..runs).map(start).collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}
