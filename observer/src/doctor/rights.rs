//! Capabilities of this process, see capabilities(7): those that make a difference here.

use std::fs;

/// Which of the capabilities that matter are in effect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    /// In effect.
    pub held: Vec<&'static str>,
    /// Not in effect.
    pub missing: Vec<&'static str>,
}

/// eBPF, tracepoints, tracefs, other users' processes; the first stands for the next two.
const THAT_MATTER: [(&str, u32); 5] = [
    ("CAP_SYS_ADMIN", 21),
    ("CAP_BPF", 39),
    ("CAP_PERFMON", 38),
    ("CAP_DAC_READ_SEARCH", 2),
    ("CAP_SYS_PTRACE", 19),
];

impl Rights {
    pub(super) fn of_this_process() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        effective(&status).map(Self::of_mask).unwrap_or_default()
    }

    fn of_mask(mask: u64) -> Self {
        let (held, missing): (Vec<_>, Vec<_>) =
            THAT_MATTER.into_iter().partition(|(_, bit)| mask & (1 << bit) != 0);
        let names =
            |list: Vec<(&'static str, u32)>| list.into_iter().map(|(name, _)| name).collect();
        Self { held: names(held), missing: names(missing) }
    }
}

/// Of the text of `/proc/self/status`.
fn effective(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_held_or_missing() {
        let rights =
            |mask: &str| Rights::of_mask(effective(&format!("CapEff:\t{mask}\n")).unwrap());
        assert_eq!(rights("000001ffffffffff").missing, [""; 0]);
        assert_eq!(rights("0000000000000000").held, [""; 0]);
        assert_eq!(rights("000000c000000000").held, ["CAP_BPF", "CAP_PERFMON"]);
        assert_eq!(effective("Name:\tx\n"), None);
    }

    #[test]
    fn the_numbers_are_those_of_the_names() {
        for (name, bit) in THAT_MATTER {
            let names: Vec<_> = crate::capabilities::names(1 << bit).collect();
            assert_eq!(names, [name.trim_start_matches("CAP_")]);
        }
    }
}
