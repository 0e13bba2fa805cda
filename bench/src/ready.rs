//! From the start of observer to its word that nothing is missed any more.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::program::Program;

/// Starts what prints observer's events as JSON, and ends it when it is ready.
pub(crate) fn time(command: &mut Command) -> Result<Duration> {
    let begin = Instant::now();
    let mut program = Program::start(command.stdout(Stdio::piped()))?;
    let pipe = program.child().stdout.take().context("there is no pipe")?;
    for line in BufReader::new(pipe).lines() {
        if is_ready(&line?) {
            return Ok(begin.elapsed());
        }
    }
    bail!("observer ended before it was ready")
}

/// Whether observer has said that nothing is missed any more.
pub(crate) fn is_ready(output: &str) -> bool {
    output.contains(r#"{"event":"ready"}"#)
}
