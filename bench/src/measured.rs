//! One command from its start to its end: time, CPU time and largest resident size.
//!
//! The kernel sums up what ended children took, and of several the size of the largest alone; so
//! each command is the only child of a process started for it, which is this program again. A
//! command's size counts from before its exec(2): none can be smaller than this program's own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use xtask::shell;

use crate::stats::float;

/// The one child of `xtask measured`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Where its output goes
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Where its errors go
    #[arg(long, value_name = "FILE")]
    errors: PathBuf,
    /// The command
    #[arg(required = true, last = true)]
    command: Vec<OsString>,
}

/// What a command took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    /// In user space and in the kernel, of all its threads.
    pub(crate) cpu: Duration,
    /// In KiB.
    pub(crate) peak_rss: u64,
}

impl Sample {
    pub(crate) fn milliseconds(self) -> f64 {
        self.wall.as_secs_f64() * 1e3
    }

    pub(crate) fn cpu_milliseconds(self) -> f64 {
        self.cpu.as_secs_f64() * 1e3
    }

    pub(crate) fn peak_kib(self) -> f64 {
        float(self.peak_rss)
    }
}

/// Runs `words` with its output in `output` and fails unless it ends well.
pub(crate) fn run(words: &[OsString], output: &Path) -> Result<Sample> {
    let errors = errors_beside(output);
    let us = std::env::current_exe().context("cannot find our own program")?;
    let mut command = Command::new(us);
    command.args(["measured", "--output"]).arg(output).arg("--errors").arg(&errors);
    command.arg("--").args(words);
    let said = shell::ask(&mut command).with_context(|| failure(words, &errors))?;
    read(&said).with_context(|| format!("{} said `{}`", shell::describe(&command), said.trim()))
}

/// What it says beside its output is no part of what is compared.
fn errors_beside(output: &Path) -> PathBuf {
    output.with_extension("errors")
}

fn failure(words: &[OsString], errors: &Path) -> String {
    let program = words.first().map(|word| word.display().to_string()).unwrap_or_default();
    let said = fs::read_to_string(errors).unwrap_or_default();
    format!("`{program}` failed: {}", said.lines().next_back().unwrap_or("it said nothing"))
}

/// The other side of [`run`].
pub(crate) fn measured(options: &Options) -> Result<()> {
    let (program, arguments) = options.command.split_first().context("there is no command")?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    command.stdout(create(&options.output)?).stderr(create(&options.errors)?);
    let begin = Instant::now();
    let status =
        command.status().with_context(|| format!("cannot start {}", shell::describe(&command)))?;
    let wall = begin.elapsed();
    shell::expect_success(&command, status)?;
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read what it took")?;
    println!("{} {} {}", wall.as_nanos(), cpu_microseconds(&usage), usage.max_rss());
    Ok(())
}

fn create(file: &Path) -> Result<File> {
    File::create(file).with_context(|| format!("cannot write `{}`", file.display()))
}

fn cpu_microseconds(usage: &Usage) -> i64 {
    (usage.user_time() + usage.system_time()).num_microseconds()
}

fn read(said: &str) -> Result<Sample> {
    let numbers = said.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>()?;
    let [wall, cpu, peak_rss] = numbers[..] else {
        anyhow::bail!("three numbers were expected");
    };
    Ok(Sample { wall: Duration::from_nanos(wall), cpu: Duration::from_micros(cpu), peak_rss })
}

/// How many lines a command wrote.
pub(crate) fn lines(output: &Path) -> Result<usize> {
    let bytes = fs::read(output).with_context(|| format!("cannot read `{}`", output.display()))?;
    ensure!(!bytes.is_empty(), "nothing was printed");
    Ok(bytes.split_inclusive(|byte| *byte == b'\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_is_read() {
        let sample = read("1500000 2000 4096\n").unwrap();
        assert_eq!(sample.wall, Duration::from_micros(1500));
        assert_eq!(sample.cpu, Duration::from_millis(2));
        assert_eq!(sample.peak_rss, 4096);
        assert!(read("1 2").is_err());
        assert!(read("1 2 x").is_err());
    }
}
