//! How often it fires: a table each second, the most frequent first.

use std::{
    convert::Infallible,
    io::{IsTerminal as _, stdout},
    time::{Duration, Instant},
};

use observer::{
    Error,
    machine::boot_ns,
    pace::Totals,
    render::{
        Color, Table,
        trace::{Counted, Header, Tally, count_table},
    },
    tracepoint::{Tracefs, reader::Counts},
};

use super::{
    choose, header,
    open::{self, Progress},
    writer::Writer,
};
use crate::{
    exit::{Failure, Outcome},
    output::{Flow, Output, terminal_height, terminal_width},
    plan::{Format, Watched},
    signals::EndSignals,
    until::{Until, wait_for_more},
};

const INTERVAL: Duration = Duration::from_secs(1);

/// Prints tables until it is told to end, or nobody listens any more.
pub(super) fn run(
    tracefs: &Tracefs,
    watched: &Watched,
    format: &Format,
) -> Result<Outcome, Failure> {
    let requests = choose::for_count(tracefs, watched)?;
    let progress = Progress::new(requests.len());
    let counts = Counts::open(&requests, &watched.scope, &mut |done| progress.show(done));
    progress.clear();
    let counts = counts.map_err(open::failure)?;
    let mut signals = EndSignals::block()?;
    let names: Vec<_> = requests.iter().map(|request| request.name.to_string()).collect();
    let mut printer = Printer::new(watched, format)?;
    printer.writer.ready(&mut printer.output.lines);
    let mut counters = Counters::new(&counts)?;
    let mut look = || counters.look(&counts, &names);
    let flow = printer.follow(&mut look, &mut signals)?;
    if flow != Flow::Closed {
        printer.bye(counters.total());
        printer.output.flush(&mut signals)?;
    }
    progress.closing();
    Ok(Outcome::Fine)
}

/// What has fired since the last look, the most frequent first, and how long ago that was.
type Look<'a> = (Vec<Counted<'a>>, Duration);

/// The counters at the first look and at the last.
#[derive(Debug)]
struct Counters {
    first: Vec<u64>,
    last: Vec<u64>,
    taken: Instant,
}

impl Counters {
    fn new(counts: &Counts) -> Result<Self, Error> {
        let first = counts.read()?;
        Ok(Self { last: first.clone(), first, taken: Instant::now() })
    }

    fn total(&self) -> u64 {
        self.first.iter().zip(&self.last).map(|(first, last)| last - first).sum()
    }

    fn look<'a>(&mut self, counts: &Counts, names: &'a [String]) -> Result<Look<'a>, Error> {
        let before = std::mem::replace(&mut self.last, counts.read()?);
        let time = self.taken.elapsed();
        self.taken += time;
        let mut counted: Vec<_> = (names.iter().zip(&self.first).zip(before).zip(&self.last))
            .map(|(((name, first), before), now)| {
                let (count, total) = (now - before, now - first);
                Counted { name, count, rate: rate(count, time), total }
            })
            .filter(|counted| counted.count > 0)
            .collect();
        counted.sort_by(|left, right| {
            right.count.cmp(&left.count).then_with(|| left.name.cmp(right.name))
        });
        Ok((counted, time))
    }
}

/// In a second, to the thousandth.
#[expect(clippy::cast_precision_loss, reason = "nothing fires 2^53 times between two looks")]
fn rate(count: u64, time: Duration) -> f64 {
    (count as f64 / time.as_secs_f64().max(f64::EPSILON) * 1000.0).round() / 1000.0
}

/// Prints as many tables as were asked for.
#[derive(Debug)]
struct Printer {
    output: Output,
    writer: Writer,
    until: Until,
    printed: u64,
    style: Style,
}

#[derive(Debug)]
enum Style {
    Json,
    /// One block behind the other.
    Blocks {
        header: Header,
    },
    /// Each in place of the one before, which has so many lines.
    InPlace {
        header: Header,
        color: Color,
        lines: usize,
    },
}

impl Printer {
    fn new(watched: &Watched, format: &Format) -> Result<Self, Error> {
        let style = match *format {
            Format::Json | Format::Plain => Style::Json,
            Format::Text { color, .. } if stdout().is_terminal() => {
                Style::InPlace { header: header(format), color, lines: 0 }
            }
            Format::Text { .. } => Style::Blocks { header: header(format) },
        };
        Ok(Self {
            output: Output::new(),
            writer: Writer::new(format, Vec::new())?,
            until: Until::new(watched.limit, watched.duration),
            printed: 0,
            style,
        })
    }

    fn follow<'a>(
        &mut self,
        look: &mut dyn FnMut() -> Result<Look<'a>, Error>,
        signals: &mut EndSignals,
    ) -> Result<Flow, Error> {
        let mut due = Instant::now() + INTERVAL;
        let mut flow = self.output.flush(signals)?;
        while flow == Flow::On && !self.until.is_reached(self.printed) {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() {
                due = Instant::now().max(due + INTERVAL);
                self.print(look()?)?;
                flow = self.output.flush(signals)?;
            } else {
                let timeout = self.until.timeout(Some(left));
                flow = wait_for_more(None, signals, &self.output, timeout)?;
            }
        }
        // What has fired since the last table; not where so many tables were asked for.
        if flow != Flow::Closed && !self.until.has_printed_enough(self.printed) {
            let rest = look()?;
            if !rest.0.is_empty() {
                self.print(rest)?;
            }
        }
        Ok(flow)
    }

    fn print(&mut self, (counted, time): Look<'_>) -> Result<(), Error> {
        self.printed += 1;
        self.writer.follow()?;
        let Self { output, writer, style, .. } = self;
        match style {
            Style::Json => {
                let interval_ns = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
                let tally = Tally { boot_ns: boot_ns()?, interval_ns, events: &counted };
                writer.counts(&mut output.lines, &tally);
            }
            Style::Blocks { header } => {
                if self.printed > 1 {
                    output.lines.push(b'\n');
                }
                append(&mut output.lines, &count_table(&counted, *header), None, Color::No);
            }
            Style::InPlace { header, color, lines } => {
                let fit = terminal_height().map_or(usize::MAX, |height| height.saturating_sub(2));
                let shown = counted.get(..fit.min(counted.len())).unwrap_or_default();
                if *lines > 0 {
                    output.lines.extend(format!("\x1b[{lines}A\x1b[J").into_bytes());
                }
                let table = count_table(shown, *header);
                append(&mut output.lines, &table, terminal_width(), *color);
                *lines = shown.len() + usize::from(*header == Header::Yes);
            }
        }
        Ok(())
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    fn bye(&mut self, total: u64) {
        let totals = Totals { produced: total, delivered: total, ..Totals::default() };
        self.writer.bye(&mut self.output.lines, &totals, self.printed);
        eprintln!("observer: {total} events counted");
    }
}

fn append(out: &mut Vec<u8>, table: &Table, cut: Option<usize>, color: Color) {
    let Ok(()) = table.write(cut, color, |text| {
        out.extend_from_slice(text);
        Ok::<_, Infallible>(())
    });
}
