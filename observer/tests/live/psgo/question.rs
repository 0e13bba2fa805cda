//! One question about processes, and the three answers to it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use observer::psgo as library;
use serde_json::Value;

use super::{COLUMNS, UNKNOWN_TO_PEER};
use crate::support::machine::patience;
use crate::support::program::{observer_with, output};
use crate::support::sys::boot_ns;

/// Which processes are asked for, always with all columns.
#[derive(Clone, Debug)]
pub(crate) enum Question {
    Machine,
    Pids(Vec<u32>),
    /// The pid namespaces of these.
    Joined(Vec<u32>),
}

/// Cells by column.
pub(crate) type Row = BTreeMap<&'static str, String>;

/// An answer, and the time within which it was given, in nanoseconds since boot.
pub(crate) struct Answer {
    pub(crate) who: &'static str,
    pub(crate) header: Row,
    pub(crate) rows: Vec<Row>,
    pub(crate) began: u64,
    pub(crate) ended: u64,
}

impl Question {
    fn pids(&self) -> &[u32] {
        match self {
            Self::Machine => &[],
            Self::Pids(pids) | Self::Joined(pids) => pids,
        }
    }

    fn list(&self) -> String {
        words(self.pids()).join(",")
    }

    /// psgo 1.7.2 gives up when a process vanishes while it reads: the reason, then.
    pub(crate) fn psgo(&self) -> Result<Answer, String> {
        let columns: Vec<_> =
            COLUMNS.into_iter().filter(|name| !UNKNOWN_TO_PEER.contains(name)).collect();
        let format = columns.join(",");
        let pids = self.list();
        let mut arguments = vec!["-json", "-format", &format];
        if !pids.is_empty() {
            arguments.extend(["-pids", &pids]);
        }
        if matches!(self, Self::Joined(_)) {
            arguments.push("-join");
        }
        let began = boot_ns();
        let table = psgo_rows(&mut psgo(&arguments))?;
        Ok(Answer::of("psgo", &columns, table, began))
    }

    pub(crate) fn program(&self) -> Answer {
        let format = COLUMNS.join(",");
        let pids = self.list();
        let mut arguments = vec!["--json", "-o", &format];
        if !pids.is_empty() {
            arguments.extend(["-p", &pids]);
        }
        if matches!(self, Self::Joined(_)) {
            arguments.push("--join");
        }
        let began = boot_ns();
        let rows = json_rows(&mut ps(&arguments));
        Answer { who: "observer ps", header: Row::new(), rows, began, ended: boot_ns() }
    }

    pub(crate) fn library(&self) -> Answer {
        let pids = words(self.pids());
        let pids: Vec<&str> = pids.iter().map(String::as_str).collect();
        let began = boot_ns();
        let table = match (self, pids.as_slice()) {
            (Self::Machine, _) => library::process_info(&COLUMNS),
            (Self::Pids(_), pids) => library::process_info_by_pids(pids, &COLUMNS),
            (Self::Joined(_), [pid]) => library::join_namespace_and_process_info(pid, &COLUMNS),
            (Self::Joined(_), pids) => {
                library::join_namespace_and_process_info_by_pids(pids, &COLUMNS)
            }
        };
        let table = table.unwrap_or_else(|error| panic!("{self:?}: {error}"));
        Answer::of("observer::psgo", &COLUMNS, table, began)
    }
}

impl Answer {
    /// A table as psgo's library gives it: the header is its first row.
    fn of(
        who: &'static str,
        columns: &[&'static str],
        table: Vec<Vec<String>>,
        began: u64,
    ) -> Self {
        let named = |cells: Vec<String>| -> Row {
            assert_eq!(cells.len(), columns.len(), "{who}: cells of {cells:?}");
            columns.iter().copied().zip(cells).collect()
        };
        let mut rows = table.into_iter().map(named);
        let header = rows.next().unwrap_or_else(|| panic!("{who}: no header"));
        Self { who, header, rows: rows.collect(), began, ended: boot_ns() }
    }
}

pub(crate) fn words(pids: &[u32]) -> Vec<String> {
    pids.iter().map(u32::to_string).collect()
}

/// `observer ps` with the time zone UTC and no user's settings.
pub(crate) fn ps(arguments: &[&str]) -> Command {
    let mut command = observer_with(&[&["ps"], arguments].concat());
    command.env("TZ", "UTC");
    command
}

/// The rows of `observer ps --json`, by column.
pub(crate) fn json_rows(command: &mut Command) -> Vec<Row> {
    let (status, out, errors) = output(command, patience(Duration::from_secs(2)));
    assert!(status.success(), "{command:?}: {status:?}, {errors}");
    let document: Value = serde_json::from_str(&out).expect("one JSON document");
    let processes = document["processes"].as_array().expect("`processes`");
    processes.iter().map(|process| columns_of(&process["columns"])).collect()
}

fn columns_of(columns: &Value) -> Row {
    let cells = columns.as_object().expect("`columns`");
    let cell = |(name, text): (&String, &Value)| {
        let name = COLUMNS.into_iter().find(|column| column == name);
        let text = text.as_str().unwrap_or_else(|| panic!("{text} should be text"));
        (name.unwrap_or_else(|| panic!("a column of {cells:?}")), text.to_owned())
    };
    cells.iter().map(cell).collect()
}

/// psgo's own program, in the time zone UTC.
pub(crate) fn psgo(arguments: &[&str]) -> Command {
    let mut command = Command::new(super::psgo().expect("psgo"));
    command.args(arguments).env("TZ", "UTC").stdin(Stdio::null());
    command
}

/// psgo's table, header first; bytes that are not UTF-8 replaced as observer replaces them.
pub(crate) fn psgo_rows(command: &mut Command) -> Result<Vec<Vec<String>>, String> {
    let (status, out, errors) = output(command, patience(Duration::from_secs(2)));
    if !status.success() {
        return Err(errors);
    }
    let table: Vec<Vec<String>> = serde_json::from_str(&out).expect("rows of cells");
    let decode = |cell: String| {
        let bytes = STANDARD.decode(cell).expect("base64");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(table.into_iter().map(|row| row.into_iter().map(decode).collect()).collect())
}
