//! What a process has used so far, from /proc.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

/// A running process whose use of the machine is read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// CPU time of all its threads. The scheduler counts it in nanoseconds, where `stat` has ticks.
    /// A thread that ends while they are read is left out.
    pub(crate) fn cpu_time(self) -> Result<Duration> {
        let tasks = self.file("task");
        let tasks =
            fs::read_dir(&tasks).with_context(|| format!("cannot read `{}`", tasks.display()))?;
        let texts =
            tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("schedstat")).ok());
        let mut sum = Duration::ZERO;
        for text in texts {
            let nanoseconds = text.split_whitespace().next().unwrap_or_default();
            sum += Duration::from_nanos(nanoseconds.parse().context("no CPU time in `schedstat`")?);
        }
        Ok(sum)
    }

    /// The largest resident size it ever had, in KiB.
    pub(crate) fn peak_rss(self) -> Result<u64> {
        self.status("VmHWM:")
    }

    /// Its resident size now, in KiB.
    pub(crate) fn rss(self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// Waits until it has worked off what it has to do.
    pub(crate) fn settle(self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        let mut before = self.cpu_time()?;
        while Instant::now() < deadline {
            thread::sleep(Duration::from_millis(150));
            let now = self.cpu_time()?;
            if now.saturating_sub(before) < Duration::from_millis(1) {
                break;
            }
            before = now;
        }
        Ok(())
    }

    /// Whether it waits in `epoll_wait`, which the peers only do when all is set up.
    pub(crate) fn waits_for_events(self) -> bool {
        fs::read_to_string(self.file("wchan")).is_ok_and(|place| place.contains("epoll"))
    }

    fn status(self, label: &str) -> Result<u64> {
        let text = read(&self.file("status"))?;
        number_behind(&text, label).with_context(|| format!("no `{label}` in `status`"))
    }

    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }
}

/// The number after `label` at the start of a line.
pub(crate) fn number_behind(text: &str, label: &str) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(label))?;
    rest.split_whitespace().next()?.parse().ok()
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_read() {
        let status = "Name:\tx\nVmHWM:\t   12345 kB\nVmRSS:\t  99 kB\n";
        assert_eq!(number_behind(status, "VmRSS:"), Some(99));
        assert_eq!(number_behind(status, "VmSwap:"), None);
    }

    #[test]
    fn we_have_used_something() {
        let us = Process(std::process::id());
        assert!(us.cpu_time().unwrap() > Duration::ZERO);
        let resident = us.rss().unwrap();
        assert!(us.peak_rss().unwrap() >= resident);
        assert!(!us.waits_for_events());
    }
}
