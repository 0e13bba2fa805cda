//! Tracepoints that fired → lines of text for people: `TIME CPU PID EVENT`, then `NAME=VALUE`.

use std::fmt::{self, Display, Write as _};

use super::{Firing, Loss, Shown};
use crate::{
    machine::WallClock,
    render::{
        Color, Escaped, TimeStyle,
        text::{BOLD, YELLOW, write_styled},
    },
    tracepoint::{Value, format::Field},
};

/// Most CPUs have a number of at most three digits.
const CPU_WIDTH: usize = 3;
const PID_WIDTH: usize = 7;

/// Writes what fired as lines of columns.
#[derive(Debug)]
pub struct TraceText {
    time: TimeStyle,
    color: Color,
    /// Of the events' names: the longest that can come.
    name_width: usize,
    before_ns: Option<u64>,
    /// The terminal's width, beyond which the fields are cut.
    pub cut: Option<usize>,
}

impl TraceText {
    /// Columns for these tracepoints, with the time in this style.
    pub fn new(time: TimeStyle, color: Color, shown: &[Shown]) -> Self {
        const NARROWEST: usize = 5;
        let names = shown.iter().map(|shown| shown.name.len());
        let name_width = names.chain([NARROWEST]).max().unwrap_or(NARROWEST);
        Self { time, color, name_width, before_ns: None, cut: None }
    }

    /// The names of the columns.
    pub fn header(&self, out: &mut Vec<u8>) {
        let line = self.line("TIME", "CPU", "PID", "EVENT");
        self.write(out, line + "FIELDS", BOLD);
    }

    /// One that fired.
    pub fn firing(&mut self, out: &mut Vec<u8>, firing: &Firing<'_>, clock: WallClock) {
        let time = self.time_of(firing.boot_ns, clock);
        let pid = firing.pid.map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let mut line = self.line(&time, &firing.cpu.to_string(), &pid, &firing.shown.name);
        for (index, field) in firing.shown.fields.iter().enumerate() {
            let blank = if index == 0 { "" } else { " " };
            let _infallible = write!(line, "{blank}{}", Told { field, record: firing.record });
        }
        self.write(out, line, "");
    }

    /// Records that found no room, at their place.
    pub fn lost(&mut self, out: &mut Vec<u8>, loss: Loss, clock: WallClock) {
        let Loss { boot_ns, cpu, count } = loss;
        let time = self.time_of(boot_ns, clock);
        let mut line = self.line(&time, &cpu.to_string(), "-", "lost");
        let _infallible = write!(line, "{count} events found no room in the ring");
        self.write(out, line, YELLOW);
    }

    fn time_of(&mut self, boot_ns: u64, clock: WallClock) -> String {
        let time = self.time.print(boot_ns, self.before_ns, clock);
        self.before_ns = Some(boot_ns);
        time
    }

    fn line(&self, time: &str, cpu: &str, pid: &str, name: &str) -> String {
        let mut line = String::with_capacity(128);
        if !matches!(self.time, TimeStyle::None) {
            let _infallible = write!(line, "{time:<width$} ", width = self.time.width());
        }
        let name = Escaped(name.as_bytes()).to_string();
        let width = self.name_width;
        let _infallible = write!(line, "{cpu:<CPU_WIDTH$} {pid:<PID_WIDTH$} {name:<width$} ");
        line
    }

    fn write(&self, out: &mut Vec<u8>, line: String, style: &str) {
        write_styled(out, line, (style, self.color), self.cut);
    }
}

/// `NAME=VALUE` of a record.
struct Told<'a> {
    field: &'a Field,
    record: &'a [u8],
}

impl Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { field, record } = self;
        write!(f, "{}=", Escaped(field.name.as_bytes()))?;
        let Ok(value) = field.value(record) else {
            return f.write_str("(damaged)");
        };
        match field.words.as_ref().and_then(|words| words.of(value)) {
            Some(words) => Quoted(words.as_bytes()).fmt(f),
            None => write_value(f, value),
        }
    }
}

fn write_value(f: &mut fmt::Formatter<'_>, value: Value<'_>) -> fmt::Result {
    match value {
        Value::Signed(number) => number.fmt(f),
        Value::Unsigned(number) => number.fmt(f),
        Value::Bool(value) => value.fmt(f),
        Value::Pointer(address) => write!(f, "{address:#x}"),
        Value::Text(bytes) => Quoted(bytes).fmt(f),
        Value::Bytes(bytes) => write_list(f, bytes, |f, byte| write!(f, "{byte:02x}")),
        Value::Array(values) => write_list(f, values.iter(), write_value),
    }
}

fn write_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: impl IntoIterator<Item = T>,
    write: impl Fn(&mut fmt::Formatter<'_>, T) -> fmt::Result,
) -> fmt::Result {
    f.write_char('[')?;
    for (index, item) in items.into_iter().enumerate() {
        f.write_str(if index == 0 { "" } else { "," })?;
        write(f, item)?;
    }
    f.write_char(']')
}

/// Text that cannot be taken for another field: in quotes where it has a blank, or is nothing.
struct Quoted<'a>(&'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(bytes) = *self;
        let ambiguous = |byte: &u8| matches!(byte, b' ' | b'"' | b'=' | b',' | b'[' | b']');
        let text = Escaped(bytes);
        if !bytes.is_empty() && !bytes.iter().any(ambiguous) {
            return text.fmt(f);
        }
        write!(f, "\"{}\"", text.to_string().replace('"', "\\\""))
    }
}
