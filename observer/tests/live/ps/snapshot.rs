//! `observer ps`, run once and read. The only place here that knows the shape of its document.

use std::collections::BTreeSet;
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::truth::Life;
use crate::support::program::{Answer, observer_with};

/// `observer ps`.
pub(super) fn ps(arguments: &[&str]) -> Command {
    observer_with(&[&["ps"], arguments].concat())
}

impl Answer {
    pub(super) fn to(arguments: &[&str]) -> Self {
        Self::of(&mut ps(arguments))
    }
}

/// A document of `observer ps --json`.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) document: Value,
    pub(super) rows: Vec<Row>,
    pub(super) errors: String,
}

/// One process in it.
#[derive(Clone, Debug)]
pub(super) struct Row(Value);

impl Snapshot {
    /// All processes, with these columns.
    pub(super) fn take(columns: &str) -> Self {
        Self::with(&["-o", columns])
    }

    pub(super) fn with(arguments: &[&str]) -> Self {
        Self::of(ps(&["--json"]).args(arguments))
    }

    pub(super) fn of(command: &mut Command) -> Self {
        let Answer { code, out, errors } = Answer::of(command);
        assert_eq!(code, Some(0), "stderr: {errors}");
        Self::parse(&out, errors)
    }

    pub(super) fn parse(text: &str, errors: String) -> Self {
        let document: Value = serde_json::from_str(text).unwrap_or_else(|error| {
            panic!(
                "not one JSON document ({error}): {}",
                text.chars().take(400).collect::<String>()
            )
        });
        let list = document["processes"].as_array().expect("processes").clone();
        Self { document, rows: list.into_iter().map(Row).collect(), errors }
    }

    /// The one row of a process.
    pub(super) fn row(&self, pid: u32) -> &Row {
        let rows: Vec<_> = self.rows.iter().filter(|row| row.pid() == pid).collect();
        assert_eq!(rows.len(), 1, "rows of process {pid}: {rows:?}");
        rows[0]
    }

    /// Every process once, or it fails.
    pub(super) fn lives(&self) -> BTreeSet<Life> {
        let mut lives = BTreeSet::new();
        let mut pids = BTreeSet::new();
        for row in &self.rows {
            let life = row.life();
            assert!(pids.insert(life.pid), "process {} stands twice", life.pid);
            lives.insert(life);
        }
        lives
    }
}

impl Row {
    pub(super) fn field(&self, pointer: &str) -> Option<&Value> {
        self.0.pointer(pointer)
    }

    pub(super) fn text(&self, pointer: &str) -> &str {
        let text = self.field(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text {pointer} in {self:?}"))
    }

    pub(super) fn number(&self, pointer: &str) -> u64 {
        let number = self.field(pointer).and_then(Value::as_u64);
        number.unwrap_or_else(|| panic!("no number {pointer} in {self:?}"))
    }

    pub(super) fn pid(&self) -> u32 {
        u32::try_from(self.number("/process/pid")).expect("a pid")
    }

    /// As its identity has it: boot, pid, start.
    pub(super) fn life(&self) -> Life {
        let id = self.text("/process/id");
        let parts: Vec<_> = id.split('-').collect();
        assert_eq!(parts.len(), 3, "identity {id}");
        let life = Life {
            pid: parts[1].parse().expect("a pid"),
            start: parts[2].parse().expect("clock ticks"),
        };
        assert_eq!(life.pid, self.pid(), "pid in the identity {id}");
        life
    }

    /// The text of a column.
    pub(super) fn cell(&self, column: &str) -> &str {
        let cell = self.0["columns"].get(column).and_then(Value::as_str);
        cell.unwrap_or_else(|| panic!("no column {column} in {self:?}"))
    }

    /// The name, byte for byte.
    pub(super) fn comm(&self) -> Vec<u8> {
        match self.field("/process/raw/comm") {
            Some(raw) => decoded(raw),
            None => self.text("/process/comm").as_bytes().to_vec(),
        }
    }

    /// The argument list, byte for byte.
    pub(super) fn arguments(&self) -> Vec<Vec<u8>> {
        let lossy = self.field("/process/command_args").and_then(Value::as_array);
        let lossy = lossy.unwrap_or_else(|| panic!("no arguments in {self:?}"));
        let Some(raw) = self.field("/process/raw/command_args") else {
            let text = |value: &Value| value.as_str().expect("text").as_bytes().to_vec();
            return lossy.iter().map(text).collect();
        };
        let raw = raw.as_array().expect("a list");
        assert_eq!(raw.len(), lossy.len(), "raw and lossy arguments");
        raw.iter().map(decoded).collect()
    }
}

fn decoded(value: &Value) -> Vec<u8> {
    let text = value.as_str().expect("base64");
    STANDARD.decode(text).unwrap_or_else(|error| panic!("not base64 ({error}): {text}"))
}
