//! One process as /proc shows it, read by these tests alone.

use std::collections::BTreeMap;
use std::fs::{self, File};

use super::calls;

/// All that the comparison wants of one process at one time. Two equal readings mean that it did
/// nothing in between: `status` counts how often it was switched to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Reading {
    pub(crate) pid: u32,
    stat: Vec<u8>,
    status: Vec<u8>,
    pub(crate) cmdline: Vec<u8>,
    /// Inodes of its pid namespace and of those around it, up to ours; none when it hides them.
    pub(crate) pid_spaces: Vec<u64>,
    uid_map: String,
    gid_map: String,
}

/// A kind of id.
#[derive(Clone, Copy)]
pub(crate) enum Id {
    User,
    Group,
}

impl Reading {
    /// `None` when there is no such process.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let file = |name: &str| fs::read(format!("/proc/{pid}/{name}")).ok();
        let map = |name| file(name).map(|bytes| String::from_utf8(bytes).expect("numbers"));
        Some(Self {
            pid,
            stat: file("stat")?,
            status: file("status")?,
            cmdline: file("cmdline")?,
            pid_spaces: pid_spaces(pid),
            uid_map: map("uid_map")?,
            gid_map: map("gid_map")?,
        })
    }

    /// All processes, by pid.
    pub(crate) fn all() -> BTreeMap<u32, Self> {
        let pid = |entry: std::io::Result<fs::DirEntry>| -> Option<u32> {
            entry.ok()?.file_name().to_str()?.parse().ok()
        };
        let pids = fs::read_dir("/proc").expect("/proc").filter_map(pid);
        pids.filter_map(|pid| Some((pid, Self::of(pid)?))).collect()
    }

    /// The name, between the first bracket and the last.
    pub(crate) fn comm(&self) -> String {
        let (name, _) = self.split_stat();
        String::from_utf8_lossy(name).into_owned()
    }

    fn split_stat(&self) -> (&[u8], &[u8]) {
        let open = self.stat.iter().position(|&byte| byte == b'(').expect("a name");
        let close = self.stat.iter().rposition(|&byte| byte == b')').expect("a name");
        (&self.stat[open + 1..close], &self.stat[close + 2..])
    }

    /// A field of `stat` by its number in proc(5), from 3 on.
    pub(crate) fn stat(&self, number: usize) -> &str {
        let (_, rest) = self.split_stat();
        let fields = str::from_utf8(rest).expect("numbers");
        fields.split_ascii_whitespace().nth(number - 3).expect("a field of stat")
    }

    pub(crate) fn stat_number(&self, number: usize) -> u64 {
        self.stat(number).parse().expect("a number")
    }

    /// Clock ticks of CPU time, and of its start since boot.
    pub(crate) fn cpu_ticks(&self) -> u64 {
        self.stat_number(14) + self.stat_number(15)
    }

    pub(crate) fn start_ticks(&self) -> u64 {
        self.stat_number(22)
    }

    pub(crate) fn is_zombie(&self) -> bool {
        self.stat(3) == "Z"
    }

    /// The words after a key of `status`.
    pub(crate) fn status(&self, key: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.status);
        let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
        let words = line.unwrap_or_else(|| panic!("no {key} of process {}", self.pid));
        words.split_ascii_whitespace().map(str::to_owned).collect()
    }

    fn numbers(&self, key: &str) -> Vec<u32> {
        self.status(key).iter().map(|word| word.parse().expect("a number")).collect()
    }

    /// The effective id, as the host has it.
    pub(crate) fn effective(&self, id: Id) -> u32 {
        let key = match id {
            Id::User => "Uid",
            Id::Group => "Gid",
        };
        self.numbers(key)[1]
    }

    pub(crate) fn real(&self, id: Id) -> u32 {
        let key = match id {
            Id::User => "Uid",
            Id::Group => "Gid",
        };
        self.numbers(key)[0]
    }

    pub(crate) fn groups(&self) -> Vec<u32> {
        self.numbers("Groups")
    }

    /// A capability set: one bit each.
    pub(crate) fn capabilities(&self, key: &str) -> u64 {
        u64::from_str_radix(&self.status(key)[0], 16).expect("a mask")
    }

    /// Its pid in a namespace which is so many levels below ours.
    pub(crate) fn pid_at(&self, depth: usize) -> u32 {
        self.numbers("NSpid")[depth]
    }

    /// An id of the host as the process's own user namespace has it.
    pub(crate) fn inside(&self, id: Id, outside: u32) -> u32 {
        let (map, overflow) = match id {
            Id::User => (&self.uid_map, "overflowuid"),
            Id::Group => (&self.gid_map, "overflowgid"),
        };
        let inside = map.lines().find_map(|line| {
            let words = line.split_ascii_whitespace();
            let range: Vec<u32> = words.map(|word| word.parse().expect("a number")).collect();
            let offset = outside.checked_sub(range[1])?;
            (offset < range[2]).then(|| range[0] + offset)
        });
        inside.unwrap_or_else(|| {
            let text = fs::read_to_string(format!("/proc/sys/kernel/{overflow}"));
            text.expect("an overflow id").trim().parse().expect("a number")
        })
    }
}

/// From the process's own pid namespace outwards.
fn pid_spaces(pid: u32) -> Vec<u64> {
    let mut spaces = Vec::new();
    let mut next = File::open(format!("/proc/{pid}/ns/pid")).ok();
    while let Some(space) = next {
        spaces.push(calls::inode(&space));
        next = calls::parent_space(&space);
    }
    spaces
}
