//! What people meet: what failed, why, what to do, and the exit status for it.

use std::fs;
use std::time::Duration;

use super::{trace, tracefs};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::perf;
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [perf] {
            a_wrong_filter_is_pointed_at,
            unknown_names,
            unknown_fields,
            no_such_process_or_cgroup,
        }
        EveryKernel [perf] { a_filter_that_only_the_kernel_refuses }
        Host [] { wrong_usage }
        // Elsewhere, whoever loads modules would be warned about one that is not there.
        Guest [perf] { a_module_that_is_not_loaded }
    ]
}

/// All that a refusal prints, after a check of the status.
fn refusal(arguments: &[&str], code: i32) -> String {
    let (status, out, errors) = output(&mut trace(arguments), patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(code), "{arguments:?}: {status:?}, stderr: {errors}");
    assert_eq!(out, "", "{arguments:?}");
    assert!(errors.starts_with("observer: "), "{errors}");
    assert!(errors.contains("; "), "no remedy: {errors}");
    errors
}

/// The one line of it.
fn line(arguments: &[&str], code: i32) -> String {
    let errors = refusal(arguments, code);
    assert_eq!(errors.lines().count(), 1, "{errors}");
    errors
}

#[track_caller]
fn assert_names(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

const SWITCH: &str = "sched:sched_switch";

fn a_wrong_filter_is_pointed_at() {
    for (filter, column, words) in [
        ("prev_pid == 1 and cpu == 0", 14, &["got `and`", "write `&&`"][..]),
        (
            "prev_pdi == 1",
            0,
            &["no field `prev_pdi`", "its fields are `prev_pid`, ", "comm", "cpu"],
        ),
        ("prev_pid ==", 11, &["expected a number, got the end"]),
        ("prev_pid ~ \"1\"", 11, &["`prev_pid` is a number, not text"]),
        ("prev_comm == 1", 13, &["`prev_comm` is text, not a number", "in quotes"]),
        ("prev_comm == sh", 13, &["got `sh`", "write `\"sh\"`"]),
        ("prev_comm < \"sh\"", 10, &["`<`", "write one of `==` `!=` `~`"]),
        ("prev_pid =~ 1", 9, &["expected an operator, got `=~`"]),
        ("(prev_pid == 1", 0, &["never closed"]),
        ("prev_pid == 1)", 13, &["closes nothing"]),
        ("prev_comm == \"sh", 13, &["no end", "close it with \""]),
        ("next_prio == 08", 13, &["`08` is not a 64-bit number", "octal"]),
        ("", 0, &["expected the name of a field"]),
        ("0", 0, &["expected the name of a field, got `0`"]),
        ("prev_comm == \"日本\" or cpu == 0", 20, &["write `||`"]),
        ("prev_pid == 1 && \u{1b}[2J", 17, &[r"\x1b[2J"]),
    ] {
        let errors = refusal(&[SWITCH, "--filter", filter], 2);
        let lines: Vec<_> = errors.lines().collect();
        assert_eq!(lines.len(), 3, "{errors}");
        assert!(lines[0].starts_with("observer: cannot use the filter: "), "{errors}");
        assert_names(lines[0], words);
        assert!(!errors.contains('\u{1b}'), "{errors:?}");
        let caret = format!("  {}^", " ".repeat(column));
        assert_eq!(lines[2], caret, "the caret below {:?}", lines[1]);
    }
    // Of several events the one that does not fit is named.
    let arguments = [SWITCH, "sched:sched_process_exec", "--filter", "prev_pid == 1"];
    assert_names(&refusal(&arguments, 2), &["no field `prev_pid` in `sched:sched_process_exec`"]);
    let errors = refusal(&["syscalls:sys_enter_openat", "--filter", "dfd == -100"], 2);
    assert_names(&errors, &["no sign", "4294967196", "18446744073709551516"]);
}

fn a_filter_that_only_the_kernel_refuses() {
    let errors = line(&[SWITCH, "--filter", "cpu == CPUS{60000}"], 2);
    assert_names(
        &errors,
        &["the kernel refuses the filter `cpu == CPUS{60000}`", SWITCH, "EINVAL"],
    );
}

fn unknown_names() {
    assert_names(&line(&["sched:sched_swich"], 1), &["sched:sched_swich", "did you mean", SWITCH]);
    assert_names(&line(&["sched_switch"], 2), &["system:event", SWITCH]);
    assert_names(&line(&["nonesuch:*"], 1), &["nonesuch:*", "--list"]);
    assert_names(&line(&["sched:[a"], 2), &["sched:[a"]);
    assert_names(&line(&["--list", "nonesuch:*"], 1), &["nonesuch:*"]);
    assert_names(&line(&["--show", "sched:sched_swich"], 1), &[SWITCH]);
    assert_names(&line(&["--count", "sched:sched_swich"], 1), &[SWITCH]);
}

fn unknown_fields() {
    assert_names(&line(&[SWITCH, "--fields", "prev_comm,prev_pdi"], 2), &["prev_pdi", "prev_pid"]);
    let arguments = [SWITCH, "sched:sched_process_exec", "--fields", "prev_pdi"];
    assert_names(&line(&arguments, 2), &["none of the 2 events", "prev_pdi", "prev_pid"]);
    // One event is enough.
    let mut command = trace(&[SWITCH, "sched:sched_process_exec", "--fields", "prev_pid", "-n1"]);
    let (status, _, errors) = output(&mut command, patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(0), "{errors}");
}

fn no_such_process_or_cgroup() {
    assert_names(&line(&[SWITCH, "-p", "4194304"], 1), &["4194304", "no such process"]);
    assert_names(&line(&[SWITCH, "--cgroup", "/nonesuch"], 1), &["/nonesuch"]);
    assert_names(&line(&[SWITCH, "--cgroup", "/proc"], 1), &["/proc", "not a cgroup"]);
}

fn wrong_usage() {
    for arguments in [
        &[][..],
        &["--count"],
        &[SWITCH, "--list"],
        &[SWITCH, "--show", SWITCH],
        &[SWITCH, "--count", "--fields", "prev_pid"],
        &[SWITCH, "-p", "1", "--cgroup", "/"],
        &[SWITCH, "-p", "x"],
        &[SWITCH, "-n", "x"],
        &[SWITCH, "--for", "x"],
        &[SWITCH, "--ring", "1000"],
        &[SWITCH, "--time", "x"],
        &[SWITCH, "--nonesuch"],
    ] {
        line(arguments, 2);
    }
}

/// As if the kernel's folder of modules knew btrfs.
fn a_module_that_is_not_loaded() {
    let known = tracefs().names().expect("names").iter().any(|name| name.system() == "btrfs");
    assert!(!known, "the guest has btrfs");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
    let folder = format!("/lib/modules/{}", release.trim_end());
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(format!("{folder}/modules.order"), "kernel/fs/btrfs/btrfs.ko\n").expect("a file");
    for name in ["btrfs:btrfs_transaction_commit", "btrfs:*"] {
        let words = ["the module `btrfs` is not loaded", "modprobe btrfs", name];
        assert_names(&line(&[name], 1), &words);
    }
    fs::remove_dir_all("/lib/modules").expect("no folder");
}
