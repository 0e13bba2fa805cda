//! The JSON of a verification: `{"v":1,"snapshots":…,"agree":true}`.

use std::{borrow::Cow, collections::BTreeMap};

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use crate::render::json::append;

/// What came of comparing snapshots with /proc.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Verification<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Snapshots that were compared.
    pub snapshots: u64,
    /// Processes that were compared, each as often as it was.
    pub processes: u64,
    /// Processes that /proc showed before and after a snapshot that did not, by `process.id`.
    pub missing: Vec<&'a str>,
    /// Processes that only a snapshot showed, by `process.id`.
    pub ghosts: Vec<&'a str>,
    /// The columns by name.
    pub columns: BTreeMap<&'a str, ComparedColumn>,
    /// Cells that differ, the first of each column.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<DifferingCell<'a>>,
    /// Events that were lost meanwhile.
    pub lost: u64,
    /// How often the table was mended after a loss.
    pub repairs: u64,
    /// Snapshots that were not compared, as a loss had just torn the table.
    pub incomplete: u64,
    /// Whether at least one snapshot was compared, and nothing differs.
    pub agree: bool,
}

/// How the cells of a column compared.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct ComparedColumn {
    /// Cells of processes that had not changed.
    pub checked: u64,
    /// Those of them that are not what /proc says.
    pub differ: u64,
}

/// A cell that is not what /proc says.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct DifferingCell<'a> {
    /// The column.
    pub column: &'a str,
    /// The process, by `process.id`.
    pub process: &'a str,
    /// What told the snapshot's value: `table` for events alone, `walk` for a refreshed one.
    pub teller: &'a str,
    /// The snapshot's value, as it is printed.
    pub snapshot: Cow<'a, str>,
    /// What /proc says.
    pub proc: Cow<'a, str>,
}

impl Verification<'_> {
    /// Appends it as one line.
    pub fn write(&self, out: &mut Vec<u8>) {
        if append(out, self) {
            out.push(b'\n');
        }
    }
}
