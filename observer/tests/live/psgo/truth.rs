//! What a cell should say, worked out from a reading of /proc and from nothing else.

use std::fs;
use std::time::Duration;

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Gid, Group, SysconfVar, Uid, User, sysconf};

use super::listing::Place;
use super::reading::{Id, Reading};

/// By bit, as linux/capability.h numbers them.
const CAPABILITIES: [&str; 41] = [
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

/// All that the kernel has.
pub(crate) fn all_capabilities() -> u64 {
    let last = fs::read_to_string("/proc/sys/kernel/cap_last_cap").expect("a number");
    let last: u32 = last.trim().parse().expect("a number");
    u64::MAX >> (63 - last)
}

pub(crate) fn capabilities(mask: u64) -> String {
    if mask == 0 {
        return "none".to_owned();
    }
    if mask == all_capabilities() {
        return "full".to_owned();
    }
    let set = (0..64).filter(|bit| mask >> bit & 1 == 1);
    let name = |bit: usize| {
        CAPABILITIES.get(bit).map_or_else(|| format!("cap_{bit}"), |&name| name.to_owned())
    };
    let mut names: Vec<_> = set.map(name).collect();
    names.sort();
    names.join(",")
}

/// All arguments with a blank between two; for who has none, the name in brackets.
pub(crate) fn arguments(reading: &Reading) -> String {
    // Who writes a title over the arguments leaves NULs behind it.
    let end = reading.cmdline.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let words = &reading.cmdline[..end];
    if words.is_empty() {
        let mark = if reading.is_zombie() { " <defunct>" } else { "" };
        return format!("[{}]{mark}", reading.comm());
    }
    let blanks: Vec<u8> = words.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect();
    String::from_utf8_lossy(&blanks).into_owned()
}

/// Major and minor number of the terminal.
pub(crate) fn terminal_device(reading: &Reading) -> (u64, u64) {
    let device = reading.stat(7).parse::<i32>().expect("a number").cast_unsigned();
    (libc::major(device.into()).into(), libc::minor(device.into()).into())
}

/// The terminal's name: sysfs knows it, but for pseudo terminals, which are numbered.
pub(crate) fn terminal(reading: &Reading) -> String {
    let (major, minor) = terminal_device(reading);
    if (136..144).contains(&major) {
        return format!("pts/{}", (major - 136) * 256 + minor);
    }
    let device = fs::read_to_string(format!("/sys/dev/char/{major}:{minor}/uevent"));
    let device = device.unwrap_or_default();
    let name = device.lines().find_map(|line| line.strip_prefix("DEVNAME="));
    name.unwrap_or("?").to_owned()
}

/// The name of an id by the system's own database, or else its number.
pub(crate) fn host_name(id: Id, number: u32) -> String {
    let name = match id {
        Id::User => User::from_uid(Uid::from_raw(number)).expect("users").map(|user| user.name),
        Id::Group => {
            Group::from_gid(Gid::from_raw(number)).expect("groups").map(|group| group.name)
        }
    };
    name.unwrap_or_else(|| number.to_string())
}

pub(crate) fn host_names(id: Id, numbers: &[u32]) -> String {
    let names: Vec<_> = numbers.iter().map(|&number| host_name(id, number)).collect();
    names.join(",")
}

/// The effective user id that the row should show: joined, the container's.
pub(crate) fn uid(place: &Place<'_>) -> String {
    let outside = place.reading.effective(Id::User);
    let shown = if place.mapped { place.reading.inside(Id::User, outside) } else { outside };
    shown.to_string()
}

/// The length of a clock tick.
pub(crate) fn tick() -> u64 {
    let ticks = sysconf(SysconfVar::CLK_TCK).expect("sysconf").expect("ticks a second");
    1_000_000_000 / ticks.cast_unsigned()
}

/// CPU time as Go writes a duration, to the clock tick.
pub(crate) fn time(reading: &Reading) -> String {
    duration(reading.cpu_ticks() * tick())
}

/// Go's words for a duration which is a whole number of milliseconds.
fn duration(nanoseconds: u64) -> String {
    let milliseconds = nanoseconds / 1_000_000;
    let (seconds, rest) = (milliseconds / 1000, milliseconds % 1000);
    if seconds == 0 {
        return if rest == 0 { "0s".to_owned() } else { format!("{rest}ms") };
    }
    let fraction = format!(".{rest:03}");
    let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (hours, minutes) {
        (0, 0) => format!("{seconds}{fraction}s"),
        (0, _) => format!("{minutes}m{seconds}{fraction}s"),
        _ => format!("{hours}h{minutes}m{seconds}{fraction}s"),
    }
}

/// The nanoseconds that Go's words for a duration say.
pub(crate) fn parse_duration(text: &str) -> Option<u64> {
    let mut total = 0.0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c != '.' && !c.is_ascii_digit())?;
        let number: f64 = rest[..digits].parse().ok()?;
        let tail = &rest[digits..];
        let (unit, length) =
            [("h", 3_600e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0), ("m", 60e9), ("s", 1e9)]
                .into_iter()
                .find(|(unit, _)| tail.starts_with(unit))?;
        total += number * length;
        rest = &tail[unit.len()..];
    }
    (!text.is_empty()).then(|| nanoseconds(Duration::from_secs_f64(total / 1e9)))
}

/// When a process started, in nanoseconds since boot and since 1970; up to a tick later.
pub(crate) fn start(reading: &Reading) -> (u64, u64) {
    let since_boot = reading.start_ticks() * tick();
    let [wall, boot] = [ClockId::CLOCK_REALTIME, ClockId::CLOCK_BOOTTIME]
        .map(|clock| nanoseconds(Duration::from(clock_gettime(clock).expect("a clock"))));
    (since_boot, wall - boot + since_boot)
}

/// The seconds since 1970 that `YYYY-MM-DD HH:MM:SS +0000 UTC` says.
pub(crate) fn parse_time(text: &str) -> Option<u64> {
    let moment = text.strip_suffix(" +0000 UTC")?;
    let numbers: Vec<u64> =
        moment.split(['-', ' ', ':']).map(str::parse).collect::<Result<_, _>>().ok()?;
    let [year, month, day, hour, minute, second] = numbers.try_into().ok()?;
    Some(((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second)
}

/// Days from 1970 to a date; years begin in March here, so that leap days come last.
fn days(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let days_of_years = year * 365 + year / 4 - year / 100 + year / 400;
    days_of_years + (month * 153 + 2) / 5 + day - 1 - 719_468
}

fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).expect("fewer than 500 years")
}
