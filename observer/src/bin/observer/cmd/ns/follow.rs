//! What becomes of namespaces, line by line.

use std::time::Instant;

use observer::{
    Error,
    machine::{Machine, WallClock},
    namespace::{
        Follow, NamespaceKind,
        follow::{NamespaceEvent, Told},
    },
    pace::{Totals, Wait},
    render::namespace::{NewsJson, NewsText},
};

use crate::{
    exit::{Failure, Outcome},
    output::{Flow, Output, terminal_width},
    plan::{FollowPlan, Format},
    refusals::tell_refusals,
    signals::EndSignals,
    totals::tell_totals,
    until::{Until, wait_for_more},
};

/// Prints what becomes of namespaces until it is told to end, or nobody listens any more.
pub(crate) fn follow(plan: &FollowPlan) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let mut signals = EndSignals::block()?;
    let mut followed = Follow::open(&plan.source)?;
    tell_refusals(followed.refused(), followed.origin());
    let mut printer = Printer::new(plan, &followed)?;
    printer.ready(&followed, begin);
    let mut flow = printer.output.flush(&mut signals)?;
    while flow == Flow::On && !printer.is_done() {
        let wait = followed.step(&mut |told| printer.told(told))?;
        printer.clock.follow()?;
        flow = printer.output.flush(&mut signals)?;
        if flow == Flow::On && !printer.is_done() {
            let wait = match wait {
                Wait::AtMost(time) => Some(time),
                Wait::ForEvent => None,
            };
            let timeout = printer.until.timeout(wait);
            let source = Some(followed.as_fd());
            flow = wait_for_more(source, &mut signals, &printer.output, timeout)?;
        }
    }
    let totals = followed.finish(&mut |told| printer.told(told))?;
    if flow != Flow::Closed {
        printer.bye(&totals);
        printer.output.flush(&mut signals)?;
    }
    Ok(if plan.strict && totals.lost > 0 { Outcome::Lost } else { Outcome::Fine })
}

/// Prints as much as was asked for.
struct Printer<'a> {
    plan: &'a FollowPlan,
    output: Output,
    writer: Writer,
    clock: WallClock,
    until: Until,
    /// Lines so far, those that were not asked for included.
    seq: u64,
    printed: u64,
}

enum Writer {
    Json(NewsJson),
    Text(NewsText),
}

impl<'a> Printer<'a> {
    fn new(plan: &'a FollowPlan, followed: &Follow) -> Result<Self, Error> {
        let writer = match &plan.format {
            Format::Text { time, color, .. } => Writer::Text(NewsText::new(time.clone(), *color)),
            Format::Json | Format::Plain => {
                let machine = Machine::clone(followed.machine());
                Writer::Json(NewsJson::new(machine, followed.origin()))
            }
        };
        Ok(Self {
            plan,
            output: Output::new(),
            writer,
            clock: WallClock::read()?,
            until: Until::new(plan.limit, plan.duration),
            seq: 0,
            printed: 0,
        })
    }

    /// From here on nothing is missed.
    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    fn ready(&mut self, followed: &Follow, begin: Instant) {
        let lines = &mut self.output.lines;
        match &mut self.writer {
            Writer::Json(_) => NewsJson::ready(lines),
            Writer::Text(text) => {
                text.cut = terminal_width();
                if matches!(self.plan.format, Format::Text { header: true, .. }) {
                    text.header(lines);
                }
                eprintln!("observer: ready");
            }
        }
        if self.plan.verbose {
            let ms = begin.elapsed().as_millis();
            eprintln!("observer: namespaces by {} after {ms} ms", followed.origin().name());
        }
    }

    fn told(&mut self, told: Told<'_>) {
        self.seq += 1;
        let wanted = match told {
            Told::Event(event) => self.is_wanted(event),
            Told::Lost { .. } => true,
        };
        if !wanted || self.is_done() {
            return;
        }
        let lines = &mut self.output.lines;
        match &mut self.writer {
            Writer::Json(json) => json.told(lines, told, self.seq, self.clock),
            Writer::Text(text) => {
                text.cut = terminal_width();
                text.told(lines, told, self.clock);
            }
        }
        self.printed += u64::from(matches!(told, Told::Event(_)));
    }

    fn is_wanted(&self, event: &NamespaceEvent) -> bool {
        let kind: &NamespaceKind = &event.namespace.kind;
        let actor = event.actor.as_ref();
        let by = |pid| actor.is_some_and(|actor| actor.key.pid == pid);
        self.plan.kinds.contains(kind) && self.plan.pid.is_none_or(by)
    }

    fn is_done(&self) -> bool {
        self.until.is_reached(self.printed)
    }

    fn bye(&mut self, totals: &Totals) {
        if let Writer::Json(_) = self.writer {
            NewsJson::bye(&mut self.output.lines, totals, self.printed);
        }
        tell_totals(totals, self.printed);
    }
}
