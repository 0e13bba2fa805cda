//! What fires, line by line.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::Instant,
};

use observer::{
    pace::{Totals, Wait},
    tracepoint::{
        Tracefs,
        reader::{Item, Reader},
    },
};

use super::{
    choose,
    open::{self, Progress},
    writer::Writer,
};
use crate::{
    drive::{self, drive},
    exit::{Failure, Outcome},
    output::{Flow, Output},
    plan::{Format, Stream},
    signals::EndSignals,
    totals::tell_totals,
    until::Until,
};

/// Handed on between two looks at signals and output.
const BATCH: usize = 4096;

/// Prints what fires until it is told to end, nobody listens any more, or nobody is left to watch.
pub(super) fn run(tracefs: &Tracefs, plan: &Stream, format: &Format) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let chosen = choose::for_stream(tracefs, &plan.watched, &plan.fields)?;
    let progress = Progress::new(chosen.requests.len());
    let reader =
        Reader::open_with(&chosen.requests, &plan.options(), &mut |done| progress.show(done));
    progress.clear();
    let reader = reader.map_err(open::failure)?;
    // Until now there was nothing that a signal could not end at once.
    let mut signals = EndSignals::block()?;
    let mut printer = Printer {
        output: Output::new(),
        writer: Writer::new(format, chosen.shown)?,
        until: Until::new(plan.watched.limit, plan.watched.duration),
        printed: 0,
    };
    printer.ready(plan, &reader, begin);
    let mut firings = Firings { reader, printer };
    let flow = drive(&mut firings, &mut signals)?;
    let Firings { mut reader, mut printer } = firings;
    let totals = reader.finish(&mut |item| printer.item(item))?;
    if flow != Flow::Closed {
        printer.bye(&totals);
        printer.output.flush(&mut signals)?;
    }
    progress.closing();
    Ok(if plan.strict && totals.lost > 0 { Outcome::Lost } else { Outcome::Fine })
}

/// What fires, and who prints it.
struct Firings {
    reader: Reader,
    printer: Printer,
}

impl drive::Stream for Firings {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }

    fn step(&mut self) -> Result<Wait, Failure> {
        let Self { reader, printer } = self;
        reader.drain(BATCH, &mut |item| printer.item(item))?;
        printer.writer.follow()?;
        Ok(reader.patience())
    }

    fn output(&self) -> &Output {
        &self.printer.output
    }

    fn output_mut(&mut self) -> &mut Output {
        &mut self.printer.output
    }

    fn until(&self) -> &Until {
        &self.printer.until
    }

    fn is_done(&self) -> bool {
        self.printer.is_done() || self.reader.is_over()
    }
}

/// Prints as much as was asked for.
#[derive(Debug)]
struct Printer {
    output: Output,
    writer: Writer,
    until: Until,
    printed: u64,
}

impl Printer {
    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    fn ready(&mut self, plan: &Stream, reader: &Reader, begin: Instant) {
        self.writer.ready(&mut self.output.lines);
        self.writer.header(&mut self.output.lines);
        let kib = reader.ring() / 1024;
        if reader.ring() < plan.ring {
            eprintln!(
                "observer: each CPU's ring buffer has only {kib} KiB: the limit on locked memory \
                 allows no more"
            );
        }
        if plan.watched.verbose {
            let ms = begin.elapsed().as_millis();
            eprintln!(
                "observer: all events are open after {ms} ms, with a ring buffer of {kib} KiB per \
                 CPU"
            );
        }
    }

    fn item(&mut self, item: Item<'_>) {
        if !self.is_done() {
            self.printed += u64::from(self.writer.item(&mut self.output.lines, item));
        }
    }

    fn is_done(&self) -> bool {
        self.until.is_reached(self.printed)
    }

    fn bye(&mut self, totals: &Totals) {
        self.writer.bye(&mut self.output.lines, totals, self.printed);
        tell_totals(totals, self.printed);
    }
}
