//! The program that measures from within: how it is built, and the table without a machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use xtask::{product, shell, workspace};

use super::session::Said;
use crate::stats::float;

/// Lives of a history whose events are timed, and of one after which memory is looked at.
pub(crate) const TIMED_LIVES: u64 = 100_000;
pub(crate) const COUNTED_LIVES: u64 = 200_000;

/// Builds it with the library as users get it, and says where it is.
pub(crate) fn build() -> Result<PathBuf> {
    let mut cargo = shell::cargo();
    cargo
        .args([
            "build",
            "--release",
            "--package",
            "process-observer",
            "--bench",
            "table",
            "--locked",
        ])
        .args(["--message-format", "json-render-diagnostics", "--target-dir"])
        .arg(workspace::target()?)
        .current_dir(workspace::root()?);
    let messages = shell::capture(&mut cargo)?;
    product::executable(&messages, "bench", "table").context("cargo built no benchmark `table`")
}

/// Nanoseconds that the table takes for an event of short lives, over so many that stay.
pub(crate) fn nanoseconds_an_event(program: &Path, living: u64) -> Result<f64> {
    let said = history(Command::new(program).arg("history"), living, TIMED_LIVES)?;
    Ok(float(said.number("nanoseconds")?) / float(said.number("events")?))
}

/// Bytes that a table takes before a history of short lives and after it.
pub(crate) fn before_and_after(program: &Path, living: u64) -> Result<(u64, u64)> {
    let mut command = Command::new(program);
    let said = history(command.args(["--count-heap", "history"]), living, COUNTED_LIVES)?;
    Ok((said.number("heap_before")?, said.number("heap_after")?))
}

fn history(command: &mut Command, living: u64, lives: u64) -> Result<Said> {
    command.args([living.to_string(), lives.to_string()]);
    Ok(Said::new(&shell::capture(command)?))
}
