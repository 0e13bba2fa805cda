//! `/proc/PID/stat`, see `proc_pid_stat(5)`.

use std::fs;

use nix::unistd::{SysconfVar, sysconf};

/// When a process began, in clock ticks since boot.
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    const STARTTIME: usize = 22;
    field(&fs::read(format!("/proc/{pid}/stat")).ok()?, STARTTIME)
}

/// Nanoseconds in clock ticks, as that file rounds them.
pub(crate) fn ticks(ns: u64) -> Option<u64> {
    let per_second = sysconf(SysconfVar::CLK_TCK).ok()??;
    Some(ns / (1_000_000_000 / u64::try_from(per_second).ok()?))
}

/// Every process with its parent, by pid. What vanishes while it is looked at is left out; where
/// /proc is mounted with `hidepid`, so are processes of other users.
pub fn parents() -> Vec<(u32, u32)> {
    const PPID: usize = 4;
    let Ok(folder) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let parent = |pid: u32| {
        let parent = field(&fs::read(format!("/proc/{pid}/stat")).ok()?, PPID)?;
        Some((pid, u32::try_from(parent).ok()?))
    };
    folder.filter_map(|entry| parent(entry.ok()?.file_name().to_str()?.parse().ok()?)).collect()
}

/// A number by its place, which counts from 1. The second field is a name in brackets that may
/// hold anything, brackets included.
fn field(stat: &[u8], number: usize) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(stat.get(end + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        assert_eq!(field(b"7 (a) S 9 (b) R 42 7 7", 4), Some(42));
        assert_eq!(field(b"7 (\xff\n) R 42 7 7", 4), Some(42));
        assert_eq!(field(b"7 (x)", 4), None);
    }
}
