//! What was found → text or JSON, and an exit code.

use observer::{
    monitor::Statistics,
    render::{
        Escaped,
        schema::{ComparedColumn, DifferingCell, VERSION, Verification},
    },
    verify::{Count, Example, Report},
};

use crate::exit::Outcome;

pub(super) fn outcome(report: &Report) -> Outcome {
    if report.snapshots > 0 && report.agrees() { Outcome::Fine } else { Outcome::Differs }
}

/// More of a kind are counted only.
const MOST_LINES: usize = 50;

/// What differs, a line each, and the summary.
pub(super) fn text(report: &Report, statistics: &Statistics) -> String {
    let missing = report.missing.iter().map(|id| format!("missing {id}: /proc has it"));
    let ghosts = report.ghosts.iter().map(|id| format!("ghost {id}: /proc does not have it"));
    let cells = report.examples.iter().map(differing);
    let mut text = String::new();
    for line in missing.take(MOST_LINES).chain(ghosts.take(MOST_LINES)).chain(cells) {
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str(&summary(report, statistics));
    text.push('\n');
    text
}

fn differing(example: &Example) -> String {
    let Example { column, process, teller, snapshot, proc } = example;
    let (told, known) = (Escaped(snapshot), Escaped(proc));
    format!("differs {process}: {column} is `{known}` in /proc, `{told}` in the {teller}")
}

fn summary(report: &Report, statistics: &Statistics) -> String {
    let Report { snapshots, processes, incomplete, columns, .. } = report;
    let looks = counted(*snapshots, "snapshot");
    let lost = match (statistics.totals.lost, incomplete) {
        (0, 0) => String::new(),
        (lost, 0) => format!(" ({lost} events lost)"),
        (lost, _) => format!(" ({lost} events lost, {incomplete} not compared)"),
    };
    let columns = counted(columns.len().try_into().unwrap_or(u64::MAX), "column");
    let cells = counted(*processes, "process");
    format!("observer: {looks}{lost}, {cells}, {columns}: {}", verdict(report))
}

pub(super) fn verdict(report: &Report) -> String {
    if report.snapshots == 0 {
        return "nothing was compared".to_owned();
    }
    if report.agrees() {
        return "all agree".to_owned();
    }
    let (missing, ghosts) = (report.missing.len(), report.ghosts.len());
    let ghosts = counted(ghosts.try_into().unwrap_or(u64::MAX), "ghost");
    let cells = counted(report.cells(), "cell");
    let verb = if report.cells() == 1 { "differs" } else { "differ" };
    format!("{missing} missing, {ghosts}, {cells} {verb}")
}

pub(super) fn counted(count: u64, thing: &str) -> String {
    let ending = match (count, thing.ends_with('s')) {
        (1, _) => "",
        (_, true) => "es",
        (_, false) => "s",
    };
    format!("{count} {thing}{ending}")
}

pub(super) fn json(report: &Report, statistics: &Statistics) -> Vec<u8> {
    let mut text = Vec::new();
    Verification {
        v: VERSION,
        snapshots: report.snapshots,
        processes: report.processes,
        missing: report.missing.iter().map(String::as_str).collect(),
        ghosts: report.ghosts.iter().map(String::as_str).collect(),
        columns: report.columns.iter().map(|(name, count)| (*name, column(*count))).collect(),
        examples: report.examples.iter().map(cell).collect(),
        lost: statistics.totals.lost,
        repairs: statistics.repairs,
        incomplete: report.incomplete,
        agree: outcome(report) == Outcome::Fine,
    }
    .write(&mut text);
    text
}

fn column(Count { checked, differ }: Count) -> ComparedColumn {
    ComparedColumn { checked, differ }
}

fn cell(example: &Example) -> DifferingCell<'_> {
    let Example { column, process, teller, snapshot, proc } = example;
    DifferingCell {
        column,
        process,
        teller,
        snapshot: String::from_utf8_lossy(snapshot),
        proc: String::from_utf8_lossy(proc),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(differ: u64) -> Report {
        let example = Example {
            column: "rss",
            process: "1f3a9c02-4711-81234".to_owned(),
            teller: "walk",
            snapshot: b"\x1b[2J".to_vec(),
            proc: b"456".to_vec(),
        };
        Report {
            snapshots: 12,
            processes: 5077,
            columns: [("rss", Count { checked: 70, differ })].into(),
            examples: if differ > 0 { vec![example] } else { Vec::new() },
            ..Report::default()
        }
    }

    #[test]
    fn who_agrees_ends_with_0() {
        let report = found(0);
        assert_eq!(outcome(&report).code(), 0);
        assert_eq!(
            text(&report, &Statistics::default()),
            "observer: 12 snapshots, 5077 processes, 1 column: all agree\n"
        );
    }

    #[test]
    fn what_differs_is_printed_harmlessly_and_ends_with_1() {
        let report = found(1);
        assert_eq!(outcome(&report).code(), 1);
        let text = text(&report, &Statistics::default());
        assert!(text.starts_with("differs 1f3a9c02-4711-81234: rss is `456` in /proc"), "{text}");
        assert!(!text.contains('\x1b'), "{text}");
        assert!(text.ends_with("1 column: 0 missing, 0 ghosts, 1 cell differs\n"), "{text}");
    }

    #[test]
    fn who_is_missing_or_a_ghost_is_named_and_ends_with_1() {
        let missing = ["1f3a9c02-7-7".to_owned()].into();
        let report = Report { missing, ..found(0) };
        assert_eq!(outcome(&report).code(), 1);
        assert!(text(&report, &Statistics::default()).starts_with("missing 1f3a9c02-7-7: "));
        let report = Report { ghosts: report.missing, missing: [].into(), ..found(0) };
        assert_eq!(outcome(&report).code(), 1);
        assert!(text(&report, &Statistics::default()).contains(": 0 missing, 1 ghost, 0 cells"));
    }

    #[test]
    fn nothing_compared_is_no_agreement() {
        assert_eq!(outcome(&Report::default()).code(), 1);
        let json: serde_json::Value =
            serde_json::from_slice(&json(&Report::default(), &Statistics::default())).unwrap();
        assert_eq!(json["agree"], false);
    }

    #[test]
    fn the_document_has_the_columns_and_what_differs() {
        let json = json(&found(1), &Statistics::default());
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["columns"]["rss"], serde_json::json!({"checked": 70, "differ": 1}));
        assert_eq!(json["examples"][0]["proc"], "456");
        assert_eq!((&json["v"], &json["agree"]), (&1.into(), &false.into()));
    }
}
