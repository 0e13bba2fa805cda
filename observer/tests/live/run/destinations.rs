//! Where the report goes, and that nobody loses an older one for a run that came to nothing.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;

use tempfile::TempDir;

use super::command::{answer, answer_of, complaint, plain};
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::program::observer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            to_stderr_by_default,
            as_many_files_as_are_asked_for,
            an_older_report_stays_until_the_end,
            nothing_lies_beside_while_the_command_runs,
            a_descriptor_and_a_pipe,
            what_cannot_be_written_at_the_end_is_125,
            no_escape_reaches_a_terminal,
            arguments_are_cut_only_on_a_terminal,
            no_colour_unless_asked_for,
        }
    ]
}

fn to_stderr_by_default() {
    let answer = answer(&[], &["sh", "-c", "echo out; echo errors >&2; exit 3"]);
    assert_eq!((answer.code, answer.out.as_str()), (Some(3), "out\n"));
    let report = answer.errors.strip_prefix("errors\n").expect("the command's before ours");
    assert!(report.contains("sh -c"), "{report}");
}

fn path(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().expect("UTF-8").to_owned()
}

fn as_many_files_as_are_asked_for() {
    let folder = TempDir::new().expect("a folder");
    let [html, json, text] = ["a.html", "b.json", "c"].map(|name| path(&folder, name));
    let options = ["--output", &html, "--output", &json, "--output", &text];
    let answer = answer(&options, &["sh", "-c", "exit 3"]);
    assert_eq!((answer.code, answer.errors.as_str()), (Some(3), ""));
    let [html, json, text] = [html, json, text].map(|name| fs::read_to_string(name).expect("it"));
    assert!(html.to_lowercase().starts_with("<!doctype html>"), "{html}");
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["v"], 1);
    assert!(text.contains("sh -c"), "{text}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 3);
}

fn an_older_report_stays_until_the_end() {
    let folder = TempDir::new().expect("a folder");
    let [file, link] = ["report", "link"].map(|name| path(&folder, name));
    fs::write(&file, "the older one\n").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o604)).expect("a mode");
    symlink("report", &link).expect("a link");
    let kept = answer(&["--output", &link], &["no-such-program-here"]);
    assert_eq!(kept.code, Some(127));
    assert_eq!(fs::read_to_string(&file).expect("it"), "the older one\n");
    let shown = answer(&["--output", &link], &["cat", &file]);
    assert_eq!(shown.out, "the older one\n", "while it runs");
    assert_ne!(fs::read_to_string(&file).expect("it"), "the older one\n");
    assert_eq!(fs::metadata(&file).expect("it").permissions().mode() & 0o777, 0o604);
    assert!(Path::new(&link).is_symlink());
}

fn nothing_lies_beside_while_the_command_runs() {
    let folder = TempDir::new().expect("a folder");
    let list = ["ls", "-A", folder.path().to_str().expect("UTF-8")];
    assert_eq!(answer(&["--output", &path(&folder, "report")], &list).out, "");
    assert_eq!(answer(&["--output", "/dev/null"], &list).out, "report\n");
}

fn a_descriptor_and_a_pipe() {
    let folder = TempDir::new().expect("a folder");
    let file = path(&folder, "all");
    let observer = observer();
    let run = |output: &str| format!("{} run --output {output} -- echo run", observer.display());
    // To what was opened before us the report is added.
    let script =
        format!("exec 3>{file}; echo before >&3; {}; echo after >&3", run("/proc/self/fd/3"));
    assert_eq!(answer_of(&mut plain(&["sh", "-c", &script])).code, Some(0));
    let text = fs::read_to_string(&file).expect("a file");
    assert!(text.starts_with("before\n") && text.contains("echo run"), "{text}");
    let script = format!("{} 3>&1 >/dev/null | cat", run("/proc/self/fd/3"));
    let piped = answer_of(&mut plain(&["sh", "-c", &script]));
    assert!(piped.out.contains("echo run"), "{piped:?}");
    let own = answer(&["--output", "-"], &["echo", "run"]);
    assert!(own.out.starts_with("run\n") && own.out.contains("echo run"), "{own:?}");
    assert_eq!(own.errors, "");
}

fn what_cannot_be_written_at_the_end_is_125() {
    let full = answer(&["--output", "/dev/full"], &["sh", "-c", "exit 3"]);
    assert!(complaint(&full, 125).contains("/dev/full"), "{full:?}");
    let folder = TempDir::new().expect("a folder");
    let inner = path(&folder, "inner");
    fs::create_dir(&inner).expect("a folder");
    let gone = answer(&["--output", &format!("{inner}/report")], &["rmdir", &inner]);
    assert!(complaint(&gone, 125).contains("inner/report"), "{gone:?}");
}

fn no_escape_reaches_a_terminal() {
    let hostile = "\u{1b}]0;title\u{7}\r\nforged";
    let told = answer(&[], &["true", hostile]);
    let raw = |text: &str| text.contains(['\u{1b}', '\u{7}', '\r']);
    assert!(!raw(&told.errors) && told.errors.contains("forged"), "{:?}", told.errors);
}

fn arguments_are_cut_only_on_a_terminal() {
    let long = "word".repeat(300);
    assert!(answer(&[], &["true", &long]).errors.contains(&long));
}

fn no_colour_unless_asked_for() {
    let escapes = |options: &[&str]| answer(options, &["false"]).errors.contains("\u{1b}[");
    assert!(!escapes(&[]));
    assert!(escapes(&["--color", "always"]));
    assert!(!escapes(&["--color", "never"]));
}
