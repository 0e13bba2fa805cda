//! When and where something was measured.

use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use xtask::shell;

use super::usage::number_behind;

/// Date, state of the sources and machine, for the reader of figures.
pub(crate) struct Setting {
    date: String,
    commit: String,
    kernel: String,
    processor: String,
    cores: usize,
    memory_gib: u64,
}

impl Setting {
    pub(crate) fn read() -> Result<Self> {
        let date = shell::capture(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        let commit = shell::ask(Command::new("git").args(["describe", "--always", "--dirty"]));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let memory_kib = number_behind(&memory, "MemTotal:").context("no `MemTotal`")?;
        Ok(Self {
            date: date.trim().to_owned(),
            commit: commit.unwrap_or_default().trim().to_owned(),
            kernel: kernel.trim().to_owned(),
            processor: processor(&processors).unwrap_or("unknown CPU").to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: memory_kib.div_ceil(1 << 20),
        })
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { date, commit, kernel, processor, cores, memory_gib } = self;
        write!(
            f,
            "on {date} at commit {commit}, on Linux {kernel}, {cores} cores ({processor}), \
             {memory_gib} GiB of memory"
        )
    }
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.5GHz\nstepping\t: 1\n";
        assert_eq!(processor(text), Some("Some CPU @ 2.5GHz"));
        assert_eq!(processor("processor\t: 0\n"), None);
    }
}
