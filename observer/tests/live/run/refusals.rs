//! What is not run, and the codes and words for it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::command::{LOSSY, answer, answer_of, bare_run, complaint, run};
use crate::support::harness::{Case, cases};
use crate::support::need::{bpf, root};
use crate::support::program::observer_by_descriptor;
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            what_is_not_there_is_127,
            what_cannot_be_executed_is_126,
            a_file_without_an_interpreter_is_the_shells,
            lost_events_with_strict_are_125,
        }
        Host [] {
            what_makes_no_sense_is_125,
            help_is_no_failure,
        }
        Host [root] {
            nobody_runs_nothing,
            without_a_source_nothing_is_run,
        }
    ]
}

fn what_is_not_there_is_127() {
    for name in ["no-such-program-here", "/no/such/file", ""] {
        let answer = answer(&[], &[name]);
        let line = complaint(&answer, 127);
        assert!(line.contains(&format!("`{name}`")) && line.contains("not found"), "{line}");
    }
    let escape = answer(&[], &["\u{1b}[31m\n"]);
    assert!(!complaint(&escape, 127).contains(char::is_control), "{escape:?}");
}

fn script(folder: &Path, name: &str, text: &str, mode: u32) -> String {
    let path = folder.join(name);
    let mut file = fs::File::create(&path).expect("a file");
    file.write_all(text.as_bytes()).expect("a script");
    file.set_permissions(fs::Permissions::from_mode(mode)).expect("a mode");
    path.to_str().expect("UTF-8").to_owned()
}

fn what_cannot_be_executed_is_126() {
    let folder = TempDir::new().expect("a folder");
    let plain = script(folder.path(), "plain", "#!/bin/sh\n", 0o644);
    let place = folder.path().to_str().expect("UTF-8");
    for name in [&plain, place] {
        let answer = answer(&[], &[name]);
        assert!(complaint(&answer, 126).contains(name), "{answer:?}");
    }
}

fn a_file_without_an_interpreter_is_the_shells() {
    let folder = TempDir::new().expect("a folder");
    let path = script(folder.path(), "nobodys-script", "echo \"$#: $1\"; exit 5\n", 0o755);
    let by_path = answer(&[], &[&path, "a b"]);
    assert_eq!((by_path.code, by_path.out.as_str()), (Some(5), "1: a b\n"), "{by_path:?}");
    let mut command = run(&[], &["nobodys-script", "a b"]);
    let path = std::env::var("PATH").expect("a path");
    command.env("PATH", format!("{path}:{}", folder.path().display()));
    let by_name = answer_of(&mut command);
    assert_eq!((by_name.code, by_name.out.as_str()), (Some(5), "1: a b\n"), "{by_name:?}");
}

fn what_makes_no_sense_is_125() {
    for options in [
        &[][..],
        &["--"],
        &["--bogus"],
        &["--for", "soon", "--", "echo", "run"],
        &["--json", "--", "echo", "run"],
        &["--ring", "5", "--", "echo", "run"],
        &["--backend", "magic", "--", "echo", "run"],
        &["--output", "/no/such/folder/x", "--", "echo", "run"],
        &["--output", "/", "--", "echo", "run"],
    ] {
        let answer = answer_of(&mut bare_run(options));
        complaint(&answer, 125);
        assert_eq!(answer.out, "", "{options:?}: it was run");
    }
}

fn help_is_no_failure() {
    let answer = answer_of(&mut bare_run(&["--help"]));
    assert_eq!((answer.code, answer.errors.as_str()), (Some(0), ""), "{answer:?}");
    for word in ["--output", "--until-exit", "125", "126", "127", "128"] {
        assert!(answer.out.contains(word), "{word}: {}", answer.out);
    }
}

fn nobody_runs_nothing() {
    let (mut command, _program) = observer_by_descriptor(&["run", "--", "echo", "run"]);
    sys::before_exec(&mut command, become_nobody);
    let answer = answer_of(&mut command);
    let line = complaint(&answer, 125);
    assert!(line.contains("CAP_BPF") && line.contains("doctor"), "{line}");
    assert_eq!(answer.out, "", "it was run");
}

fn without_a_source_nothing_is_run() {
    let mut command = bare_run(&["--bpf-object", "/dev/null", "--", "echo", "run"]);
    let answer = answer_of(&mut command);
    assert_eq!((answer.code, answer.out.as_str()), (Some(125), ""), "{answer:?}");
}

fn lost_events_with_strict_are_125() {
    let lost = answer(&["--output", "/dev/null", "--ring", "4096", "--strict"], &LOSSY);
    assert!(complaint(&lost, 125).contains("--ring"), "{lost:?}");
    assert_eq!(answer(&["--output", "/dev/null", "--ring", "4096"], &LOSSY).code, Some(3));
    let strict = ["--output", "/dev/null", "--strict"];
    assert_eq!(answer(&strict, &["sh", "-c", "/bin/true; exit 3"]).code, Some(3));
}
