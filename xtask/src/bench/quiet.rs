//! Others on this machine: waits until they leave it alone, and measures again what they disturbed.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};

use super::Extent;

/// How much is done for the sake of a measurement without others in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// How long to wait for a quiet moment.
    pub(crate) wait: Duration,
    /// How often to measure at most.
    pub(crate) tries: u32,
}

/// A tick of /proc/stat, on every architecture.
const TICK: Duration = Duration::from_millis(10);
/// What others may take of one CPU; the kernel's own workers take some of it.
const TOLERATED: f64 = 0.12;

impl Patience {
    pub(crate) fn of(extent: Extent) -> Self {
        match extent {
            Extent::Quick => Self { wait: Duration::from_secs(1), tries: 1 },
            Extent::Whole => Self { wait: Duration::from_mins(2), tries: 5 },
        }
    }

    /// The first result of `measure` that others had no part in, or else the last.
    ///
    /// All that `measure` starts must end within it.
    pub(crate) fn undisturbed<T>(self, mut measure: impl FnMut() -> Result<T>) -> Result<T> {
        let mut tries = 1;
        loop {
            self.wait_for_quiet()?;
            let begin = Instant::now();
            let before = taken_by_others()?;
            let result = measure()?;
            let taken = taken_by_others()?.saturating_sub(before);
            let share = taken.as_secs_f64() / begin.elapsed().as_secs_f64();
            if share <= TOLERATED {
                return Ok(result);
            }
            eprintln!("others took {:.0} % of a CPU in try {tries}", share * 100.0);
            if tries >= self.tries {
                return Ok(result);
            }
            tries += 1;
        }
    }

    fn wait_for_quiet(self) -> Result<()> {
        const LOOK: Duration = Duration::from_millis(300);
        let deadline = Instant::now() + self.wait;
        while Instant::now() < deadline {
            let before = taken_by_others()?;
            thread::sleep(LOOK);
            let taken = taken_by_others()?.saturating_sub(before);
            if taken <= LOOK.mul_f64(TOLERATED) {
                break;
            }
        }
        Ok(())
    }
}

/// CPU time of the machine since its start that neither we nor our ended children took.
fn taken_by_others() -> Result<Duration> {
    let ours = used(UsageWho::RUSAGE_SELF)? + used(UsageWho::RUSAGE_CHILDREN)?;
    let stat = fs::read_to_string("/proc/stat").context("cannot read `/proc/stat`")?;
    let busy = u32::try_from(busy_ticks(&stat)).map_or(Duration::MAX, |ticks| TICK * ticks);
    Ok(busy.saturating_sub(ours))
}

fn used(who: UsageWho) -> Result<Duration> {
    let usage = getrusage(who).context("cannot read our own CPU time")?;
    let sum: TimeVal = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(u64::try_from(sum.num_microseconds())?))
}

/// Ticks that all CPUs spent neither idle nor waiting for a disk, from the first line of /proc/stat.
fn busy_ticks(stat: &str) -> u64 {
    let line = stat.lines().next().unwrap_or_default();
    let ticks = line.split_whitespace().skip(1).filter_map(|word| word.parse::<u64>().ok());
    // User, nice, system, idle, waiting, interrupts, soft interrupts, stolen; guests count as user.
    let columns = ticks.take(8).enumerate();
    columns.filter(|(column, _)| !matches!(column, 3 | 4)).map(|(_, ticks)| ticks).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_and_waiting_are_not_busy() {
        assert_eq!(busy_ticks("cpu  1 2 4 1000 1000 8 16 32 64 128\ncpu0 9 9"), 63);
    }

    #[test]
    fn what_is_disturbed_is_measured_so_often_at_most() {
        let patience = Patience { wait: Duration::ZERO, tries: 2 };
        let mut calls = 0;
        let result = patience.undisturbed(|| {
            calls += 1;
            Ok(calls)
        });
        assert!((1..=2).contains(&result.unwrap()));
    }
}
