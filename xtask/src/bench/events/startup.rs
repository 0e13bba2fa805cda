//! From the start of observer to its word that nothing is missed any more.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::contestant::{is_ready, observer_events};
use crate::bench::program::Program;

/// The times of so many starts, in order of length.
pub(crate) fn measure(observer: &Path, runs: usize) -> Result<Vec<Duration>> {
    let mut times = (0..runs).map(|_| start(observer)).collect::<Result<Vec<_>>>()?;
    times.sort_unstable();
    Ok(times)
}

fn start(observer: &Path) -> Result<Duration> {
    let mut command = observer_events(observer);
    let begin = Instant::now();
    let mut program = Program::start(command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
    let pipe = program.child().stdout.take().context("there is no pipe")?;
    for line in BufReader::new(pipe).lines() {
        if is_ready(&line?) {
            return Ok(begin.elapsed());
        }
    }
    bail!("observer ended before it was ready")
}
