//! The timeline as text: a bar a process over one axis, in the order of the tree.

use super::{
    axis,
    report::Report,
    row::{Row, shorten},
};
use crate::{cause::Item, render::table::display_width};

/// Where nothing is cut.
const USUAL_WIDTH: usize = 100;
/// Columns that a mark of the scale takes at least.
const ROOM_OF_MARK: usize = 10;
/// Parts of a column that a block character can fill, from the left.
const PARTS: u64 = 8;
const FROM_LEFT: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// How the width is divided.
#[derive(Debug)]
pub(super) struct Timeline {
    label: usize,
    bar: usize,
    span_ns: u64,
}

impl Timeline {
    pub(super) fn of(report: &Report<'_>, rows: &[Row<'_>], width: Option<usize>) -> Self {
        let width = width.unwrap_or(USUAL_WIDTH);
        let longest = rows.iter().map(|row| display_width(&row.label)).max().unwrap_or_default();
        let label = longest.min(width * 2 / 5);
        let bar = width.saturating_sub(label + 1).max(ROOM_OF_MARK);
        Self { label, bar, span_ns: report.span_ns }
    }

    /// The line above all bars.
    pub(super) fn scale(&self) -> String {
        let mut line = " ".repeat(self.label + 1);
        for tick in axis::ticks(self.span_ns, (self.bar / ROOM_OF_MARK) as u64) {
            let mark = format!("|{}", axis::label(tick));
            let column = usize::try_from(self.parts(tick) / PARTS).unwrap_or_default();
            let at = self.label + 1 + column;
            if display_width(&mark) + column <= self.bar {
                line.push_str(&" ".repeat(at.saturating_sub(display_width(&line))));
                line.push_str(&mark);
            }
        }
        line
    }

    /// A row's bar behind what stands in the tree; a container has none.
    pub(super) fn line(&self, report: &Report<'_>, row: &Row<'_>) -> String {
        let mut label = row.label.clone();
        shorten(&mut label, self.label);
        let blanks = self.label.saturating_sub(display_width(&label)) + 1;
        label.push_str(&" ".repeat(blanks));
        if let Item::Process(caused) = row.item {
            let start_ns = report.start_ns(caused);
            let end_ns = start_ns.saturating_add(report.lived_ns(caused));
            label.push_str(&bar(self.parts(start_ns), self.parts(end_ns), self.bar));
        }
        label
    }

    /// Parts of columns from the left.
    fn parts(&self, ns: u64) -> u64 {
        let parts = u128::from(ns.min(self.span_ns)) * self.bar as u128 * u128::from(PARTS);
        u64::try_from(parts / u128::from(self.span_ns.max(1))).unwrap_or_default()
    }
}

/// Blocks from one part to another, at least a thin line.
fn bar(start: u64, end: u64, width: usize) -> String {
    let start = start.min((width as u64 * PARTS).saturating_sub(1));
    let end = end.max(start + 1);
    let columns = (0..end.div_ceil(PARTS)).map(|column| column * PARTS);
    columns.map(|left| block(start.max(left), end.min(left + PARTS), left)).collect()
}

/// The character of the column that begins at `left` and is filled between two parts.
fn block(start: u64, end: u64, left: u64) -> char {
    if start >= end {
        return ' ';
    }
    let filled = end - start;
    let reaches_right_only = start > left && end == left + PARTS;
    match filled {
        6.. if reaches_right_only => '█',
        2.. if reaches_right_only => '▐',
        _ if reaches_right_only => '▕',
        _ => usize::try_from(filled - 1)
            .ok()
            .and_then(|it| FROM_LEFT.get(it))
            .copied()
            .unwrap_or('█'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_begins_and_ends_within_a_column() {
        let check = |start, end, expected: &str| assert_eq!(bar(start, end, 10), expected);
        check(0, 80, "██████████");
        check(0, 12, "█▌");
        check(12, 32, " ▐██");
        check(10, 16, " █");
        check(15, 17, " ▕▏");
        check(18, 20, "  ▎");
    }

    #[test]
    fn the_shortest_life_is_seen() {
        for start in 0..=80 {
            let text = bar(start, start, 10);
            assert!(text.trim_start() != "" && text.chars().count() <= 10, "{start}: {text:?}");
        }
    }
}
