//! What readers of a report see, of commands with and without a container.

mod html;
mod json;
mod pages;
mod story;
mod text;

use std::sync::Arc;

use bytes::Bytes;

use super::{Look, Setting, report::Report};
use crate::{
    cause::{Account, Because, CausalSet, Cause, Caused, CausedContainer, Exec, Fact, Role},
    container::{Container, Runtime},
    event::{Args, Cgroup, Comm, Creator, Event, Process, ProcessKey, Status, Usage, What},
    machine::{Machine, WallClock},
    origin::Origin,
    render::Color,
    table::{Change, End},
};

const BEGIN_NS: u64 = 5_000_000_000;
const MS: u64 = 1_000_000;
const OBSERVER: ProcessKey = ProcessKey { pid: 4700, start_ns: 4_000_000_000 };
const FINE: Option<Status> = Some(Status::Code(0));
const NARROW: Look = Look { width: Some(80), color: Color::No };
const WIDE: Look = Look { width: Some(140), color: Color::No };
const WHOLE: Look = Look { width: None, color: Color::No };

fn machine() -> Machine {
    Machine {
        boot_id: "1f3a9c02-0000-4000-8000-000000000000".to_owned(),
        page_size: 4096,
        ticks_per_second: 100,
        memory: 1 << 30,
        last_capability: 40,
        overflow_uid: 65534,
        overflow_gid: 65534,
    }
}

/// The process with this pid that began so many milliseconds after the command.
fn key(pid: u32, start_ms: u64) -> ProcessKey {
    ProcessKey { pid, start_ns: BEGIN_NS + start_ms * MS }
}

fn args(words: &[&[u8]]) -> Args {
    let captured: Vec<u8> =
        words.iter().flat_map(|word| [word, b"\0".as_slice()].concat()).collect();
    let size = captured.len() as u64;
    Args::new(Bytes::from(captured), size, u64::MAX)
}

fn comm(name: &[u8]) -> Comm {
    let mut padded = [0; 16];
    let length = name.len().min(15);
    padded[..length].copy_from_slice(&name[..length]);
    Comm::new(padded)
}

fn process(key: ProcessKey, name: &[u8]) -> Process {
    Process {
        key,
        parent: Some(OBSERVER),
        exec_id: 1,
        tid: key.pid,
        vpid: None,
        comm: comm(name),
        credentials: None,
        namespaces: [0; 8],
        cgroup: None,
    }
}

fn end(at_ms: u64, status: Option<Status>) -> End {
    let usage = Usage { user_ns: 2 * MS, system_ns: MS, max_rss_pages: 1000 };
    End { boot_ns: BEGIN_NS + at_ms * MS, status, usage: Some(usage), reaper: None }
}

/// A set that hears one thing after the other.
struct Told(CausalSet);

impl Told {
    fn command(pid: u32) -> Self {
        let mut told = Self(CausalSet::of_command(pid, BEGIN_NS));
        told.fork(key(pid, 0), OBSERVER);
        told
    }

    fn tell(&mut self, boot_ns: u64, what: What) {
        let event = Event { boot_ns, cpu: 0, what };
        self.0.apply(&Change { event, entry: None, inferred: false });
    }

    fn fork(&mut self, child: ProcessKey, creator: ProcessKey) {
        let creator = Creator { key: creator, tid: creator.pid, comm: comm(b"creator") };
        let process = process(child, b"creator");
        self.tell(child.start_ns, What::Fork { process, creator, clone_flags: 0 });
    }

    fn exec(&mut self, key: ProcessKey, words: &[&[u8]]) {
        let filename = Bytes::copy_from_slice(words[0]);
        let what =
            What::Exec { process: process(key, words[0]), filename, args: Some(args(words)) };
        self.tell(key.start_ns + MS, what);
    }

    fn exit(&mut self, key: ProcessKey, at_ms: u64, status: Option<Status>) {
        let end = end(at_ms, status);
        let (usage, reaper) = (end.usage, None);
        let process = process(key, b"x");
        self.tell(end.boot_ns, What::Exit { process, status, usage, reaper });
    }
}

/// A command that ended well and was watched for two seconds.
fn account<'a>(command: &'a [Bytes], set: &'a CausalSet) -> Account<'a> {
    Account {
        command,
        status: FINE,
        begin_ns: BEGIN_NS,
        end_ns: BEGIN_NS + 2000 * MS,
        lost: 0,
        set,
    }
}

fn setting(machine: &Machine) -> Setting<'_> {
    Setting { machine, clock: WallClock::read().unwrap(), origin: Origin::Bpf }
}

fn words(text: &str) -> Vec<Bytes> {
    text.split(' ').map(|word| Bytes::copy_from_slice(word.as_bytes())).collect()
}
