//! `observer ns`, run once and read. The only place here that knows the shape of its document.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::Value;

use super::truth::Space;
use crate::support::program::{Answer, observer_with};

/// `observer ns`.
pub(super) fn ns(arguments: &[&str]) -> Command {
    observer_with(&[&["ns"], arguments].concat())
}

/// What it says, of root's whole machine.
pub(super) fn told(arguments: &[&str]) -> String {
    let Answer { code, out, errors } = Answer::of(&mut ns(arguments));
    assert_eq!(code, Some(0), "{arguments:?}: {errors}");
    out
}

/// A document of `observer ns --json`.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) value: Value,
    rows: BTreeMap<Space, Row>,
    pub(super) errors: String,
}

/// One namespace in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row(pub(super) Value);

impl Document {
    /// All that there are.
    pub(super) fn deep() -> Self {
        Self::with(&["--deep"])
    }

    pub(super) fn with(arguments: &[&str]) -> Self {
        Self::of(ns(&["--json"]).args(arguments))
    }

    pub(super) fn of(command: &mut Command) -> Self {
        Self::answered(Answer::of(command))
    }

    pub(super) fn answered(answer: Answer) -> Self {
        let Answer { code, out, errors } = answer;
        assert_eq!(code, Some(0), "stderr: {errors}");
        let value: Value = serde_json::from_str(&out)
            .unwrap_or_else(|error| panic!("not one JSON document ({error}): {out}"));
        assert_eq!(value["v"], 1, "version of the schema");
        let list = value["namespaces"].as_array().expect("namespaces");
        let rows: Vec<_> = list.iter().cloned().map(Row).collect();
        let count = rows.len();
        let rows: BTreeMap<_, _> = rows.into_iter().map(|row| (row.space(), row)).collect();
        assert_eq!(rows.len(), count, "a namespace stands twice: {rows:?}");
        Self { value, rows, errors }
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(super) fn get(&self, space: &Space) -> Option<&Row> {
        self.rows.get(space)
    }

    pub(super) fn row(&self, space: &Space) -> &Row {
        self.get(space).unwrap_or_else(|| panic!("no row of {space:?}"))
    }

    /// How many processes may not be known.
    pub(super) fn unreadable(&self) -> usize {
        let count = self.value["unreadable"].as_u64().expect("a number");
        usize::try_from(count).expect("a count")
    }

    /// Those that the program itself is in.
    pub(super) fn own(&self) -> Vec<&Row> {
        self.rows().filter(|row| row.0["mine"] == true).collect()
    }
}

impl Row {
    pub(super) fn space(&self) -> Space {
        let kind = self.0["kind"].as_str().expect("a kind").to_owned();
        Space { kind, inode: self.0["inode"].as_u64().expect("an inode number") }
    }

    /// Inode number of a relative.
    pub(super) fn relative(&self, name: &str) -> Option<u64> {
        let id = self.0.get(name)?.as_str().expect("an identity");
        let number = id.split(':').nth(1).expect("a kind and a number");
        Some(number.split('#').next().and_then(|text| text.parse().ok()).expect("a number"))
    }

    /// A number, which stands as a string when it is large.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        let value = self.0.get(name)?;
        value.as_u64().or_else(|| value.as_str()?.parse().ok())
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        let pids = self.0["pids"].as_array().expect("pids").iter();
        pids.map(|pid| pid.as_u64().and_then(|pid| u32::try_from(pid).ok()).expect("a pid"))
            .collect()
    }

    /// Ranges of a map: inside, outside, count.
    pub(super) fn map(&self, name: &str) -> Option<Vec<[u64; 3]>> {
        let ranges = self.0.get(name)?.as_array().expect("ranges").iter();
        let number = |range: &Value, name: &str| range[name].as_u64().expect("a number");
        let range = |range| ["inside", "outside", "count"].map(|name| number(range, name));
        Some(ranges.map(range).collect())
    }

    pub(super) fn held_by(&self) -> &Vec<Value> {
        self.0["held_by"].as_array().expect("holders")
    }
}
