//! Events → lines of text for people.

use std::{borrow::Cow, fmt::Write as _};

use unicode_width::UnicodeWidthChar as _;

use super::{
    escape::Escaped,
    time::{Moments, TimeStyle, span},
};
use crate::{
    event::{Args, Cgroup, Comm, Event, Loss, Process, Status, Usage, What},
    machine::WallClock,
};

const NAMES: [&str; 8] = ["TIME", "EVENT", "PID", "PPID", "UID", "CONTAINER", "STATUS", "ARGS"];
/// Widths of all columns but the last. They grow with what comes and never shrink.
const WIDTHS: [usize; 7] = [0, 6, 7, 7, 5, 12, 7];
/// As many digits of a container's id as engines print.
const SHORT_ID: usize = 12;

/// Whether to colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// With the 16 basic colours. None carries meaning alone.
    Yes,
    /// Not at all.
    No,
}

/// Writes events as lines of columns.
#[derive(Debug)]
pub struct TextLines {
    moments: Moments,
    color: Color,
    page_size: u64,
    widths: [usize; 7],
    /// The terminal's width, beyond which the last column is cut.
    pub cut: Option<usize>,
}

/// The cells of a line.
struct Row {
    style: &'static str,
    cells: [Cow<'static, str>; 8],
}

impl TextLines {
    /// Columns with the time in this style. `page_size` turns resident pages into bytes.
    pub fn new(time: TimeStyle, color: Color, page_size: u64) -> Self {
        let mut widths = WIDTHS;
        widths[0] = time.width();
        Self { moments: Moments::new(time), color, page_size, widths, cut: None }
    }

    /// The names of the columns.
    pub fn header(&mut self, out: &mut Vec<u8>) {
        self.write(out, &Row { style: BOLD, cells: NAMES.map(Cow::Borrowed) });
    }

    /// One event.
    pub fn event(&mut self, out: &mut Vec<u8>, event: &Event, clock: WallClock) {
        let mut row = self.row(event);
        row.cells[1] = event.what.kind().name().into();
        row.cells[0] = self.moments.print(event.boot_ns, clock).into_owned().into();
        self.write(out, &row);
    }

    fn row(&self, event: &Event) -> Row {
        let line = |style, process, args| row(style, process, "-".into(), args);
        match &event.what {
            What::Fork { process, .. } | What::Found { process } => {
                line(DIM, process, Escaped(process.comm.as_bytes()).to_string())
            }
            What::Exec { process, args, filename } => {
                line(GREEN, process, arguments(args.as_ref(), filename))
            }
            What::Exit { process, status, usage, .. } => {
                let fine = status.is_none_or(|status| status == Status::Code(0));
                let text = self.summary(event.boot_ns, process, *usage);
                let style = if fine { DIM } else { RED };
                row(style, process, status_text(*status), text)
            }
            What::Rename { process, old_comm } => {
                let [old, new] = [old_comm, &process.comm].map(Comm::as_bytes);
                line("", process, format!("{} -> {}", Escaped(old), Escaped(new)))
            }
            What::Cgroup { process, old_cgroup } => {
                line("", process, moved(process, old_cgroup.as_deref()))
            }
            What::Namespaces { process, call, flags, .. } => {
                line("", process, format!("{} {flags:#x}", call.name()))
            }
            What::Request { process, peer, .. } => {
                line("", process, format!("to {}", Escaped(&peer.path)))
            }
            What::Reparent { process, old_parent } => {
                let parent = process.parent.map_or(0, |parent| parent.pid);
                line("", process, format!("{} -> {parent}", old_parent.pid))
            }
            What::Gone { key } => gone_row(key.pid),
            What::Lost { count, loss } => lost_row(*count, *loss, event.cpu),
            What::Repair { added, removed } => repair_row(*added, *removed),
            What::Free { key, status, usage } => self.freed_row(key.pid, *status, *usage),
        }
    }

    fn freed_row(&self, pid: u32, status: Option<Status>, usage: Option<Usage>) -> Row {
        let mut row = bare_row(DIM);
        row.cells[2] = pid.to_string().into();
        row.cells[6] = status_text(status);
        if let Some(usage) = usage {
            row.cells[7] = format!("total {}", self.used(usage)).into();
        }
        row
    }

    fn summary(&self, end_ns: u64, process: &Process, usage: Option<Usage>) -> String {
        let comm = Escaped(process.comm.as_bytes());
        let life = span(end_ns.saturating_sub(process.key.start_ns));
        let used = usage.map_or_else(String::new, |usage| format!(", {}", self.used(usage)));
        format!("{comm} ran {life}{used}")
    }

    fn used(&self, usage: Usage) -> String {
        let kib = usage.max_rss_pages * self.page_size / 1024;
        format!("cpu {}, rss {kib}K", span(usage.cpu_ns()))
    }

    fn write(&mut self, out: &mut Vec<u8>, row: &Row) {
        let mut line = String::with_capacity(128);
        let first = usize::from(self.moments.width().is_none());
        let columns = row.cells.iter().zip(&mut self.widths).skip(first);
        for (cell, width) in columns {
            *width = cell.len().max(*width);
            let _infallible = write!(line, "{cell:<width$} ", width = *width);
        }
        line.push_str(&row.cells[7]);
        write_cut(out, &mut line, (row.style, self.color), self.cut);
    }
}

fn row(style: &'static str, process: &Process, status: Cow<'static, str>, args: String) -> Row {
    let parent = process.parent.map_or(0, |parent| parent.pid);
    let user = process.credentials.map(|ids| ids.effective_uid.to_string().into());
    let container = process.container().map_or_else(
        || "-".into(),
        |container| Escaped(short(&container.id).as_bytes()).to_string().into(),
    );
    Row {
        style,
        cells: [
            "".into(),
            "".into(),
            process.key.pid.to_string().into(),
            parent.to_string().into(),
            user.unwrap_or_else(|| "-".into()),
            container,
            status,
            args.into(),
        ],
    }
}

fn lost_row(count: u64, loss: Loss, cpu: u32) -> Row {
    let mut row = bare_row(YELLOW);
    let text = match loss {
        Loss::NoRoom => format!("{count} events of CPU {cpu} found no room in the ring buffer"),
        Loss::Skipped => format!("the kernel skipped {count} runs of observer's programs"),
    };
    row.cells[7] = text.into();
    row
}

fn repair_row(added: u64, removed: u64) -> Row {
    let mut row = bare_row(YELLOW);
    row.cells[7] = format!("{added} processes were missing, {removed} had ended").into();
    row
}

fn gone_row(pid: u32) -> Row {
    let mut row = bare_row(DIM);
    row.cells[2] = pid.to_string().into();
    row
}

/// From where to where, as far as it is known.
fn moved(process: &Process, old: Option<&Cgroup>) -> String {
    let new = cgroup_text(process);
    match old {
        Some(old) => format!("{} -> {new}", Escaped(old.path().as_bytes())),
        None => new,
    }
}

fn cgroup_text(process: &Process) -> String {
    let path = process.cgroup.as_deref().map(|cgroup| Escaped(cgroup.path().as_bytes()));
    path.map_or_else(|| "-".to_owned(), |path| path.to_string())
}

/// A row that knows no process.
fn bare_row(style: &'static str) -> Row {
    Row { style, cells: [const { Cow::Borrowed("-") }; 8] }
}

/// The arguments with blanks between; the file name in brackets where there are none.
pub(super) fn arguments(args: Option<&Args>, filename: &[u8]) -> String {
    let mut text = String::new();
    if let Some(args) = args {
        let _infallible = write!(text, "{args}");
    }
    if args.is_none_or(|args| args.captured_size() == 0) {
        let _infallible = write!(text, "[{}]", Escaped(filename));
    }
    if args.is_some_and(Args::is_truncated) {
        text.push_str(" ...");
    }
    text
}

/// The line that the `obs` example printed; `None` for what it did not know.
pub fn plain_line(out: &mut Vec<u8>, event: &Event) {
    let Some(pid) = event.what.key().map(|key| key.pid) else {
        return;
    };
    let comm =
        event.what.process().map_or_else(Vec::new, |process| process.comm.as_bytes().to_vec());
    let text: Cow<'_, str> = match &event.what {
        What::Exec { filename, .. } => Escaped(filename).to_string().into(),
        What::Exit { status, .. } | What::Free { status, .. } => status_text(*status),
        What::Fork { .. } | What::Rename { .. } | What::Found { .. } => {
            Escaped(&comm).to_string().into()
        }
        What::Cgroup { process, .. } => cgroup_text(process).into(),
        What::Namespaces { call, .. } => call.name().into(),
        What::Request { peer, .. } => Escaped(&peer.path).to_string().into(),
        What::Reparent { process, .. } => {
            process.parent.map_or(0, |parent| parent.pid).to_string().into()
        }
        What::Gone { .. } => "-".into(),
        What::Lost { .. } | What::Repair { .. } => return,
    };
    let name = event.what.kind().name();
    out.extend_from_slice(format!("{name}\t{pid}\t{text}\n").as_bytes());
}

/// `0`, `3`, `SIGKILL`, `SIGSEGV+core`; `-` where nobody told.
pub(super) fn status_text(status: Option<Status>) -> Cow<'static, str> {
    status.map_or("-".into(), |status| status.to_string().into())
}

/// An id as engines print it.
pub(super) fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

/// Cuts a line to a terminal's width, as ps does: without a mark.
pub(super) fn cut(line: &mut String, width: usize) {
    let mut used = 0;
    let end = line.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > width
    });
    if let Some((at, _)) = end {
        line.truncate(at);
    }
}

/// Appends a line in this style, without the blanks at its end, and cut if there is a width.
pub(super) fn write_styled(
    out: &mut Vec<u8>,
    line: &mut String,
    (style, color): (&str, Color),
    width: Option<usize>,
) {
    line.truncate(line.trim_end_matches(' ').len());
    write_cut(out, line, (style, color), width);
}

fn write_cut(
    out: &mut Vec<u8>,
    line: &mut String,
    (style, color): (&str, Color),
    width: Option<usize>,
) {
    if let Some(width) = width {
        cut(line, width);
    }
    let colored = color == Color::Yes && !style.is_empty();
    let (before, after) = if colored { (style, RESET) } else { ("", "") };
    for part in [before, line, after, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

pub(super) const BOLD: &str = "\x1b[1m";
pub(super) const DIM: &str = "\x1b[2m";
pub(super) const RED: &str = "\x1b[31m";
pub(super) const GREEN: &str = "\x1b[32m";
pub(super) const YELLOW: &str = "\x1b[33m";
pub(super) const RESET: &str = "\x1b[0m";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_by_what_a_terminal_shows() {
        let check = |text: &str, width, expected: &str| {
            let mut line = text.to_owned();
            cut(&mut line, width);
            assert_eq!(line, expected);
        };
        check("short", 10, "short");
        check("exactly", 7, "exactly");
        check("longer", 3, "lon");
        check("日本語", 4, "日本");
        check("日本語", 5, "日本");
    }
}
