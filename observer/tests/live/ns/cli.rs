//! The command line of `observer ns`: exit codes, messages, what is asked for and what is shown.

use super::document::{Document, ns, told};
use super::scene::{Keeper, Nest};
use super::truth::{self, Space};
use crate::support::child::{Started, act};
use crate::support::harness::{Case, cases};
use crate::support::need::root;
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] {
            columns_have_lsnss_names_in_either_case,
            every_column_that_is_listed_can_be_asked_for,
            what_is_unknown_is_quoted_and_others_are_near,
            headers_may_be_left_out,
            nobody_of_that_pid,
            options_with_a_blank_or_without,
        }
        Host [root] {
            only_the_kinds_that_are_asked_for,
            only_those_of_a_process,
            what_differs_from_the_first_process,
        }
    ]
}

fn refused(arguments: &[&str], code: i32) -> String {
    let Answer { code: got, out, errors } = Answer::of(&mut ns(arguments));
    assert_eq!((got, out.as_str()), (Some(code), ""), "{arguments:?}: {errors}");
    let own: Vec<_> = errors.lines().filter(|line| line.starts_with("observer: ")).collect();
    assert_eq!(own.len(), errors.lines().count(), "{arguments:?}: {errors}");
    errors
}

/// Of lsns 2.38.
const LSNS: [&str; 13] = [
    "NS", "TYPE", "PATH", "NPROCS", "PID", "PPID", "COMMAND", "UID", "USER", "NETNSID", "NSFS",
    "PNS", "ONS",
];

fn columns_have_lsnss_names_in_either_case() {
    let upper = LSNS.join(",");
    let lower = upper.to_lowercase();
    for list in [upper, lower, LSNS.join(" ")] {
        let out = told(&["-o", &list]);
        let header = out.lines().next().expect("a header");
        assert_eq!(header.split_whitespace().collect::<Vec<_>>(), LSNS, "{list}");
    }
}

fn every_column_that_is_listed_can_be_asked_for() {
    let list = told(&["--list"]);
    let names: Vec<_> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    for name in LSNS {
        assert!(names.contains(&name.to_lowercase().as_str()), "no {name} in {names:?}");
    }
    for name in names {
        let out = told(&["-o", name]);
        let inodes = told(&["-o", "ns"]);
        assert!(out.lines().count() > 8 && inodes.lines().count() > 8, "{name}: {out}");
    }
}

fn what_is_unknown_is_quoted_and_others_are_near() {
    for (arguments, unknown, near) in [
        (["-o", "ns,nproc"], "nproc", "nprocs"),
        (["-o", "NETNS"], "NETNS", "netnsid"),
        (["-o", "usr"], "usr", "user"),
        (["-o", "zzzz"], "zzzz", "--list"),
        (["--kind", "network"], "network", "net"),
        (["--kind", "pid,mount"], "mount", "mnt"),
        (["--tree", "usr"], "usr", "user"),
    ] {
        let Answer { code, out, errors } = Answer::of(&mut ns(&arguments));
        assert_eq!((code, out.as_str()), (Some(2), ""), "{arguments:?}: {errors}");
        let quoted = ['"', '`', '\''].iter().any(|q| errors.contains(&format!("{q}{unknown}{q}")));
        assert!(quoted, "{unknown} in quotes: {errors}");
        assert!(errors.replacen(unknown, "", 1).contains(near), "`{near}` is near: {errors}");
    }
    for arguments in [["-o", "\u{1b}[31m\n"], ["--kind", "\u{1b}[31m\n"]] {
        let errors = refused(&arguments, 2);
        assert!(!errors.trim_end().contains(char::is_control), "raw control bytes: {errors:?}");
    }
    for arguments in [["-p", "one"], ["-p", "-5"], ["--no-such-flag", "--json"]] {
        let answer = Answer::of(&mut ns(&arguments));
        assert_eq!(answer.code, Some(2), "{arguments:?}: {answer:?}");
    }
}

fn headers_may_be_left_out() {
    for layout in [&["-o", "ns,type"][..], &["--tree", "pid"], &[]] {
        let with = told(layout);
        let without = told(&[layout, &["--no-headers"]].concat());
        assert!(with.starts_with("NS "), "{with}");
        assert!(!without.contains("TYPE") && without.starts_with('4'), "{without}");
        assert_eq!(with.lines().count(), without.lines().count() + 1, "{layout:?}");
    }
}

fn only_the_kinds_that_are_asked_for() {
    let nest = Nest::start();
    let own = |kind| Space::of(nest.processes[2], kind).expect("its own");
    for arguments in [["--kind", "ipc,mnt"], ["-t", "ipc,mnt"], ["--type", "ipc,mnt"]] {
        let document = Document::with(&arguments);
        let kinds: Vec<_> = document.rows().map(|row| row.space().kind).collect();
        assert!(kinds.iter().all(|kind| ["ipc", "mnt"].contains(&kind.as_str())), "{kinds:?}");
        document.row(&own("ipc"));
        document.row(&own("mnt"));
    }
    let twice = Document::with(&["--kind", "uts", "--kind", "net"]);
    assert!(twice.rows().any(|row| row.space().kind == "uts"));
    assert!(twice.rows().any(|row| row.space().kind == "net"));
}

fn only_those_of_a_process() {
    let nest = Nest::start();
    for pid in nest.pids() {
        let document = Document::with(&["-p", &pid.to_string()]);
        let mut expected = Space::all_of(pid);
        expected.sort();
        let told: Vec<_> = document.rows().map(super::document::Row::space).collect();
        assert_eq!(told, expected, "namespaces of process {pid}");
    }
    let pid = nest.zombie.to_string();
    assert_eq!(Space::all_of(nest.zombie).len(), 2, "a zombie has left the others");
    let none = Answer::of(&mut ns(&["-p", &pid, "--kind", "net", "--json"]));
    assert_eq!(none.code, Some(1), "nothing matches: {none:?}");
}

fn nobody_of_that_pid() {
    let started = Started::new(&mut act(&["exit", "0"]));
    let pid = started.pid().to_string();
    started.reap();
    for arguments in [&["-p", &pid][..], &["-p", &pid, "--json"], &["-p", &pid, "-o", "ns"]] {
        let errors = refused(arguments, 1);
        assert!(errors.contains(&pid) && errors.contains("no process"), "{errors}");
    }
}

fn what_differs_from_the_first_process() {
    let keeper = Keeper::start(&["mount"]);
    let own = Space::of(keeper.pid(), "mnt").expect("its own").inode.to_string();
    let out = told(&["--mine", "-p", &keeper.pid().to_string(), "--no-headers"]);
    assert_eq!(out.lines().count(), 8, "{out}");
    for line in out.lines() {
        let cells: Vec<_> = line.split_whitespace().collect();
        let is_own = cells[0] == own;
        assert_eq!(cells[2], if is_own { "no" } else { "yes" }, "mine: {line}");
        // In a sandbox the first process may be closed even to root.
        let first = Space::of(1, cells[1]).map(|space| space.inode.to_string());
        let init = first.map_or("?", |first| if first == cells[0] { "yes" } else { "no" });
        assert_eq!(cells[3], init, "init: {line}");
    }
    let out = told(&["--mine", "--no-headers", "-o", "ns"]);
    let mut told: Vec<u64> =
        out.lines().map(|line| line.trim().parse().expect("a number")).collect();
    let mut expected: Vec<_> = truth::KINDS
        .iter()
        .map(|kind| Space::of(std::process::id(), kind).expect("own").inode)
        .collect();
    told.sort_unstable();
    expected.sort_unstable();
    assert_eq!(told, expected, "ours are the program's");
}

fn options_with_a_blank_or_without() {
    let with = told(&["--tree", "pid", "-o", "ns,type"]);
    for arguments in [["--tree=pid", "-ons,type"], ["-Tpid", "--columns=ns,type"]] {
        let out = told(&arguments);
        assert_eq!(out.lines().next(), with.lines().next(), "{arguments:?}");
        let kinds: Vec<_> = out.lines().skip(1).map(|line| line.ends_with("pid")).collect();
        assert!(!kinds.is_empty() && kinds.iter().all(|is_pid| *is_pid), "{out}");
    }
}
