//! What fires, as text or JSON, with the times of the day.

use observer::{
    Error,
    machine::{BootClock, WallClock},
    pace::Totals,
    render::trace::{Firing, Loss, Shown, Tally, TraceJson, TraceText},
    tracepoint::reader::{Item, Sample},
};

use crate::{output::terminal_width, plan::Format};

/// Writes the lines of a stream.
#[derive(Debug)]
pub(super) struct Writer {
    style: Style,
    shown: Vec<Shown>,
    boot: BootClock,
    wall: WallClock,
}

#[derive(Debug)]
enum Style {
    Json(TraceJson),
    Text { lines: TraceText, header: bool },
}

impl Writer {
    /// For what is at these indices.
    pub(super) fn new(format: &Format, shown: Vec<Shown>) -> Result<Self, Error> {
        let style = match format {
            Format::Text { time, color, header } => {
                Style::Text { lines: TraceText::new(time.clone(), *color, &shown), header: *header }
            }
            Format::Json | Format::Plain => Style::Json(TraceJson::default()),
        };
        Ok(Self { style, shown, boot: BootClock::read()?, wall: WallClock::read()? })
    }

    /// Clocks may be set, and terminals resized.
    pub(super) fn follow(&mut self) -> Result<(), Error> {
        self.boot.follow()?;
        self.wall.follow()?;
        if let Style::Text { lines, .. } = &mut self.style {
            lines.cut = terminal_width();
        }
        Ok(())
    }

    /// From here on nothing is missed.
    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    pub(super) fn ready(&mut self, out: &mut Vec<u8>) {
        if let Style::Json(_) = self.style {
            TraceJson::hello(out);
            TraceJson::ready(out);
        } else {
            eprintln!("observer: ready");
        }
    }

    /// The names of the columns of events, where they are asked for.
    pub(super) fn header(&mut self, out: &mut Vec<u8>) {
        if let Style::Text { lines, header: true } = &mut self.style {
            lines.cut = terminal_width();
            lines.header(out);
        }
    }

    /// One thing out of the rings; whether it was an event.
    pub(super) fn item(&mut self, out: &mut Vec<u8>, item: Item<'_>) -> bool {
        match item {
            Item::Sample(sample) => self.sample(out, &sample),
            Item::Lost { cpu, count, time_ns } => {
                let loss = Loss { boot_ns: self.boot.boot_ns(time_ns), cpu, count };
                match &mut self.style {
                    Style::Json(json) => json.lost(out, loss, self.wall),
                    Style::Text { lines, .. } => lines.lost(out, loss, self.wall),
                }
                false
            }
            _ => false,
        }
    }

    fn sample(&mut self, out: &mut Vec<u8>, sample: &Sample<'_>) -> bool {
        let Some(shown) = self.shown.get(sample.request) else { return false };
        let firing = Firing {
            shown,
            boot_ns: self.boot.boot_ns(sample.time_ns),
            late_ns: sample.late_ns,
            cpu: sample.cpu,
            pid: known(sample.pid),
            tid: known(sample.tid),
            record: sample.raw,
        };
        match &mut self.style {
            Style::Json(json) => json.firing(out, &firing, self.wall),
            Style::Text { lines, .. } => lines.firing(out, &firing, self.wall),
        }
        true
    }

    /// How often each has fired.
    pub(super) fn counts(&mut self, out: &mut Vec<u8>, tally: &Tally<'_>) {
        if let Style::Json(json) = &mut self.style {
            json.counts(out, tally, self.wall);
        }
    }

    /// The last line, where there is one.
    pub(super) fn bye(&self, out: &mut Vec<u8>, totals: &Totals, printed: u64) {
        if let Style::Json(_) = self.style {
            TraceJson::bye(out, totals, printed);
        }
    }
}

/// The kernel tells 0 of the idle task and outside of the pid namespace, and all ones of a task
/// that has just given up its pid.
fn known(pid: u32) -> Option<u32> {
    (pid != 0 && pid != u32::MAX).then_some(pid)
}
