//! The report as JSON, read. The only place here that knows its shape.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::command::{answer_of, run};
use crate::support::program::Answer;

/// A report, and what was said beside.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Value,
    pub(super) answer: Answer,
}

/// One process in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a>(pub(super) &'a Value);

impl Document {
    /// Of a command that is run with these options.
    pub(super) fn with(options: &[&str], command: &[&str]) -> Self {
        Self::adapted(options, command, |_| {})
    }

    /// The document of a run with something else about the program.
    pub(super) fn adapted(
        options: &[&str],
        command: &[&str],
        adapt: impl FnOnce(&mut Command),
    ) -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("report.json");
        let output = ["--output", file.to_str().expect("UTF-8")];
        let mut run = run(&[&output, options].concat(), command);
        adapt(&mut run);
        let answer = answer_of(&mut run);
        let text = fs::read(&file).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
        let value = serde_json::from_slice(&text).unwrap_or_else(|error| {
            panic!("{error}: {}, {answer:?}", String::from_utf8_lossy(&text))
        });
        Self { value, answer }
    }

    pub(super) fn of(command: &[&str]) -> Self {
        Self::with(&[], command)
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.value["processes"].as_array().expect("processes").iter().map(Row)
    }

    pub(super) fn pids(&self) -> BTreeSet<u32> {
        self.rows().map(Row::pid).collect()
    }

    pub(super) fn of_pid(&self, pid: u32) -> Row<'_> {
        let mut found = self.rows().filter(|row| row.pid() == pid);
        let row = found.next().unwrap_or_else(|| panic!("no process {pid} in {}", self.value));
        assert!(found.next().is_none(), "process {pid} twice in {}", self.value);
        row
    }

    /// The only one that ran this as its last program.
    pub(super) fn running(&self, arguments: &[&str]) -> Row<'_> {
        let mut found = self
            .rows()
            .filter(|row| row.execs().last().is_some_and(|last| last.iter().eq(arguments.iter())));
        let row = found.next().unwrap_or_else(|| panic!("no {arguments:?} in {}", self.value));
        assert!(found.next().is_none(), "{arguments:?} twice in {}", self.value);
        row
    }

    pub(super) fn total(&self, name: &str) -> u64 {
        self.value["totals"][name].as_u64().unwrap_or_else(|| panic!("{name} in {}", self.value))
    }
}

impl<'a> Row<'a> {
    pub(super) fn pid(self) -> u32 {
        let pid = self.0["process"]["pid"].as_u64().expect("a pid");
        u32::try_from(pid).expect("a pid")
    }

    pub(super) fn text(self, pointer: &str) -> &'a str {
        let text = self.0.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text {pointer} in {}", self.0))
    }

    pub(super) fn id(self) -> &'a str {
        self.text("/process/id")
    }

    /// Of nanoseconds, which may stand as text.
    pub(super) fn number(self, pointer: &str) -> u64 {
        let value = self.0.pointer(pointer);
        let number =
            value.and_then(|value| value.as_u64().or_else(|| value.as_str()?.parse().ok()));
        number.unwrap_or_else(|| panic!("no number {pointer} in {}", self.0))
    }

    /// The arguments of each program that it started.
    pub(super) fn execs(self) -> Vec<Vec<&'a str>> {
        let execs = self.0["execs"].as_array().map_or(&[][..], Vec::as_slice);
        let words = |exec: &'a Value| -> Vec<&'a str> {
            let words = exec["command_args"].as_array().expect("arguments");
            words.iter().map(|word| word.as_str().expect("text")).collect()
        };
        execs.iter().map(words).collect()
    }

    /// `code` or `signal`, and its number.
    pub(super) fn exit(self, kind: &str) -> Option<u64> {
        self.0["process"]["exit"][kind].as_u64()
    }
}
