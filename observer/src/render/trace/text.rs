//! Tracepoints that fired → lines of text for people: `TIME CPU PID EVENT`, then `NAME=VALUE`.
//!
//! On the hot path: millions of lines a second may be asked for. So they are put together in one text
//! that is used again, and without the machinery of `format!` where numbers and names do without.

use std::fmt::Write as _;

use super::{Firing, Loss, Shown};
use crate::{
    machine::WallClock,
    render::{
        Color, Escaped, TimeStyle,
        text::{BOLD, YELLOW, write_styled},
        time::Moments,
    },
    tracepoint::{Value, format::Field},
};

/// Most CPUs have a number of at most three digits.
const CPU_WIDTH: usize = 3;
const PID_WIDTH: usize = 7;

/// Writes what fired as lines of columns.
#[derive(Debug)]
pub struct TraceText {
    moments: Moments,
    color: Color,
    /// Of the events' names: the longest that can come.
    name_width: usize,
    /// The line that is being put together.
    line: String,
    /// The terminal's width, beyond which the fields are cut.
    pub cut: Option<usize>,
}

impl TraceText {
    /// Columns for these tracepoints, with the time in this style.
    pub fn new(time: TimeStyle, color: Color, shown: &[Shown]) -> Self {
        const NARROWEST: usize = 5;
        let names = shown.iter().map(|shown| shown.name.len());
        let name_width = names.chain([NARROWEST]).max().unwrap_or(NARROWEST);
        let moments = Moments::new(time);
        Self { moments, color, name_width, line: String::new(), cut: None }
    }

    /// The names of the columns.
    pub fn header(&mut self, out: &mut Vec<u8>) {
        self.line.clear();
        if let Some(width) = self.moments.width() {
            push_padded(&mut self.line, "TIME", width);
        }
        self.begin("CPU", "PID", "EVENT");
        self.line.push_str("FIELDS");
        self.end(out, BOLD);
    }

    /// One that fired.
    pub fn firing(&mut self, out: &mut Vec<u8>, firing: &Firing<'_>, clock: WallClock) {
        let (mut cpu, mut pid) = (itoa::Buffer::new(), itoa::Buffer::new());
        let pid = firing.pid.map_or("-", |number| pid.format(number));
        self.begin_at(firing.boot_ns, clock);
        self.begin(cpu.format(firing.cpu), pid, &firing.shown.name);
        for (index, field) in firing.shown.fields.iter().enumerate() {
            if index > 0 {
                self.line.push(' ');
            }
            push_field(&mut self.line, field, firing.record);
        }
        self.end(out, "");
    }

    /// Records that found no room, at their place.
    pub fn lost(&mut self, out: &mut Vec<u8>, loss: Loss, clock: WallClock) {
        let Loss { boot_ns, cpu, count } = loss;
        self.begin_at(boot_ns, clock);
        self.begin(itoa::Buffer::new().format(cpu), "-", "lost");
        let _infallible = write!(self.line, "{count} events found no room in the ring");
        self.end(out, YELLOW);
    }

    /// A new line with its time.
    fn begin_at(&mut self, boot_ns: u64, clock: WallClock) {
        self.line.clear();
        if let Some(width) = self.moments.width() {
            push_padded(&mut self.line, &self.moments.print(boot_ns, clock), width);
        }
    }

    fn begin(&mut self, cpu: &str, pid: &str, name: &str) {
        let line = &mut self.line;
        push_padded(line, cpu, CPU_WIDTH);
        push_padded(line, pid, PID_WIDTH);
        let begin = line.len();
        push_escaped(line, name.as_bytes());
        pad(line, begin, self.name_width);
    }

    fn end(&mut self, out: &mut Vec<u8>, style: &str) {
        write_styled(out, &mut self.line, (style, self.color), self.cut);
    }
}

/// A cell, and a blank behind its column.
fn push_padded(line: &mut String, text: &str, width: usize) {
    let begin = line.len();
    line.push_str(text);
    pad(line, begin, width);
}

/// Cells have one column of the screen a byte, or are the last ones that may be too wide.
fn pad(line: &mut String, begin: usize, width: usize) {
    const BLANKS: &str = "                                ";
    let mut blanks = (begin + width + 1).saturating_sub(line.len()).max(1);
    while blanks > 0 {
        let some = blanks.min(BLANKS.len());
        line.push_str(BLANKS.get(..some).unwrap_or_default());
        blanks -= some;
    }
}

fn push_escaped(line: &mut String, bytes: &[u8]) {
    let _infallible = write!(line, "{}", Escaped(bytes));
}

/// `NAME=VALUE` of a record.
fn push_field(line: &mut String, field: &Field, record: &[u8]) {
    push_escaped(line, field.name.as_bytes());
    line.push('=');
    let Ok(value) = field.value(record) else {
        return line.push_str("(damaged)");
    };
    match field.words.as_ref().and_then(|words| words.of(value)) {
        Some(words) => push_quoted(line, words.as_bytes()),
        None => push_value(line, value),
    }
}

fn push_value(line: &mut String, value: Value<'_>) {
    match value {
        Value::Signed(number) => line.push_str(itoa::Buffer::new().format(number)),
        Value::Unsigned(number) => line.push_str(itoa::Buffer::new().format(number)),
        Value::Bool(value) => line.push_str(if value { "true" } else { "false" }),
        Value::Pointer(address) => {
            let _infallible = write!(line, "{address:#x}");
        }
        Value::Text(bytes) => push_quoted(line, bytes),
        Value::Bytes(bytes) => push_list(line, bytes, |line, byte| {
            let _infallible = write!(line, "{byte:02x}");
        }),
        Value::Array(values) => push_list(line, values.iter(), push_value),
    }
}

fn push_list<T>(
    line: &mut String,
    items: impl IntoIterator<Item = T>,
    push: impl Fn(&mut String, T),
) {
    line.push('[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            line.push(',');
        }
        push(line, item);
    }
    line.push(']');
}

/// Text that cannot be taken for another field: in quotes where it has a blank, or is nothing.
fn push_quoted(line: &mut String, bytes: &[u8]) {
    let ambiguous = |byte: &u8| matches!(byte, b' ' | b'"' | b'=' | b',' | b'[' | b']');
    if !bytes.is_empty() && !bytes.iter().any(ambiguous) {
        return push_escaped(line, bytes);
    }
    let text = Escaped(bytes).to_string().replace('"', "\\\"");
    line.push('"');
    line.push_str(&text);
    line.push('"');
}
