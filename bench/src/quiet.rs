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

/// A tick of /proc/stat and of a process's `stat`, on every architecture.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// What others may take of one CPU beyond what they always take.
const TOLERATED: f64 = 0.12;
/// What they always take is not more than this: beyond, the machine is busy. Some kernels have
/// threads that never rest.
const ALWAYS_AT_MOST: f64 = 0.25;
/// How often they are looked at, at least, to tell what they always take.
const LOOKS: usize = 3;

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
            let tolerated = self.wait_for_quiet()?;
            let others = Others::watch()?;
            let result = measure()?;
            let share = others.share()?;
            if share <= tolerated {
                return Ok(result);
            }
            eprintln!("others took {:.0} % of a CPU in try {tries}", share * 100.0);
            if tries >= self.tries {
                return Ok(result);
            }
            tries += 1;
        }
    }

    /// Waits until others take little more than they always do, and says how much that is with
    /// what is tolerated beyond it.
    fn wait_for_quiet(self) -> Result<f64> {
        const LOOK: Duration = Duration::from_millis(300);
        let deadline = Instant::now() + self.wait;
        let mut shares = Vec::new();
        while Instant::now() < deadline {
            let others = Others::watch()?;
            thread::sleep(LOOK);
            shares.push(others.share()?);
            if is_quiet(&shares) {
                break;
            }
        }
        Ok(tolerated(&shares))
    }
}

/// What others take, from a moment on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Others {
    begin: Instant,
    taken: Duration,
}

impl Others {
    pub(crate) fn watch() -> Result<Self> {
        Ok(Self { begin: Instant::now(), taken: taken_by_others()? })
    }

    /// Until now, of one CPU. All that we started meanwhile must have ended.
    pub(crate) fn share(self) -> Result<f64> {
        let taken = taken_by_others()?.saturating_sub(self.taken);
        Ok(taken.as_secs_f64() / self.begin.elapsed().as_secs_f64())
    }
}

/// Whether the last of these shares of a CPU is tolerated, and enough were looked at to know.
fn is_quiet(shares: &[f64]) -> bool {
    shares.len() >= LOOKS && shares.last().is_some_and(|last| *last <= tolerated(shares))
}

/// What others may take: the least that they took in any look, which they always take, and some
/// more.
fn tolerated(shares: &[f64]) -> f64 {
    let least = shares.iter().copied().reduce(f64::min);
    least.unwrap_or_default().min(ALWAYS_AT_MOST) + TOLERATED
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
    fn what_others_always_take_is_no_disturbance() {
        let tolerates = |shares: &[f64], share: f64| (tolerated(shares) - share).abs() < 1e-9;
        assert!(tolerates(&[0.17, 0.15, 0.6], 0.27));
        assert!(is_quiet(&[0.6, 0.15, 0.26]));
        assert!(!is_quiet(&[0.15, 0.2, 0.28]));
        assert!(tolerates(&[], 0.12));
    }

    #[test]
    fn a_busy_machine_is_not_taken_for_a_quiet_one() {
        // It takes that much all the time, and yet no kernel thread does.
        assert!(!is_quiet(&[0.9, 0.8, 0.85]));
        assert!(!is_quiet(&[0.0]), "one look does not tell what is taken all the time");
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
