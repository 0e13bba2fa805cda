//! Histories as text → changes. A line is an event, one a millisecond; `{A}` stands for an id of 64
//! digits.
//!
//! ```text
//! command PID                                        the command that the set is of
//! fork PID by PID COMM in CGROUP
//! exec PID vpid PID mnt NUMBER in CGROUP file FILE: ARG ARG 'ARG WITH BLANKS'
//! cgroup PID in CGROUP
//! request PID to PID: HTTP, or `message ID` for one in gRPC
//! described ID as NAME IMAGE: MARK…                  what an engine says of a container
//! deaf PID                                           nobody hears what it writes
//! exit PID CODE, or exit PID signal NUMBER
//! reparent PID to PID
//! lost
//! ```

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::HashMap;

use super::CausalSet;
use crate::{
    event::{Args, Cgroup, Comm, Creator, Event, Loss, Peer, Process, ProcessKey, Status, What},
    table::{Change, model},
};

const MS: u64 = 1_000_000;

/// What a history made of a set.
pub(super) fn play(history: &str) -> CausalSet {
    let mut player = Player { now_ns: MS, alive: HashMap::new(), set: None, untold: Vec::new() };
    for line in history.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        player.now_ns += MS;
        player.line(&expand(line));
    }
    let mut set = player.set.expect("a line `command PID`");
    set.conclude(player.now_ns + MS);
    set
}

/// `{A}` → 64 times `a`.
pub(super) fn expand(text: &str) -> String {
    ('A'..='F').fold(text.to_owned(), |text, letter| {
        let id = letter.to_ascii_lowercase().to_string().repeat(64);
        text.replace(&format!("{{{letter}}}"), &id)
    })
}

/// The other way round.
pub(super) fn shorten(text: &str) -> String {
    ('A'..='F').fold(text.to_owned(), |text, letter| {
        let id = letter.to_ascii_lowercase().to_string().repeat(64);
        text.replace(&id, &format!("{{{letter}}}"))
    })
}

struct Player {
    now_ns: u64,
    alive: HashMap<u32, Process>,
    set: Option<CausalSet>,
    /// What was told before there was a command.
    untold: Vec<Change>,
}

impl Player {
    fn line(&mut self, line: &str) {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (pid, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let pid = pid.parse().unwrap_or_default();
        let what = match kind {
            "command" => {
                self.set = Some(CausalSet::of_command(pid, self.now_ns));
                for change in std::mem::take(&mut self.untold) {
                    self.tell(change);
                }
                return;
            }
            "deaf" => {
                let key = self.process(pid).key;
                return self.set.as_mut().expect("a set").cannot_overhear(key);
            }
            "described" => return self.describe(line),
            "fork" => self.fork(pid, rest),
            "exec" => self.exec(pid, rest),
            "cgroup" => self.cgroup(pid, rest),
            "request" => self.request(pid, rest),
            "exit" => self.exit(pid, rest),
            "reparent" => self.reparent(pid, rest),
            "lost" => What::Lost { count: 1, loss: Loss::NoRoom },
            other => panic!("no such event: {other}"),
        };
        let event = Event { boot_ns: self.now_ns, cpu: 0, what };
        self.tell(Change { event, entry: None, inferred: false });
    }

    /// `described ID as NAME IMAGE: MARK…`
    fn describe(&mut self, line: &str) {
        let (head, marks) = line.split_once(": ").expect("marks");
        let [_, id, _, name, image] = words(head);
        self.set.as_mut().expect("a set").describe(&id, name, image, quoted(marks));
    }

    fn tell(&mut self, change: Change) {
        match &mut self.set {
            Some(set) => set.apply(&change),
            None => self.untold.push(change),
        }
    }

    fn process(&mut self, pid: u32) -> &mut Process {
        self.alive.entry(pid).or_insert_with(|| model::process(pid, 1, None))
    }

    /// `by PID COMM in CGROUP`
    fn fork(&mut self, pid: u32, rest: &str) -> What {
        let [_, creator, comm, _, cgroup] = words(rest);
        let creator = self.process(creator.parse().expect("a pid")).clone();
        let mut process = model::process(pid, self.now_ns, Some(creator.key));
        process.namespaces = creator.namespaces;
        process.cgroup = Some(cgroup_of(&cgroup));
        process.comm = model::comm(&comm);
        self.alive.insert(pid, process.clone());
        let creator = Creator { key: creator.key, tid: creator.key.pid, comm: model::comm(&comm) };
        What::Fork { process, creator, clone_flags: 0 }
    }

    /// `vpid PID mnt NUMBER in CGROUP file FILE: ARG…`
    fn exec(&mut self, pid: u32, rest: &str) -> What {
        let (head, args) = rest.split_once(": ").expect("arguments");
        let [_, vpid, _, mnt, _, cgroup, _, file] = words(head);
        let process = self.process(pid);
        process.vpid = vpid.parse().ok();
        process.namespaces[1] = mnt.parse().expect("a number");
        process.cgroup = Some(cgroup_of(&cgroup));
        let base = file.rsplit('/').next().unwrap_or_default();
        process.comm = model::comm(&base[..base.len().min(15)]);
        let area: String = quoted(args).into_iter().map(|arg| arg + "\0").collect();
        let size = area.len() as u64;
        let args = Some(Args::new(Bytes::from(area), size, size));
        What::Exec { process: process.clone(), filename: Bytes::from(file), args }
    }

    /// `in CGROUP`
    fn cgroup(&mut self, pid: u32, rest: &str) -> What {
        let [_, cgroup] = words(rest);
        let process = self.process(pid);
        process.cgroup = Some(cgroup_of(&cgroup));
        What::Cgroup { process: process.clone(), old_cgroup: None }
    }

    /// `to PID: TEXT`
    fn request(&mut self, pid: u32, rest: &str) -> What {
        let (head, text) = rest.split_once(": ").unwrap_or_else(|| {
            let at = rest.find("message").expect("a message");
            (rest.get(..at).expect("its beginning"), rest.get(at..).expect("its end"))
        });
        let [_, engine] = words(head.trim());
        let bytes = match text.strip_prefix("message ") {
            Some(id) => {
                let length = u8::try_from(id.len()).expect("a short id");
                [&[0, 0, 0, 1, 10, length], id.as_bytes(), &[18, 1]].concat()
            }
            None => format!("{text}\r\nHost: engine\r\n\r\n").into_bytes(),
        };
        let path = Bytes::from_static(b"/run/engine.sock");
        let peer = Peer { path, pid: engine.trim_end_matches(':').parse().ok(), uid: Some(0) };
        let size = bytes.len() as u64;
        let process = self.process(pid).clone();
        What::Request { process, peer, size, bytes: Bytes::from(bytes) }
    }

    /// `to PID`; it may have ended.
    fn reparent(&mut self, pid: u32, rest: &str) -> What {
        let [_, parent] = words(rest);
        let parent = self.process(parent.parse().expect("a pid")).key;
        let of_the_set = self.set.as_ref().expect("a set").processes();
        let mut lives = of_the_set.map(|caused| &caused.process);
        let mut process = lives.find(|life| life.key.pid == pid).expect("a process").clone();
        let old_parent = process.parent.expect("a parent");
        process.parent = Some(parent);
        What::Reparent { process, old_parent }
    }

    fn exit(&mut self, pid: u32, rest: &str) -> What {
        let number = |text: &str| text.parse().expect("a number");
        let status = match rest.strip_prefix("signal ") {
            Some(signal) => Status::Signal { number: number(signal), core_dumped: None },
            None => Status::Code(number(rest)),
        };
        let process = self.alive.remove(&pid).expect("a process");
        What::Exit { process, status: Some(status), usage: None, reaper: None }
    }
}

fn words<const N: usize>(text: &str) -> [String; N] {
    let words = quoted(text);
    let count = words.len();
    words.try_into().unwrap_or_else(|_| panic!("{count} words, not {N}: {text}"))
}

fn quoted(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for (index, part) in text.split('\'').enumerate() {
        if index % 2 == 1 {
            words.last_mut().expect("a word").push_str(part);
            continue;
        }
        for (index, word) in part.split(' ').enumerate() {
            if index > 0 {
                words.push(String::new());
            }
            words.last_mut().expect("a word").push_str(word);
        }
    }
    words
}

fn cgroup_of(path: &str) -> Arc<Cgroup> {
    let container = crate::container::of_path(path);
    Arc::new(Cgroup { v2: path.to_owned(), v1: None, container })
}

/// Of the process that was alive under this pid, for tests that ask on.
pub(super) fn key(set: &CausalSet, pid: u32) -> ProcessKey {
    let mut found = set.processes().map(|caused| caused.process.key);
    found.find(|key| key.pid == pid).expect("a process of the set")
}

/// Names are padded.
pub(super) fn name(comm: Comm) -> String {
    String::from_utf8_lossy(comm.as_bytes()).into_owned()
}
