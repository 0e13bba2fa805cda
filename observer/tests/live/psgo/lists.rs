//! What people type: lists of columns and of pids, and what is said to those who err.

use std::time::Duration;

use super::question::{json_rows, ps, psgo, psgo_rows};
use super::{COLUMNS, UNKNOWN_TO_PEER, peer};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [peer] {
            all_names,
            default_columns,
            codes,
            columns_twice_and_by_both_names,
        }
        Host [] {
            empty_columns_are_passed_over,
            empty_pids_and_blanks_around_pids,
            words_that_are_no_pid,
            nobody_matches,
            unknown_columns,
            join_without_pids,
            maps_without_join,
        }
    ]
}

/// psgo's AIX codes.
const CODES: [(&str, &str); 15] = [
    ("%C", "pcpu"),
    ("%G", "group"),
    ("%P", "ppid"),
    ("%U", "user"),
    ("%a", "args"),
    ("%c", "comm"),
    ("%g", "rgroup"),
    ("%n", "nice"),
    ("%p", "pid"),
    ("%r", "pgid"),
    ("%t", "etime"),
    ("%u", "ruser"),
    ("%x", "time"),
    ("%y", "tty"),
    ("%z", "vsz"),
];

struct Said {
    code: Option<i32>,
    out: String,
    errors: String,
}

fn said(arguments: &[&str]) -> Said {
    let (status, out, errors) = output(&mut ps(arguments), patience(Duration::from_secs(2)));
    Said { code: status.code(), out, errors }
}

/// The words of each line of a table that should be printed.
fn table(arguments: &[&str]) -> Vec<Vec<String>> {
    let said = said(arguments);
    assert_eq!(said.code, Some(0), "{arguments:?}: {}", said.errors);
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    said.out.lines().map(words).collect()
}

fn sleeper() -> (Actor, String) {
    let actor = Actor::new(&mut act(&["pause"]));
    actor.hear("ready");
    let pid = actor.pid().to_string();
    (actor, pid)
}

fn all_names() {
    let (status, theirs, errors) = output(&mut psgo(&["-list"]), patience(Duration::from_secs(2)));
    assert!(status.success(), "{errors}");
    let mut theirs: Vec<_> = theirs.trim().split(", ").collect();
    theirs.extend(UNKNOWN_TO_PEER);
    theirs.sort_unstable();
    assert_eq!(theirs, COLUMNS, "psgo's names");
    assert_eq!(observer::psgo::list_descriptors(), COLUMNS);
    let ours = said(&["--list"]);
    let ours: Vec<_> = ours.out.trim_end().split(", ").collect();
    assert!(ours.is_sorted(), "sorted: {ours:?}");
    assert!(theirs.iter().all(|name| ours.contains(name)), "{theirs:?} among {ours:?}");
}

fn default_columns() {
    let theirs = psgo_rows(&mut psgo(&["-json", "-pids", "1"])).expect("rows");
    let ours = observer::psgo::process_info_by_pids(&["1"], &[]).expect("rows");
    assert_eq!(ours[0], theirs[0]);
    assert_eq!(table(&["-p", "1"])[0], theirs[0]);
}

fn codes() {
    let (_actor, pid) = sleeper();
    for (code, name) in CODES {
        let mut theirs = psgo(&["-json", "-pids", &pid, "-format", code]);
        let theirs = psgo_rows(&mut theirs).expect("rows");
        assert_eq!(table(&["-p", &pid, "-o", code])[0], theirs[0], "header of {code}");
        let rows = json_rows(&mut ps(&["--json", "-p", &pid, "-o", code]));
        assert!(rows[0].contains_key(name), "{code} is {name}: {rows:?}");
    }
}

fn columns_twice_and_by_both_names() {
    let (_actor, pid) = sleeper();
    let list = "pid,%p,comm,pid";
    let mut theirs = psgo(&["-json", "-pids", &pid, "-format", list]);
    let theirs = psgo_rows(&mut theirs).expect("rows");
    let columns: Vec<_> = list.split(',').collect();
    let library = observer::psgo::process_info_by_pids(&[&pid], &columns).expect("rows");
    assert_eq!(library, theirs);
    assert_eq!(table(&["-p", &pid, "-o", list]), theirs);
    let json = json_rows(&mut ps(&["--json", "-p", &pid, "-o", list]));
    assert_eq!(json[0].keys().copied().collect::<Vec<_>>(), ["comm", "pid"], "each once");
}

/// 17: psgo takes an empty word for seventeen columns.
fn empty_columns_are_passed_over() {
    let (_actor, pid) = sleeper();
    for list in ["pid,", ",pid", ",,pid,,", " pid ,", "pid, "] {
        let expected = [vec!["PID".to_owned()], vec![pid.clone()]];
        assert_eq!(table(&["-p", &pid, "-o", list]), expected, "`{list}`");
    }
    for list in [["pid", ""], ["", "pid"], [" pid ", " "]] {
        let rows = observer::psgo::process_info_by_pids(&[&pid], &list).expect("rows");
        assert_eq!(rows, [["PID".to_owned()], [pid.clone()]], "{list:?}");
    }
}

/// 18: psgo drops the one and fails at the other.
fn empty_pids_and_blanks_around_pids() {
    let ((_a, a), (_b, b)) = (sleeper(), sleeper());
    let expected = [["PID"], [a.as_str()], [b.as_str()]];
    for list in
        [format!("{a}, {b}"), format!(" {a},{b} "), format!("{a},,{b},"), format!("{a} {b}")]
    {
        assert_eq!(table(&["-p", &list, "-o", "pid"]), expected, "`{list}`");
    }
    let (blank, empty) = (format!(" {a} "), "");
    let rows = observer::psgo::process_info_by_pids(&[&blank, empty, &b], &["pid"]);
    assert_eq!(rows.expect("rows"), expected);
}

/// 19: psgo pastes them into a path.
fn words_that_are_no_pid() {
    let (_actor, pid) = sleeper();
    let words = ["self", "1/task/1", "..", "-1", "99999999999", &pid];
    let rows = observer::psgo::process_info_by_pids(&words, &["pid"]).expect("rows");
    assert_eq!(rows, [["PID"], [pid.as_str()]]);
    let rows = observer::psgo::join_namespace_and_process_info_by_pids(&words[..5], &["pid"]);
    assert_eq!(rows.expect("rows"), [["PID"]]);
}

/// 20: the header comes all the same.
fn nobody_matches() {
    let gone = Actor::new(&mut act(&["exit", "0"])).dismiss().pid.to_string();
    for join in [&[][..], &["--join"]] {
        let text = said(&[join, &["-p", &gone, "-o", "pid,comm"]].concat());
        assert_eq!(text.code, Some(1), "{}", text.errors);
        let words: Vec<_> = text.out.split_whitespace().collect();
        assert_eq!(words, ["PID", "COMMAND"], "{join:?}");
        let json = said(&[join, &["--json", "-p", &gone, "-o", "pid,comm"]].concat());
        assert_eq!(json.code, Some(1), "{}", json.errors);
        let document: serde_json::Value = serde_json::from_str(&json.out).expect("a document");
        assert_eq!(document["processes"], serde_json::json!([]), "{join:?}");
    }
}

/// One line that says what is wrong, exit status 2, and nothing else.
fn refused(arguments: &[&str]) -> String {
    let said = said(arguments);
    assert_eq!(said.code, Some(2), "{arguments:?}: {}", said.errors);
    assert_eq!(said.out, "", "{arguments:?}: stdout");
    assert_eq!(said.errors.lines().count(), 1, "one line, got: {}", said.errors);
    assert!(said.errors.starts_with("observer: "), "{}", said.errors);
    said.errors
}

fn unknown_columns() {
    for (list, wrong, near) in [
        ("pid,usr", "usr", "user"),
        ("grop", "grop", "group"),
        ("PID", "PID", "pid"),
        ("pid,capef,nonesuch", "capef", "capeff"),
        ("%X", "%X", "--list"),
    ] {
        let errors = refused(&["-o", list]);
        let quoted = [format!("\"{wrong}\""), format!("`{wrong}`"), format!("'{wrong}'")];
        assert!(quoted.iter().any(|name| errors.contains(name)), "`{wrong}` in: {errors}");
        let (_, rest) = errors.split_once(wrong).expect("the name");
        assert!(rest.contains(near), "`{near}` among the nearest in: {errors}");
    }
    let escape = refused(&["-o", "\u{1b}[31m"]);
    assert!(!escape.contains('\u{1b}'), "a raw escape in {escape:?}");
}

/// psgo passes over this mistake and lists the host.
fn join_without_pids() {
    let errors = refused(&["--join"]);
    assert!(errors.contains("-p "), "the missing flag in: {errors}");
}

fn maps_without_join() {
    let errors = refused(&["--fill-mappings"]);
    assert!(errors.contains("--join"), "the missing flag in: {errors}");
}
