//! What /proc says of one process, read as simply as can be.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::machine::soon;

/// `/proc/PID/stat`.
#[derive(Debug)]
pub(crate) struct Stat {
    pub(crate) comm: Vec<u8>,
    /// From the state on, which proc(5) calls the third.
    fields: Vec<String>,
}

impl Stat {
    /// `None` for a process that has gone.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let bytes = fs::read(format!("/proc/{pid}/stat")).ok()?;
        let open = bytes.iter().position(|byte| *byte == b'(').expect("a name");
        let close = bytes.iter().rposition(|byte| *byte == b')').expect("a name");
        let rest = str::from_utf8(&bytes[close + 1..]).expect("numbers");
        Some(Self {
            comm: bytes[open + 1..close].to_vec(),
            fields: rest.split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// By its number in proc(5), from 3 on.
    pub(crate) fn field(&self, number: usize) -> &str {
        &self.fields[number - 3]
    }

    pub(crate) fn state(&self) -> &str {
        self.field(3)
    }

    pub(crate) fn parent(&self) -> u32 {
        self.field(4).parse().expect("a pid")
    }

    /// In clock ticks since boot.
    pub(crate) fn start(&self) -> u64 {
        self.field(22).parse().expect("a number")
    }
}

/// What stands behind a word of `/proc/PID/status`.
pub(crate) fn status(pid: u32, word: &str) -> String {
    let text = fs::read(format!("/proc/{pid}/status")).expect("a live process");
    let text = String::from_utf8_lossy(&text).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(word)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {word} of process {pid}")).trim().to_owned()
}

/// The number of a namespace that a process is in, by the name of its link.
pub(crate) fn namespace(pid: u32, kind: &str) -> u64 {
    let link = fs::read_link(format!("/proc/{pid}/ns/{kind}")).expect("a live process");
    let link = link.to_string_lossy().into_owned();
    let number = link.split(['[', ']']).nth(1).expect("kind:[inode]");
    number.parse().expect("a number")
}

/// What a process is called in its own pid namespace.
pub(crate) fn inner_pid(pid: u32) -> u64 {
    let levels = status(pid, "NSpid");
    levels.split_whitespace().next_back().expect("a pid").parse().expect("a number")
}

/// Waits until a process is in a state, such as `Z`.
pub(crate) fn wait_for_state(pid: u32, state: &str) {
    let deadline = Instant::now() + soon();
    while Stat::of(pid).expect("a process").state() != state {
        assert!(Instant::now() < deadline, "process {pid} should come to state {state}");
        thread::sleep(Duration::from_millis(2));
    }
}
