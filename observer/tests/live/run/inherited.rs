//! What a command inherits is what it had if it ran alone.

use std::process::Command;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::stat::{Mode, umask};
use nix::unistd::chdir;

use super::command::{answer_of, plain, run};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            signals_blocked_and_ignored,
            limits,
            umask_priority_group_session_and_place,
            the_environment_byte_by_byte,
            namespaces_cgroup_and_rights,
        }
    ]
}

/// What a command says, observed and alone, when both were prepared in this way.
fn both(words: &[&str], prepare: impl Fn(&mut Command)) -> [String; 2] {
    [run(&["--output", "/dev/null"], words), plain(words)].map(|mut command| {
        prepare(&mut command);
        let answer = answer_of(&mut command);
        assert_eq!((answer.code, answer.errors.as_str()), (Some(0), ""), "{command:?}");
        answer.out
    })
}

fn lines_with<'a>(text: &'a str, names: &[&str]) -> Vec<&'a str> {
    let wanted = |line: &&str| names.iter().any(|name| line.starts_with(name));
    text.lines().filter(wanted).collect()
}

fn assert_same_status(names: &[&str], prepare: impl Fn(&mut Command)) -> String {
    let [observed, alone] = both(&["cat", "/proc/self/status"], prepare);
    let [observed, alone] = [&observed, &alone].map(|text| {
        lines_with(text, names).into_iter().map(without_glibcs_own).collect::<Vec<_>>()
    });
    assert_eq!(observed, alone);
    assert_eq!(alone.len(), names.len(), "{alone:?}");
    alone.join("\n")
}

const SIGNALS: [&str; 5] = ["SigBlk:", "SigIgn:", "SigCgt:", "SigPnd:", "ShdPnd:"];

/// glibc keeps two signals for itself, and whatever it spawns otherwise than by a bare fork(2) begins
/// with them ignored; so do most commands of make(1).
fn without_glibcs_own(line: &str) -> String {
    let Some((name, mask)) = line.split_once(":\t").filter(|(name, _)| *name == "SigIgn") else {
        return line.to_owned();
    };
    let mask = u64::from_str_radix(mask, 16).expect("a mask");
    format!("{name}:\t{:016x}", mask & !(0b11 << 31))
}

fn signals_blocked_and_ignored() {
    assert_same_status(&SIGNALS, |_| {});
    let told = assert_same_status(&SIGNALS, |command| {
        sys::before_exec(command, || {
            for signal in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGCHLD, Signal::SIGUSR2] {
                sys::ignore(signal);
            }
            let blocked: SigSet = [Signal::SIGUSR1, Signal::SIGTERM].into_iter().collect();
            blocked.thread_block().map_err(Into::into)
        });
    });
    let mask = |signals: &[Signal]| -> String {
        let bits: u64 = signals.iter().map(|signal| 1 << (*signal as i32 - 1)).sum();
        format!("{bits:016x}")
    };
    let blocked = mask(&[Signal::SIGUSR1, Signal::SIGTERM]);
    assert!(told.contains(&format!("SigBlk:\t{blocked}")), "what was asked for: {told}");
}

fn limits() {
    let [observed, alone] = both(&["cat", "/proc/self/limits"], |command| {
        sys::before_exec(command, || {
            sys::limit(libc::RLIMIT_NOFILE, 100, 200)?;
            sys::limit(libc::RLIMIT_CORE, 0, 4096)?;
            sys::limit(libc::RLIMIT_STACK, 4 << 20, 8 << 20)?;
            sys::limit(libc::RLIMIT_CPU, 1000, 2000)
        });
    });
    assert_eq!(observed, alone);
    assert!(alone.contains("Max cpu time              1000"), "what was asked for: {alone}");
}

/// Process group, session, terminal, its group; exit signal; nice value.
fn fields(stat: &str) -> Vec<&str> {
    let (_, rest) = stat.rsplit_once(") ").expect("a name in brackets");
    let rest: Vec<_> = rest.split_whitespace().collect();
    [5, 6, 7, 8, 19, 38].map(|number| rest[number - 3]).to_vec()
}

fn umask_priority_group_session_and_place() {
    let prepare = |command: &mut Command| {
        sys::before_exec(command, || {
            umask(Mode::from_bits_truncate(0o027));
            chdir("/proc/self/task")?;
            sys::nice(7)
        });
    };
    assert!(assert_same_status(&["Umask:", "NoNewPrivs:"], prepare).contains("0027"));
    let [observed, alone] = both(&["cat", "/proc/self/stat"], prepare);
    assert_eq!(fields(&observed), fields(&alone));
    assert_eq!(fields(&alone)[4], "7", "what was asked for: {alone}");
    let [observed, alone] = both(&["readlink", "/proc/self/cwd"], |command| {
        command.current_dir("/proc/sys");
    });
    assert_eq!((observed.as_str(), alone.as_str()), ("/proc/sys\n", "/proc/sys\n"));
}

fn the_environment_byte_by_byte() {
    let [observed, alone] = both(&["cat", "/proc/self/environ"], |command| {
        command.env("OBSERVER_A", "line\nof\ttwo=\u{1b}[0m").env("OBSERVER_B", "");
    });
    assert_eq!(observed, alone);
    assert!(alone.contains("OBSERVER_A=line\nof\ttwo=\u{1b}[0m\0"), "{alone:?}");
}

fn namespaces_cgroup_and_rights() {
    assert_same_status(
        &["Uid:", "Gid:", "Groups:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"],
        |_| {},
    );
    let spaces = ["mnt", "net", "pid", "user", "uts", "ipc", "cgroup"];
    let paths: Vec<_> = spaces.iter().map(|space| format!("/proc/self/ns/{space}")).collect();
    let each = "for link; do readlink \"$link\"; done";
    let mut words = vec!["sh", "-c", each, "sh"];
    words.extend(paths.iter().map(String::as_str));
    let [observed, alone] = both(&words, |_| {});
    assert_eq!(observed, alone);
    let [observed, alone] = both(&["cat", "/proc/self/cgroup", "/proc/self/oom_score_adj"], |_| {});
    assert_eq!(observed, alone);
}
