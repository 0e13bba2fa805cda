//! The command line of `observer ps`: exit codes, messages, what a mistake leads to.

use std::fs::File;
use std::process::Stdio;

use nix::unistd::pipe;

use super::scene::zombie;
use super::snapshot::ps;
use crate::support::child::Started;
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] {
            a_dead_pid_is_no_match,
            a_filter_that_matches_nothing,
            an_unknown_column_is_quoted_and_others_are_near,
            wrong_values,
            join_needs_pids,
            the_list_of_columns,
            a_full_disk,
            a_reader_that_has_gone,
            what_is_verbose_goes_to_stderr,
        }
    ]
}

/// The one line of a refusal.
fn refused(arguments: &[&str], code: i32) -> String {
    let Answer { code: got, out, errors } = Answer::to(arguments);
    assert_eq!(got, Some(code), "{arguments:?}: {errors}");
    assert_eq!(out, "", "{arguments:?}: stdout");
    assert_eq!(errors.lines().count(), 1, "{arguments:?}: {errors}");
    assert!(errors.starts_with("observer: "), "{arguments:?}: {errors}");
    errors
}

/// A pid that was a process's a moment ago.
fn dead_pid() -> String {
    let dead = zombie();
    let pid = dead.pid();
    dead.reap();
    pid.to_string()
}

fn a_dead_pid_is_no_match() {
    let dead = dead_pid();
    let table = Answer::to(&["-p", &dead, "-o", "pid,args"]);
    assert_eq!(table.code, Some(1), "{table:?}");
    assert_eq!(table.out.split_whitespace().collect::<Vec<_>>(), ["PID", "COMMAND"], "header");
    let document = Answer::to(&["-p", &dead, "--json"]);
    assert_eq!(document.code, Some(1), "{document:?}");
    assert!(document.out.contains("\"processes\":[]"), "{document:?}");
    let own = std::process::id().to_string();
    let both = Answer::to(&["-p", &format!("{dead},{own}"), "-o", "pid", "--no-headers"]);
    assert_eq!(both.line().trim(), own, "the living one of two");
}

fn a_filter_that_matches_nothing() {
    let own = std::process::id().to_string();
    for filters in [["ppid=0", "state=X"], ["comm=no such name", "pid=1"]] {
        let answer = Answer::to(&["-p", &own, "--filter", filters[0], "--filter", filters[1]]);
        assert_eq!(answer.code, Some(1), "{filters:?}: {answer:?}");
    }
}

fn an_unknown_column_is_quoted_and_others_are_near() {
    for (list, unknown, near) in [
        ("pid,comma", "comma", "comm"),
        ("usr", "usr", "user"),
        ("pid hpidd", "hpidd", "hpid"),
        ("pid,%X", "%X", ""),
        ("PID", "PID", "pid"),
        ("pid,nonesuch=Name", "nonesuch", ""),
        ("seccom", "seccom", "seccomp"),
    ] {
        for arguments in [["-o", list], ["--format", list]] {
            let errors = refused(&arguments, 2);
            let quoted = ['"', '`', '\''].iter().any(|q| errors.contains(&format!("{q}{unknown}")));
            assert!(quoted, "{unknown} in quotes: {errors}");
            let told = errors.replacen(unknown, "", 1);
            assert!(told.contains(near), "`{near}` should be suggested: {errors}");
        }
    }
    for arguments in [["--sort", "-rsss"], ["--filter", "usr=root"]] {
        let errors = refused(&arguments, 2);
        assert!(errors.contains("rss") || errors.contains("user"), "{errors}");
    }
}

fn wrong_values() {
    for (arguments, word) in [
        (["-p", "one"], "one"),
        (["-p", "1,x2"], "x2"),
        (["-p", "-5"], "-5"),
        (["-p", "99999999999999999999"], "99999999999999999999"),
        (["--filter", "user"], "user"),
        (["--filter", "=root"], ""),
        (["--time-style", "swiss"], "swiss"),
        (["--color", "blue"], "blue"),
        (["--backend", "magic"], "magic"),
        (["--container", ""], "container"),
        (["--no-such-flag", "--json"], "--no-such-flag"),
        (["stray", "--json"], "stray"),
    ] {
        let errors = refused(&arguments, 2);
        assert!(errors.contains(word), "{arguments:?}: {errors}");
    }
    let errors = refused(&["-o", "\u{1b}[31m\n"], 2);
    assert!(!errors.trim_end().contains(char::is_control), "raw control bytes: {errors:?}");
}

fn join_needs_pids() {
    let errors = refused(&["--join"], 2);
    assert!(errors.contains("-p") || errors.contains("--pids"), "{errors}");
    refused(&["--fill-mappings"], 2);
}

/// psgo's, and what its users asked for beyond.
const EXPECTED: &str = "
    args capamb capbnd capeff capinh capprm comm etime group groups hgroup hgroups hpid huid
    huser label nice pcpu pgid pid ppid rgroup rss ruser seccomp state stime time tty uid
    user vsz container cgroup exe cwd start vpid sid threads nnp seccompfilters capall ruid
    rgid gid pidns mntns netns userns utsns ipcns cgroupns timens";

fn the_list_of_columns() {
    let answer = Answer::to(&["--list"]);
    let names: Vec<_> = answer.line().split(", ").collect();
    assert!(names.is_sorted(), "{names:?}");
    for name in EXPECTED.split_whitespace() {
        assert!(names.contains(&name), "`{name}` is not listed");
    }
    // Each can be asked for, all at once.
    let own = std::process::id().to_string();
    let all = names.join(",");
    assert_eq!(Answer::to(&["-p", &own, "-o", &all]).code, Some(0), "all columns");
}

fn a_full_disk() {
    for form in [&["-o", "pid"][..], &["--json"], &["--list"]] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let mut command = ps(form);
        let child = command.stdout(Stdio::from(full)).stderr(Stdio::piped()).spawn();
        let ended = child.expect("a start").wait_with_output().expect("an end");
        let errors = String::from_utf8(ended.stderr).expect("UTF-8");
        assert_eq!(ended.status.code(), Some(1), "{form:?}: {errors}");
        assert_eq!(errors.lines().count(), 1, "{form:?}: {errors}");
        assert!(errors.starts_with("observer: "), "{form:?}: {errors}");
    }
}

fn a_reader_that_has_gone() {
    let own = std::process::id().to_string();
    for form in [&["-o", "pid"][..], &["--json", "-p", &own], &["--list"]] {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let mut command = ps(form);
        command.stdout(Stdio::from(writer)).stderr(Stdio::piped());
        let mut started = Started::new(&mut command);
        let stderr = started.child.stderr.take().expect("a pipe");
        drop(command);
        started.reap_within(soon());
        let errors = std::io::read_to_string(stderr).expect("UTF-8");
        assert_eq!(errors, "", "{form:?}");
    }
}

fn what_is_verbose_goes_to_stderr() {
    let own = std::process::id().to_string();
    let quiet = Answer::to(&["-p", &own, "-o", "pid,comm"]);
    let verbose = Answer::to(&["-p", &own, "-o", "pid,comm", "-v"]);
    assert_eq!((verbose.code, &verbose.out), (Some(0), &quiet.out));
    assert!(verbose.errors.starts_with("observer: "), "{}", verbose.errors);
}
