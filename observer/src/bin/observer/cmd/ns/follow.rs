//! What becomes of namespaces, line by line.

use std::{os::fd::BorrowedFd, time::Instant};

use observer::{
    Error,
    engine::Settings,
    live::{self, Live},
    machine::{Machine, WallClock},
    namespace::{
        NamespaceFollower, NamespaceKind,
        follow::{NamespaceEvent, News},
    },
    pace::{Totals, Wait},
    render::namespace::{NewsJson, NewsText},
};

use crate::{
    drive::{Stream, drive},
    exit::{Failure, Outcome},
    output::{Flow, Output, terminal_width},
    plan::{FollowPlan, Format},
    refusals::tell_refusals,
    signals::EndSignals,
    totals::tell_totals,
    until::Until,
};

/// Prints what becomes of namespaces until it is told to end, or nobody listens any more.
pub(crate) fn follow(plan: &FollowPlan) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let mut signals = EndSignals::block()?;
    let (live, follower) = open(plan)?;
    tell_refusals(live.refused(), live.origin());
    let printer = Printer::new(plan, &live)?;
    let mut news = Following { live, follower, printer };
    news.printer.ready(&news.live, begin);
    let flow = drive(&mut news, &mut signals)?;
    let Following { live, mut follower, mut printer } = news;
    let totals = live.finish(&mut [&mut follower], &mut |_| {})?.totals;
    printer.print(&mut follower);
    if flow != Flow::Closed {
        printer.bye(&totals);
        printer.output.flush(&mut signals)?;
    }
    Ok(if plan.strict && totals.lost > 0 { Outcome::Lost } else { Outcome::Fine })
}

/// When it returns, nothing is missed any more.
fn open(plan: &FollowPlan) -> Result<(Live, NamespaceFollower), Error> {
    let attached = live::attach(&plan.source)?;
    let mut follower = NamespaceFollower::new(attached.origin());
    let mut nobody = |_| {};
    let mut live = attached.with_a_table(Settings::default(), &mut [&mut follower], &mut nobody)?;
    while !follower.has_begun() {
        live.step(&mut [&mut follower], &mut nobody)?;
    }
    Ok((live, follower))
}

/// What becomes of namespaces, and who prints it.
struct Following<'a> {
    live: Live,
    follower: NamespaceFollower,
    printer: Printer<'a>,
}

impl Stream for Following<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.live.as_fd()
    }

    fn step(&mut self) -> Result<Wait, Failure> {
        let Self { live, follower, printer } = self;
        let wait = live.step(&mut [follower], &mut |_| {})?;
        printer.print(follower);
        printer.clock.follow()?;
        Ok(wait)
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
        self.printer.is_done()
    }
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
    fn new(plan: &'a FollowPlan, live: &Live) -> Result<Self, Error> {
        let writer = match &plan.format {
            Format::Text { time, color, .. } => Writer::Text(NewsText::new(time.clone(), *color)),
            Format::Json | Format::Plain => {
                let machine = Machine::clone(live.machine());
                Writer::Json(NewsJson::new(machine, live.origin()))
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
    fn ready(&mut self, live: &Live, begin: Instant) {
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
            eprintln!("observer: following namespaces with {} after {ms} ms", live.origin().name());
        }
    }

    /// What has become known since.
    fn print(&mut self, follower: &mut NamespaceFollower) {
        while let Some(news) = follower.next_news() {
            self.news(&news);
        }
    }

    fn news(&mut self, news: &News) {
        self.seq += 1;
        let wanted = match news {
            News::Event(event) => self.is_wanted(event),
            News::Lost { .. } => true,
        };
        if !wanted || self.is_done() {
            return;
        }
        let lines = &mut self.output.lines;
        match &mut self.writer {
            Writer::Json(json) => json.told(lines, news, self.seq, self.clock),
            Writer::Text(text) => {
                text.cut = terminal_width();
                text.told(lines, news, self.clock);
            }
        }
        self.printed += u64::from(matches!(news, News::Event(_)));
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
