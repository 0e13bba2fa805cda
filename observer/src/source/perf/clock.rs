//! The clock of the tracepoints (`CLOCK_MONOTONIC`) → time since boot (`CLOCK_BOOTTIME`): they
//! differ by the time that the machine was suspended.

use nix::time::{ClockId, clock_gettime};

use crate::Error;

/// The difference, followed across suspends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    suspended_ns: u64,
}

impl Clock {
    /// # Errors
    ///
    /// [`Error::System`] when a clock cannot be read.
    pub(super) fn read() -> Result<Self, Error> {
        Ok(Self { suspended_ns: suspended_ns()? })
    }

    /// Looks whether the machine was suspended since. What is read differs by the time between two
    /// readings, so that a small difference does not count: one moment has one time.
    ///
    /// # Errors
    ///
    /// As [`Clock::read`].
    pub(super) fn follow(&mut self) -> Result<(), Error> {
        const SLACK_NS: u64 = 1_000_000;
        let now = suspended_ns()?;
        if now.abs_diff(self.suspended_ns) > SLACK_NS {
            self.suspended_ns = now;
        }
        Ok(())
    }

    /// Nanoseconds since boot of a time of the tracepoints.
    pub(super) fn boot_ns(self, monotonic_ns: u64) -> u64 {
        monotonic_ns.saturating_add(self.suspended_ns)
    }
}

/// Both clocks, read until nothing came between.
fn suspended_ns() -> Result<u64, Error> {
    const CLOSE_NS: u64 = 1_000;
    const TRIES: u32 = 8;
    let mut best = (u64::MAX, 0);
    for _ in 0..TRIES {
        let before = read(ClockId::CLOCK_MONOTONIC)?;
        let boot = read(ClockId::CLOCK_BOOTTIME)?;
        let between = read(ClockId::CLOCK_MONOTONIC)?.saturating_sub(before);
        best = best.min((between, boot.saturating_sub(before + between / 2)));
        if between < CLOSE_NS {
            break;
        }
    }
    Ok(best.1)
}

fn read(clock: ClockId) -> Result<u64, Error> {
    let time = clock_gettime(clock).map_err(Error::system("cannot read the clock"))?;
    let ns = i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec());
    Ok(u64::try_from(ns).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::boot_ns;

    #[test]
    fn now_is_now_by_both_clocks() {
        let clock = Clock::read().unwrap();
        let before = boot_ns().unwrap();
        let now = clock.boot_ns(read(ClockId::CLOCK_MONOTONIC).unwrap());
        let after = boot_ns().unwrap();
        let slack = 1_000_000;
        assert!((before - slack..after + slack).contains(&now), "{before} {now} {after}");
    }

    #[test]
    fn only_a_suspend_changes_it() {
        let mut clock = Clock::read().unwrap();
        let first = clock.boot_ns(0);
        clock.follow().unwrap();
        assert_eq!(clock.boot_ns(0), first);
        let mut awake = Clock { suspended_ns: first + 3_600_000_000_000 };
        awake.follow().unwrap();
        assert!(awake.boot_ns(0).abs_diff(first) < 1_000_000);
    }
}
