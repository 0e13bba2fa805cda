//! The report for a terminal or a plain file: a verdict, the tree, a timeline, sums.

use unicode_width::UnicodeWidthStr as _;

use super::{
    Look,
    report::Report,
    row::{COLUMNS, Row, shorten},
    timeline::Timeline,
    words::{Column, INFERRED_MEANS, programs},
};
use crate::{
    cause::{Branch, Caused, Item},
    event::Status,
    render::{
        Escaped,
        art::Art,
        table::display_width,
        text::{BOLD, GREEN, RED, YELLOW, status_text, write_styled},
        time::span,
    },
};

/// What is done for more room, in this order: what tells least goes first.
const STEPS: [Step; 6] = [
    Step::Drop(Column::Rss),
    Step::Drop(Column::Container),
    Step::Replace(Column::Role, Column::Part),
    Step::Drop(Column::Cpu),
    Step::Drop(Column::Part),
    Step::Drop(Column::Because),
];

#[derive(Clone, Copy, Debug)]
enum Step {
    Drop(Column),
    Replace(Column, Column),
}

/// Less is not left for the tree while there is a column to leave out.
const ROOM_OF_TREE: usize = 32;
/// Deeper branches are told by their depth, so that what stands there is still seen.
const DEEPEST_ART: usize = 16;
/// As much of an earlier program is shown where lines are cut.
const ROOM_OF_EARLIER: usize = 24;

pub(super) fn text(report: &Report<'_>, look: Look) -> String {
    let mut page = Page { look, out: Vec::new() };
    page.line(BOLD, verdict(report, look.width));
    page.blank();
    let rows = rows(report, look);
    page.tree(&rows);
    page.blank();
    let timeline = Timeline::of(report, &rows, look.width);
    page.line(BOLD, timeline.scale());
    for row in &rows {
        page.line(row.style, timeline.line(report, row));
    }
    page.blank();
    for line in report.totals_text() {
        page.whole("", line);
    }
    for line in report.notes() {
        page.whole(YELLOW, line);
    }
    String::from_utf8(page.out).unwrap_or_default()
}

fn rows<'a>(report: &Report<'a>, look: Look) -> Vec<Row<'a>> {
    let mut art = Art::default();
    let row = |branch: &Branch<'a>| {
        let lines = before(&mut art, branch);
        Row {
            item: branch.item,
            cells: COLUMNS.iter().map(|column| column.cell(report, branch.item)).collect(),
            tree: lines.clone() + &what(report, branch.item, look.width),
            label: lines + &label(report, branch.item),
            style: style(branch.item),
        }
    };
    report.branches.iter().map(row).collect()
}

fn before(art: &mut Art, branch: &Branch<'_>) -> String {
    let mut lines = Vec::new();
    art.before(branch, &mut lines);
    if branch.depth > DEEPEST_ART {
        return format!("[{}]─", branch.depth);
    }
    String::from_utf8(lines).unwrap_or_default()
}

fn what(report: &Report<'_>, item: Item<'_>, width: Option<usize>) -> String {
    match item {
        Item::Container(container) => report.container_line(container),
        Item::Process(caused) => chain(caused, width),
    }
}

fn label(report: &Report<'_>, item: Item<'_>) -> String {
    match item {
        Item::Container(container) => report.container_line(container),
        Item::Process(caused) => {
            let program = programs(caused).pop().unwrap_or_default();
            let end = program.find(' ').unwrap_or(program.len());
            let path = program.get(..end).unwrap_or_default();
            let folder = path.rfind('/').map_or(0, |slash| slash + 1);
            program.get(folder..).unwrap_or_default().to_owned()
        }
    }
}

/// What a process ran, one after the other.
fn chain(caused: &Caused, width: Option<usize>) -> String {
    let mut programs = programs(caused);
    let earlier = programs.len().saturating_sub(1);
    for program in programs.iter_mut().take(earlier).filter(|_| width.is_some()) {
        shorten(program, ROOM_OF_EARLIER);
    }
    programs.join(" → ")
}

fn style(item: Item<'_>) -> &'static str {
    match item {
        Item::Container(_) => BOLD,
        Item::Process(caused) if caused.has_failed() => RED,
        Item::Process(caused) if caused.end.is_none() => GREEN,
        Item::Process(_) => "",
    }
}

/// The command, how it ended and how long it took.
fn verdict(report: &Report<'_>, width: Option<usize>) -> String {
    let end = format!("{} after {}", outcome(report.account.status), span(report.duration_ns()));
    let mut command = command(report);
    if let Some(width) = width {
        shorten(&mut command, width.saturating_sub(end.width() + "`` ".len()));
    }
    format!("`{command}` {end}")
}

pub(super) fn command(report: &Report<'_>) -> String {
    let words = report.account.command.iter().map(|word| Escaped(word).to_string());
    words.collect::<Vec<_>>().join(" ")
}

pub(super) fn outcome(status: Option<Status>) -> String {
    match status {
        None => "has not ended".to_owned(),
        Some(Status::Code(code)) => format!("ended with {code}"),
        Some(Status::Signal { .. }) => format!("was killed by {}", status_text(status)),
    }
}

/// Lines on their way out.
struct Page {
    look: Look,
    out: Vec<u8>,
}

impl Page {
    fn blank(&mut self) {
        self.out.push(b'\n');
    }

    fn line(&mut self, style: &str, mut line: String) {
        write_styled(&mut self.out, &mut line, (style, self.look.color), self.look.width);
    }

    /// A sentence: a terminal may wrap it.
    fn whole(&mut self, style: &str, mut line: String) {
        write_styled(&mut self.out, &mut line, (style, self.look.color), None);
    }

    fn tree(&mut self, rows: &[Row<'_>]) {
        let layout = Layout::of(rows, self.look.width);
        let names = COLUMNS.map(|column| column.name().to_uppercase());
        self.line(BOLD, layout.line(&names, "COMMAND"));
        for row in rows {
            self.line(row.style, layout.line(&row.cells, &row.tree));
        }
        if rows.iter().any(|row| is_inferred(row.item)) {
            self.whole("", INFERRED_MEANS.to_owned());
        }
    }
}

fn is_inferred(item: Item<'_>) -> bool {
    match item {
        Item::Container(container) => container.inferred,
        Item::Process(caused) => caused.because.inferred,
    }
}

/// Which columns are shown, and how wide.
#[derive(Debug)]
struct Layout {
    /// The place in [`COLUMNS`], and the width.
    columns: Vec<(usize, usize)>,
    gap: usize,
}

impl Layout {
    /// As many columns as leave room for the tree.
    fn of(rows: &[Row<'_>], width: Option<usize>) -> Self {
        let mut shown = COLUMNS.to_vec();
        shown.retain(|column| *column != Column::Part);
        let mut layout = Self::with(&shown, rows, 2);
        let Some(width) = width else { return layout };
        let longest = rows.iter().map(|row| display_width(&row.tree)).max().unwrap_or_default();
        let room = width.saturating_sub(longest.min(ROOM_OF_TREE));
        for step in STEPS {
            if layout.width() <= room {
                break;
            }
            match step {
                Step::Drop(dropped) => shown.retain(|column| *column != dropped),
                Step::Replace(before, after) => {
                    shown.iter_mut().filter(|it| **it == before).for_each(|it| *it = after);
                }
            }
            layout = Self::with(&shown, rows, 1);
        }
        layout
    }

    fn with(shown: &[Column], rows: &[Row<'_>], gap: usize) -> Self {
        let columns = COLUMNS.iter().enumerate().filter(|(_, column)| shown.contains(column));
        let width = |index: usize, column: &Column| {
            let cells = rows.iter().filter_map(|row| row.cells.get(index));
            cells.map(|cell| display_width(cell)).fold(column.name().len(), usize::max)
        };
        Self { columns: columns.map(|(index, it)| (index, width(index, it))).collect(), gap }
    }

    /// Up to where the tree begins.
    fn width(&self) -> usize {
        self.columns.iter().map(|(_, width)| width + self.gap).sum()
    }

    fn line(&self, cells: &[String], tree: &str) -> String {
        let mut line = String::new();
        for (index, width) in &self.columns {
            let cell = cells.get(*index).map_or("", String::as_str);
            let is_number = COLUMNS.get(*index).is_some_and(|column| column.is_number());
            let blanks = " ".repeat(width.saturating_sub(display_width(cell)));
            let (before, after) =
                if is_number { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            for text in [before, cell, after] {
                line.push_str(text);
            }
            line.push_str(&" ".repeat(self.gap));
        }
        line + tree
    }
}
