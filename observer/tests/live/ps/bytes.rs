//! Names and arguments of any bytes: exact in JSON, harmless in text, and as the `procfs` crate
//! reads them where it can.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;

use procfs::process::{Process, Stat, Status};

use super::snapshot::{Row, Snapshot};
use crate::support::child::{Actor, program, quiet_act};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::proc::wait_for_state;
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] { any_bytes }
        EveryKernel [] { names_that_look_like_something_else }
    ]
}

const PROCESSES: usize = 150;

/// Deterministic noise.
struct Noise(u64);

impl Noise {
    fn below(&mut self, limit: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % limit
    }

    /// Anything but NUL; half of the time what has a meaning to somebody.
    fn byte(&mut self) -> u8 {
        const MEANING: &[u8] = b" ()\n\t\r\x1b[]%\\\"'\x7f\x9b\xc2\xe2\x80\xae\xff<>,=";
        match self.below(2) {
            0 => MEANING[self.below(MEANING.len())],
            _ => u8::try_from(1 + self.below(255)).expect("a byte"),
        }
    }

    fn word(&mut self, shortest: usize, longest: usize) -> Vec<u8> {
        let length = shortest + self.below(longest - shortest + 1);
        (0..length).map(|_| self.byte()).collect()
    }
}

/// A process with this name and these arguments.
struct Named {
    comm: Vec<u8>,
    arguments: Vec<Vec<u8>>,
    actor: Actor,
}

impl Named {
    fn start(comm: &[u8], arguments: &[Vec<u8>]) -> Self {
        let escaped: Vec<_> = comm.iter().map(|byte| format!("%{byte:02x}")).collect();
        let escaped = escaped.concat();
        let mut command = quiet_act(&program(), &format!("rename {escaped} unused"));
        command.arg0(OsStr::from_bytes(&arguments[0]));
        command.args(arguments[1..].iter().map(|word| OsStr::from_bytes(word)));
        let mut actor = Actor::new(&mut command);
        actor.hear("ready");
        actor.tell("now");
        actor.hear("renamed");
        wait_for_state(actor.pid(), "S");
        Self { comm: comm.to_vec(), arguments: arguments.to_vec(), actor }
    }

    /// What its row says that is not so.
    fn differences(&self, row: &Row) -> Vec<String> {
        let mut wrong = Vec::new();
        let pid = self.actor.pid();
        let mut note = |what: &str, got: &str, truth: &str| {
            if got != truth {
                wrong.push(format!("process {pid}: {what} is {got}, should be {truth}"));
            }
        };
        note("comm", &shown(&[row.comm()]), &shown(std::slice::from_ref(&self.comm)));
        note("arguments", &shown(&row.arguments()), &shown(&self.arguments));
        let process = Process::new(pid.cast_signed()).expect("a live process");
        let stat = process.stat().expect("what procfs makes of stat");
        for (column, truth) in facts_of_stat(&stat) {
            note(column, row.cell(column), &truth);
        }
        // Bytes that are not UTF-8 are beyond it.
        if let Ok(status) = process.status() {
            for (column, truth) in facts_of_status(&status) {
                note(column, row.cell(column), &truth);
            }
        }
        if let Ok(arguments) = process.cmdline() {
            let told = row.arguments().into_iter().filter(|word| !word.is_empty());
            let truth: Vec<_> = arguments.into_iter().map(String::into_bytes).collect();
            note("arguments beside procfs", &shown(&told.collect::<Vec<_>>()), &shown(&truth));
        }
        wrong
    }
}

fn shown(words: &[Vec<u8>]) -> String {
    let words = words.iter().map(|word| format!("\"{}\"", word.escape_ascii()));
    words.collect::<Vec<_>>().join(" ")
}

const COLUMNS: &str = "pid,ppid,pgid,sid,tpgid,state,nice,threads,vsz,minflt,majflt,rtprio,\
                       comm,args,uid,ruid,suid,fsuid,gid,rgid,sgid,fsgid,gids,vpid,seccomp";

fn facts_of_stat(stat: &Stat) -> [(&'static str, String); 9] {
    [
        ("ppid", stat.ppid.to_string()),
        ("pgid", stat.pgrp.to_string()),
        ("sid", stat.session.to_string()),
        ("tpgid", stat.tpgid.to_string()),
        ("state", stat.state.to_string()),
        ("nice", stat.nice.to_string()),
        ("threads", stat.num_threads.to_string()),
        ("vsz", (stat.vsize / 1024).to_string()),
        ("majflt", stat.majflt.to_string()),
    ]
}

fn facts_of_status(status: &Status) -> [(&'static str, String); 10] {
    let list = |ids: &[u32]| ids.iter().map(u32::to_string).collect::<Vec<_>>().join(",");
    let inner = status.nspid.as_ref().and_then(|pids| pids.last());
    [
        ("uid", status.euid.to_string()),
        ("ruid", status.ruid.to_string()),
        ("suid", status.suid.to_string()),
        ("fsuid", status.fuid.to_string()),
        ("gid", status.egid.to_string()),
        ("rgid", status.rgid.to_string()),
        ("sgid", status.sgid.to_string()),
        ("fsgid", status.fgid.to_string()),
        ("gids", list(&status.groups)),
        ("vpid", inner.map_or_else(String::new, i32::to_string)),
    ]
}

/// All at once in one snapshot; each is told as it is.
fn check(processes: &[Named]) {
    let snapshot = Snapshot::take(COLUMNS);
    let wrong =
        processes.iter().flat_map(|named| named.differences(snapshot.row(named.actor.pid())));
    none_of(&wrong.collect::<Vec<_>>());
    let text = Answer::to(&["-o", "pid,comm,args"]);
    assert_eq!(text.code, Some(0), "stderr: {}", text.errors);
    let hostile =
        text.out.lines().find_map(|line| Some((line, line.chars().find(|c| is_harmful(*c))?)));
    assert_eq!(hostile, None, "a raw control character");
    let rows: Vec<_> = text.out.lines().collect();
    for named in processes {
        let pid = named.actor.pid().to_string();
        let rows = rows.iter().filter(|row| row.split_whitespace().next() == Some(&pid));
        assert_eq!(rows.count(), 1, "rows of process {pid}");
    }
    let pids = Answer::to(&["-o", "pid", "--no-headers"]);
    let stray = pids.out.lines().find(|line| line.trim().parse::<u32>().is_err());
    assert_eq!(stray, None, "a forged row");
}

fn is_harmful(character: char) -> bool {
    let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    character.is_control() || turns
}

fn any_bytes() {
    let mut noise = Noise(2026);
    let processes: Vec<_> = (0..scaled(PROCESSES))
        .map(|_| {
            let comm = noise.word(1, 15);
            let count = 1 + noise.below(6);
            let arguments: Vec<_> = (0..count).map(|_| noise.word(0, 40)).collect();
            Named::start(&comm, &arguments)
        })
        .collect();
    check(&processes);
}

fn names_that_look_like_something_else() {
    let list =
        |words: &[&str]| words.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>();
    let cases: [(&[u8], Vec<Vec<u8>>); 9] = [
        (b"x) R 1 1 1 1 (y", list(&["plain"])),
        (b"a\nUid:\t0\t0\t0", list(&["line\nUid:\t7\t7\t7\t7"])),
        (b"Groups:\t1 2 3 ", list(&["", "after an empty one"])),
        (b"\\nState:\tZ (zo", list(&["", "", ""])),
        (b")))", list(&["trailing", "", ""])),
        (b"(((", list(&["1 2 3 4 5 6 7 8\n9 10"])),
        (b" ", list(&[" "])),
        (b"\xff\xfe", vec![b"\xff".to_vec(), b"fine".to_vec(), b"\xc3\x28".to_vec()]),
        ("é\u{202e}ß".as_bytes(), list(&["\u{1b}]0;title\u{7}", "\u{2028}", "\u{200f}"])),
    ];
    let processes: Vec<_> = cases.iter().map(|(comm, words)| Named::start(comm, words)).collect();
    check(&processes);
}
