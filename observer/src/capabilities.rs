//! Capability masks → names, in psgo's words.
//!
//! The names are those of capabilities(7) without `CAP_`. A bit that this table does not know is
//! named by its number: it is there, whoever wrote the table.

use std::{borrow::Cow, sync::LazyLock};

/// Bit 0 first.
const NAMES: [&str; 41] = [
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
];

/// The last bit that has a name here.
const LAST_NAMED: u32 = 40;

/// Bits and their names, by name.
static BY_NAME: LazyLock<[(&str, u32); 41]> = LazyLock::new(|| {
    let mut bit = 0..;
    let mut table = NAMES.map(|name| (name, bit.next().unwrap_or_default()));
    table.sort_unstable();
    table
});

/// A mask in words: `none`, `full` when it holds exactly the bits from 0 to `last`, else its
/// [`names`] with commas between. `last` is the kernel's, see
/// [`Machine::last_capability`](crate::machine::Machine::last_capability).
pub fn text(mask: u64, last: u32) -> Cow<'static, str> {
    if mask == 0 {
        return Cow::Borrowed("none");
    }
    if mask == u64::MAX >> 63_u32.saturating_sub(last) {
        return Cow::Borrowed("full");
    }
    let mut list = String::new();
    for name in names(mask) {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&name);
    }
    Cow::Owned(list)
}

/// The names of the bits of a mask, in alphabetical order and without `CAP_`; behind them, by
/// number, those that have none: `cap_41`.
pub fn names(mask: u64) -> impl Iterator<Item = Cow<'static, str>> {
    let has = move |bit: u32| mask & (1 << bit) != 0;
    let named = BY_NAME.iter().filter(move |(_, bit)| has(*bit));
    let unnamed = (LAST_NAMED + 1..u64::BITS).filter(move |bit| has(*bit));
    named
        .map(|(name, _)| Cow::Borrowed(*name))
        .chain(unnamed.map(|bit| Cow::Owned(format!("cap_{bit}"))))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FULL: u64 = (1 << 41) - 1;

    #[test]
    fn every_name_is_the_one_that_another_crate_gives_its_bit() {
        let others = caps::all();
        assert_eq!(others.len(), NAMES.len());
        let same = |other: &caps::Capability| {
            let own = names(1 << other.index()).collect::<Vec<_>>();
            own == [other.to_string().trim_start_matches("CAP_")]
        };
        assert_eq!(others.iter().find(|other| !same(other)), None);
    }

    #[test]
    fn none_and_full_are_words() {
        assert_eq!(text(0, 40), "none");
        assert_eq!(text(FULL, 40), "full");
        assert_eq!(text((1 << 38) - 1, 37), "full", "of a kernel before 5.8");
        assert_eq!(text(u64::MAX, 63), "full");
        assert_eq!(text(1, 0), "full");
    }

    #[test]
    fn a_newer_kernels_full_set_is_not_ours() {
        assert_ne!(text(FULL, 41), "full", "one is missing");
        let more = text(FULL | 1 << 41, 40);
        assert!(more.starts_with("AUDIT_CONTROL,AUDIT_READ,"), "{more}");
        assert!(more.ends_with(",WAKE_ALARM,cap_41"), "{more}");
    }

    #[test]
    fn names_go_by_the_alphabet_and_numbers_follow() {
        let docker = "AUDIT_WRITE,CHOWN,DAC_OVERRIDE,FOWNER,FSETID,KILL,MKNOD,NET_BIND_SERVICE,\
                      NET_RAW,SETFCAP,SETGID,SETPCAP,SETUID,SYS_CHROOT";
        assert_eq!(text(0xa804_25fb, 40), docker);
        assert_eq!(text(1 << 63 | 1 << 41 | 1 << 21 | 1 << 39, 40), "BPF,SYS_ADMIN,cap_41,cap_63");
    }

    proptest! {
        #[test]
        fn every_bit_has_one_name(mask: u64) {
            let names: Vec<_> = names(mask).collect();
            prop_assert_eq!(names.len(), mask.count_ones() as usize);
            let distinct: std::collections::BTreeSet<_> = names.iter().collect();
            prop_assert_eq!(distinct.len(), names.len());
        }
    }
}
