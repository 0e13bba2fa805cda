//! What is the same for every event of a boot: its id, and how the kernel's units translate.

use std::{fs, io};

use nix::{
    time::{ClockId, clock_gettime},
    unistd::{SysconfVar, sysconf},
};

use crate::Error;

/// Facts of the running machine, read once and passed on as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Machine {
    /// `/proc/sys/kernel/random/boot_id`: 32 hex digits with dashes.
    pub boot_id: String,
    /// Bytes of a page of memory.
    pub page_size: u64,
    /// Clock ticks in a second, the unit of times in `/proc/PID/stat`.
    pub ticks_per_second: u64,
    /// Bytes of memory.
    pub memory: u64,
    /// The highest capability that the kernel knows.
    pub last_capability: u32,
    /// What stands for a user that a user namespace does not map.
    pub overflow_uid: u32,
    /// What stands for such a group.
    pub overflow_gid: u32,
}

impl Machine {
    /// Reads the facts. Needs no privileges.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub fn read() -> Result<Self, Error> {
        let boot_id = fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .map_err(|source| Error::System { what: "cannot read the boot id", source })?;
        let page_size = setting(SysconfVar::PAGE_SIZE)?;
        Ok(Self {
            boot_id: boot_id.trim_end().to_owned(),
            page_size,
            ticks_per_second: setting(SysconfVar::CLK_TCK)?,
            memory: setting(SysconfVar::_PHYS_PAGES)?.saturating_mul(page_size),
            last_capability: number("cap_last_cap").unwrap_or(LAST_CAPABILITY),
            overflow_uid: number("overflowuid").unwrap_or(OVERFLOW),
            overflow_gid: number("overflowgid").unwrap_or(OVERFLOW),
        })
    }

    /// Nanoseconds of a clock tick.
    pub fn tick_ns(&self) -> u64 {
        1_000_000_000 / self.ticks_per_second.max(1)
    }

    /// The id of a process, the same from every source: first 8 digits of the boot id, pid, start
    /// in clock ticks since boot.
    pub fn process_id(&self, key: crate::event::ProcessKey) -> String {
        let mut digits = itoa::Buffer::new();
        let mut id = String::with_capacity(32);
        id.push_str(self.boot_id.get(..8).unwrap_or(&self.boot_id));
        id.push('-');
        id.push_str(digits.format(key.pid));
        id.push('-');
        id.push_str(digits.format(self.ticks(key.start_ns)));
        id
    }

    /// The id of one life of a process: a later one of the same pid in the same tick has its
    /// number at the end.
    pub fn life_id(&self, key: crate::event::ProcessKey, life: u32) -> String {
        let mut id = self.process_id(key);
        if life > 1 {
            id.push('-');
            id.push_str(itoa::Buffer::new().format(life));
        }
        id
    }

    /// Nanoseconds in whole clock ticks.
    pub fn ticks(&self, ns: u64) -> u64 {
        ns / self.tick_ns()
    }
}

/// `CAP_CHECKPOINT_RESTORE`, where /proc/sys does not say.
const LAST_CAPABILITY: u32 = 40;
/// The kernel's own default.
const OVERFLOW: u32 = 65534;

/// A setting of `/proc/sys/kernel`.
fn number(name: &str) -> Option<u32> {
    fs::read_to_string(format!("/proc/sys/kernel/{name}")).ok()?.trim_end().parse().ok()
}

fn setting(name: SysconfVar) -> Result<u64, Error> {
    const WHAT: &str = "cannot read a system setting";
    let value = sysconf(name).map_err(Error::system(WHAT))?.unwrap_or_default();
    u64::try_from(value).ok().filter(|value| *value > 0).ok_or_else(|| Error::System {
        what: WHAT,
        source: io::Error::from(io::ErrorKind::Unsupported),
    })
}

/// The offset between time since boot and time of day. It is taken once and followed only when
/// the clock was set, so that one moment is printed the same twice.
#[derive(Clone, Copy, Debug)]
pub struct WallClock {
    offset_ns: i128,
}

impl WallClock {
    /// Takes the offset.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when a clock cannot be read.
    pub fn read() -> Result<Self, Error> {
        Ok(Self { offset_ns: offset_ns()? })
    }

    /// Takes it again if the clock was set since.
    ///
    /// # Errors
    ///
    /// As [`WallClock::read`].
    pub fn follow(&mut self) -> Result<(), Error> {
        const SLACK_NS: u128 = 1_000_000;
        let now = offset_ns()?;
        if now.abs_diff(self.offset_ns) > SLACK_NS {
            self.offset_ns = now;
        }
        Ok(())
    }

    /// Nanoseconds since 1970 of a moment given in nanoseconds since boot.
    pub fn unix_ns(self, boot_ns: u64) -> i128 {
        self.offset_ns + i128::from(boot_ns)
    }
}

fn offset_ns() -> Result<i128, Error> {
    let real = read_ns(ClockId::CLOCK_REALTIME)?;
    let boot = read_ns(ClockId::CLOCK_BOOTTIME)?;
    Ok(real - boot)
}

/// The offset between the monotonic clock, which tracepoints are stamped with, and time since boot,
/// which goes on while the machine is suspended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootClock {
    suspended_ns: u64,
}

impl BootClock {
    /// Takes the offset.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when a clock cannot be read.
    pub fn read() -> Result<Self, Error> {
        Ok(Self { suspended_ns: suspended_ns()? })
    }

    /// Takes it again if the machine was suspended since.
    ///
    /// # Errors
    ///
    /// As [`BootClock::read`].
    pub fn follow(&mut self) -> Result<(), Error> {
        const SLACK_NS: u64 = 1_000_000;
        let now = suspended_ns()?;
        if now.abs_diff(self.suspended_ns) > SLACK_NS {
            self.suspended_ns = now;
        }
        Ok(())
    }

    /// Nanoseconds since boot of a moment of the monotonic clock.
    pub fn boot_ns(self, monotonic_ns: u64) -> u64 {
        monotonic_ns.saturating_add(self.suspended_ns)
    }
}

/// What lies between two looks at two clocks adds to their difference: the least of some is nearest.
fn suspended_ns() -> Result<u64, Error> {
    const LOOKS: usize = 5;
    let mut least = i128::MAX;
    for _ in 0..LOOKS {
        let monotonic = read_ns(ClockId::CLOCK_MONOTONIC)?;
        least = least.min(read_ns(ClockId::CLOCK_BOOTTIME)? - monotonic);
    }
    Ok(u64::try_from(least).unwrap_or_default())
}

/// Nanoseconds since boot, now.
///
/// # Errors
///
/// [`Error::System`] when the clock cannot be read.
pub fn boot_ns() -> Result<u64, Error> {
    Ok(u64::try_from(read_ns(ClockId::CLOCK_BOOTTIME)?).unwrap_or_default())
}

fn read_ns(clock: ClockId) -> Result<i128, Error> {
    let time = clock_gettime(clock).map_err(Error::system("cannot read the clock"))?;
    Ok(i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::ProcessKey;

    #[test]
    fn no_process_has_a_capability_behind_the_last() {
        let last = Machine::read().unwrap().last_capability;
        let status = fs::read_to_string("/proc/self/status").unwrap();
        let bounding = status.lines().find_map(|line| line.strip_prefix("CapBnd:")).unwrap();
        let mask = u64::from_str_radix(bounding.trim(), 16).unwrap();
        assert_eq!(mask.checked_shr(last + 1).unwrap_or(0), 0, "{mask:x} with last {last}");
    }

    #[test]
    fn later_lives_of_a_tick_have_a_number() {
        let machine = Machine {
            boot_id: "1f3a9c02-0000".to_owned(),
            page_size: 4096,
            ticks_per_second: 100,
            memory: 0,
            last_capability: 40,
            overflow_uid: 65534,
            overflow_gid: 65534,
        };
        let key = ProcessKey { pid: 4711, start_ns: 812_349_999_999 };
        assert_eq!(machine.life_id(key, 1), "1f3a9c02-4711-81234");
        assert_eq!(machine.life_id(key, 1), machine.process_id(key));
        assert_eq!(machine.life_id(key, 2), "1f3a9c02-4711-81234-2");
        assert_eq!(machine.life_id(key, 13), "1f3a9c02-4711-81234-13");
    }
}
