//! The load: many short processes, one after the other in each of two workers.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::noop::Noop;

/// How fast processes follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// As fast as two workers can.
    Full,
    /// So many a second, from two workers.
    PerSecond(u32),
    /// One every 100 ± 50 ms.
    Quiet,
}

/// Spawn, exec and wait, over and over.
pub(crate) struct Storm {
    noop: Noop,
}

impl Storm {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { noop: Noop::make()? })
    }

    /// Runs so many processes and says how long that took.
    pub(crate) fn run(&self, pace: Pace, processes: u64) -> Result<Duration> {
        let workers = pace.workers();
        let begin = Instant::now();
        thread::scope(|scope| {
            let spawned: Vec<_> = (0..workers)
                .map(|_| scope.spawn(|| work(self.noop.path(), pace, processes / workers)))
                .collect();
            spawned.into_iter().try_for_each(|worker| {
                worker.join().map_err(|_panic| anyhow!("a worker of the storm panicked"))?
            })
        })?;
        Ok(begin.elapsed())
    }
}

/// `Command` uses `posix_spawn`, which takes no copy of our memory.
fn work(program: &Path, pace: Pace, processes: u64) -> Result<()> {
    let mut due = Instant::now();
    let mut gaps = Gaps::new(pace);
    for _ in 0..processes {
        due += gaps.next();
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let status = Command::new(program)
            .arg0("true")
            .status()
            .context("cannot start the program of the storm")?;
        ensure!(status.success(), "the program of the storm failed: {status}");
    }
    Ok(())
}

impl Pace {
    fn workers(self) -> u64 {
        match self {
            Self::Full | Self::PerSecond(_) => 2,
            Self::Quiet => 1,
        }
    }
}

/// The time from one process of a worker to its next.
struct Gaps {
    pace: Pace,
    state: u32,
}

impl Gaps {
    fn new(pace: Pace) -> Self {
        Self { pace, state: 1 }
    }

    fn next(&mut self) -> Duration {
        match self.pace {
            Pace::Full => Duration::ZERO,
            Pace::PerSecond(rate) => Duration::from_secs(self.pace.workers()) / rate,
            Pace::Quiet => Duration::from_millis(50) + Duration::from_micros(self.jitter()),
        }
    }

    /// From 0 to 99,999, by a linear congruential generator: no two waits alike, all runs alike.
    fn jitter(&mut self) -> u64 {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        u64::from(self.state >> 8) % 100_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quiet_gaps_are_around_a_tenth_of_a_second() {
        let mut gaps = Gaps::new(Pace::Quiet);
        let waits: Vec<_> = (0..1000).map(|_| gaps.next().as_millis()).collect();
        assert!(waits.iter().all(|wait| (50..150).contains(wait)));
        let mean = waits.iter().sum::<u128>() / 1000;
        assert!((95..105).contains(&mean), "{mean}");
    }

    #[test]
    fn two_workers_share_a_rate() {
        let gap = Gaps::new(Pace::PerSecond(10_000)).next();
        assert_eq!(gap, Duration::from_micros(200));
    }
}
