//! `/proc/PID/stat`, see `proc_pid_stat(5)`.

use std::fs;

#[cfg(feature = "ebpf")]
use nix::unistd::{SysconfVar, sysconf};

#[cfg(feature = "snapshot")]
use crate::field::{CpuTime, Identity, Stat};

/// When a process began, in clock ticks since boot.
#[cfg(feature = "ebpf")]
pub(crate) fn start_ticks(pid: u32) -> Option<u64> {
    const STARTTIME: usize = 22;
    field(&fs::read(format!("/proc/{pid}/stat")).ok()?, STARTTIME)
}

/// Nanoseconds in clock ticks, as that file rounds them.
#[cfg(feature = "ebpf")]
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

/// A number by its place, which counts from 1.
fn field(stat: &[u8], place: usize) -> Option<u64> {
    let (_, rest) = split(stat)?;
    let mut fields = Fields(rest);
    number(fields.nth(place.checked_sub(3)?)?)
}

/// The name, and what comes behind it. The name is in brackets and may hold anything, brackets
/// and newlines included.
fn split(stat: &[u8]) -> Option<(&[u8], &[u8])> {
    let begin = stat.iter().position(|byte| *byte == b'(')?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    Some((stat.get(begin + 1..end)?, stat.get(end + 1..)?))
}

/// Words between blanks.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let begin = self.0.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let rest = self.0.get(begin..)?;
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (word, rest) = rest.split_at_checked(end)?;
        self.0 = rest;
        Some(word)
    }
}

/// A decimal number.
fn number<T: TryFrom<i128>>(word: &[u8]) -> Option<T> {
    let (digits, sign) = match word.strip_prefix(b"-") {
        Some(digits) => (digits, -1),
        None => (word, 1),
    };
    if digits.is_empty() {
        return None;
    }
    let mut value = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.checked_mul(10)?.checked_add(digit.into())?;
    }
    T::try_from(i128::from(value) * sign).ok()
}

/// The whole file.
#[cfg(feature = "snapshot")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StatFile {
    pub(super) identity: Identity,
    pub(super) stat: Stat,
    pub(super) cpu_time: CpuTime,
}

#[cfg(feature = "snapshot")]
impl StatFile {
    /// Parses the file; `None` for any other text. A clock tick has `tick_ns` nanoseconds.
    pub(super) fn parse(stat: &[u8], tick_ns: u64) -> Option<Self> {
        let (comm, rest) = split(stat)?;
        let mut words = Fields(rest);
        let mut at = 2;
        // The word of that number, which is never smaller than the last.
        let mut word = |number: usize| {
            let skipped = number.checked_sub(at + 1)?;
            at = number;
            words.nth(skipped)
        };
        macro_rules! next {
            ($number:literal) => {
                number(word($number)?)?
            };
        }
        let ns = |ticks: u64| ticks.saturating_mul(tick_ns);
        // In the order of the file, since each is taken from behind the one before.
        let mut stat = Stat { state: *word(3)?.first()?, ..Stat::default() };
        let parent = next!(4);
        stat.pgid = next!(5);
        stat.sid = next!(6);
        // Printed as a signed number.
        stat.tty = number::<i32>(word(7)?)?.cast_unsigned();
        stat.tpgid = next!(8);
        stat.flags = next!(9);
        stat.minor_faults = next!(10);
        stat.major_faults = next!(12);
        let cpu_time = CpuTime { user_ns: ns(next!(14)), system_ns: ns(next!(15)) };
        stat.priority = next!(18);
        stat.nice = next!(19);
        stat.threads = next!(20);
        let start_ns = ns(next!(22));
        stat.virtual_size = next!(23);
        stat.processor = next!(39);
        stat.real_time_priority = next!(40);
        stat.policy = next!(41);
        let zombie = stat.state == b'Z';
        // 0 also stands for what may not be read.
        let status = word(52).and_then(number).filter(|status| zombie && *status != 0);
        stat.exit_status = status;
        let identity = Identity { comm: comm.into(), parent, start_ns, zombie };
        Some(Self { identity, stat, cpu_time })
    }
}

/// What shows at a glance that something happened to a process.
#[cfg(feature = "perf")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) comm: Box<[u8]>,
    state: u8,
    pub(super) parent: u32,
    pub(super) flags: u32,
    threads: u32,
    pub(super) start_ticks: u64,
    /// 1 where it may not be read, 0 where there is no memory.
    code: u64,
    /// 0 where it may not be read.
    stack: u64,
    /// Once it has ended: in the form of wait(2); 0 also where it may not be read.
    pub(super) exit_status: u32,
}

#[cfg(feature = "perf")]
impl Glance {
    /// Parses the file; `None` for any other text.
    pub(super) fn parse(stat: &[u8]) -> Option<Self> {
        let (comm, rest) = split(stat)?;
        let mut words = Fields(rest);
        let state = *words.next()?.first()?;
        let parent = number(words.next()?)?;
        let flags = number(words.nth(4)?)?;
        let threads = number(words.nth(10)?)?;
        let start_ticks = number(words.nth(1)?)?;
        let code = number(words.nth(3)?)?;
        let stack = number(words.nth(1)?)?;
        let exit_status = number(words.nth(23)?)?;
        let comm = comm.into();
        Some(Self { comm, state, parent, flags, threads, start_ticks, code, stack, exit_status })
    }

    /// Whether it has ended, with its last thread.
    pub(super) fn is_zombie(&self) -> bool {
        matches!(self.state, b'Z' | b'X') && self.threads <= 1
    }

    /// Whether it has started no program since it was forked.
    pub(super) fn is_forked_only(&self) -> bool {
        const PF_FORKNOEXEC: u32 = 0x40;
        self.flags & PF_FORKNOEXEC != 0
    }

    /// Whether it is a program at all, or may be one.
    pub(super) fn has_memory(&self) -> bool {
        self.code != 0
    }

    /// Where its code and its stack begin, if they may be known.
    pub(super) fn places(&self) -> Option<(u64, u64)> {
        (self.code > 1 && self.stack != 0).then_some((self.code, self.stack))
    }
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

    #[test]
    fn numbers_of_every_size() {
        assert_eq!(number::<i64>(b"-20"), Some(-20));
        assert_eq!(number::<u64>(b"18446744073709551615"), Some(u64::MAX));
        assert_eq!(number::<u64>(b"18446744073709551616"), None);
        assert_eq!(number::<u32>(b"-1"), None);
        assert_eq!(number::<u32>(b""), None);
        assert_eq!(number::<u32>(b"1x"), None);
    }

    #[cfg(feature = "snapshot")]
    mod whole {
        use proptest::prelude::*;

        use super::*;

        const LINE: &str = " S 1 7 7 34816 -1 4194560 98 5 3 0 20 10 0 0 -51 -10 3 0 260517 66980 \
            393 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 50 2 0 0 0 0 0 0 0 0 0 0 0\n";

        fn with_name(name: &[u8]) -> Vec<u8> {
            [b"42 (", name, b")", LINE.as_bytes()].concat()
        }

        #[test]
        fn every_field_at_its_place() {
            let file = StatFile::parse(&with_name(b"a b"), 10_000_000).unwrap();
            let expected = StatFile {
                identity: Identity {
                    comm: (*b"a b").into(),
                    parent: 1,
                    start_ns: 2_605_170_000_000,
                    zombie: false,
                },
                stat: Stat {
                    state: b'S',
                    pgid: 7,
                    sid: 7,
                    tty: 34816,
                    tpgid: -1,
                    flags: 4_194_560,
                    minor_faults: 98,
                    major_faults: 3,
                    priority: -51,
                    nice: -10,
                    threads: 3,
                    virtual_size: 66980,
                    processor: 1,
                    real_time_priority: 50,
                    policy: 2,
                    exit_status: None,
                },
                cpu_time: CpuTime { user_ns: 200_000_000, system_ns: 100_000_000 },
            };
            assert_eq!(file, expected);
        }

        #[cfg(feature = "perf")]
        #[test]
        fn a_glance_has_the_same_fields() {
            let line =
                LINE.replace("66980 393 18446744073709551615 1 1 0", "66980 393 9 4096 1 77");
            let line = format!("42 (a b){}1280\n", line.trim_end().strip_suffix('0').unwrap());
            let glance = Glance::parse(line.as_bytes()).unwrap();
            let expected = Glance {
                comm: (*b"a b").into(),
                state: b'S',
                parent: 1,
                flags: 4_194_560,
                threads: 3,
                start_ticks: 260_517,
                code: 4096,
                stack: 77,
                exit_status: 1280,
            };
            assert_eq!(glance, expected);
            assert_eq!(glance.places(), Some((4096, 77)));
            let refused = Glance { code: 1, stack: 0, ..glance.clone() };
            assert_eq!((refused.has_memory(), refused.places()), (true, None));
            let kernel = Glance { code: 0, ..refused };
            assert!(!kernel.has_memory());
            let ended = Glance { state: b'Z', ..glance };
            assert!(!ended.is_zombie(), "its threads go on");
            assert!(Glance { threads: 1, ..ended }.is_zombie());
        }

        #[test]
        fn only_what_has_ended_is_a_zombie() {
            let zombie = |letter: &str| {
                let line = format!("42 (x){}", LINE.replacen('S', letter, 1));
                StatFile::parse(line.as_bytes(), 1).unwrap().identity.zombie
            };
            assert!(zombie("Z"));
            assert!(["R", "S", "D", "T", "t", "I"].into_iter().all(|letter| !zombie(letter)));
        }

        #[test]
        fn how_it_ended_is_known_where_it_may_be_read() {
            let status = |state: &str, status: &str| {
                let line = LINE.replacen('S', state, 1);
                let line =
                    format!("42 (x){}{status}\n", line.trim_end().strip_suffix('0').unwrap());
                StatFile::parse(line.as_bytes(), 1).unwrap().stat.exit_status
            };
            assert_eq!(status("Z", "1280"), Some(1280));
            assert_eq!(status("Z", "0"), None, "or it may not be read");
            assert_eq!(status("S", "9"), None, "of a process that runs it means nothing");
        }

        proptest! {
            #[test]
            fn any_name_is_kept(name: Vec<u8>) {
                let file = StatFile::parse(&with_name(&name), 1).unwrap();
                prop_assert_eq!(&*file.identity.comm, &name[..]);
                prop_assert_eq!(file.stat.policy, 2);
            }

            #[test]
            fn any_bytes_are_parsed_or_refused(bytes: Vec<u8>) {
                let _parsed = StatFile::parse(&bytes, u64::MAX);
                #[cfg(feature = "perf")]
                let _parsed = Glance::parse(&bytes);
            }

            #[test]
            fn a_line_cut_anywhere_is_refused(end in 0_usize..120) {
                let line = with_name(b"x");
                prop_assert_eq!(StatFile::parse(&line[..end], 1), None);
            }
        }
    }
}
