//! `observer events`: the live stream.

use std::{os::fd::BorrowedFd, sync::Arc, time::Instant};

use nix::poll::PollTimeout;
use observer::{
    Error, Event,
    engine::{Engine, Settings},
    event::What,
    feed::Feed,
    machine::{Machine, WallClock},
    origin::Origin,
    pace::{Totals, Wait},
    render::{JsonLines, Place, TextLines, plain_line},
    source::{self, AnySource, Opened, Source as _},
    table::Change,
};

use crate::{
    container::{Following, Verdict},
    exit::{Failure, Outcome},
    output::{Flow, Output, terminal_width},
    plan::{EventsPlan, Format},
    refusals::tell_refusals,
    signals::EndSignals,
    totals::tell_totals,
    tree::Tree,
    until::{Until, wait_for_more},
};

/// Prints events until it is told to end, or nobody listens any more.
pub(crate) fn run(plan: &EventsPlan) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let mut signals = EndSignals::block()?;
    let following = follow(plan)?;
    let mut feed = Told::open(plan)?;
    let mut printer = Printer::new(plan, feed.origin(), following)?;
    printer.ready(begin);
    let mut flow = printer.output.flush(&mut signals)?;
    while flow == Flow::On && !printer.is_done() {
        let wait = feed.step(&mut |event, life| printer.event(event, life))?;
        flow = printer.flush(&mut signals)?;
        if flow == Flow::On && !printer.is_done() {
            let timeout = printer.timeout(wait);
            flow = wait_for_more(Some(feed.as_fd()), &mut signals, &printer.output, timeout)?;
        }
    }
    let totals = feed.finish(&mut |event, life| printer.event(event, life))?;
    if flow != Flow::Closed {
        printer.print_the_rest();
        printer.bye(&totals);
        printer.output.flush(&mut signals)?;
    }
    let lost = totals.lost + printer.given_up();
    Ok(if plan.strict && lost > 0 { Outcome::Lost } else { Outcome::Fine })
}

fn follow(plan: &EventsPlan) -> Result<Option<Following<Held>>, Failure> {
    (!plan.containers.is_empty()).then(|| Following::start(&plan.containers)).transpose()
}

/// Events as the kernel told them, or as a table did: with what they changed.
enum Told {
    Plainly(Box<Feed<AnySource>>),
    ByATable(Box<Engine<AnySource>>),
}

impl Told {
    /// When it returns, nothing is missed any more, and the table knows every process.
    fn open(plan: &EventsPlan) -> Result<Self, Error> {
        let Opened { source, refused } = source::open(&plan.source)?;
        tell_refusals(&refused, source.origin());
        if !plan.table {
            return Ok(Self::Plainly(Box::new(Feed::new(source))));
        }
        let machine = Arc::new(Machine::read()?);
        // Who was there before is no event.
        let engine = Engine::start(source, machine, Settings::default(), &mut |_| {})?;
        Ok(Self::ByATable(Box::new(engine)))
    }

    fn origin(&self) -> Origin {
        match self {
            Self::Plainly(feed) => feed.source().origin(),
            Self::ByATable(engine) => engine.source().origin(),
        }
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Plainly(feed) => feed.as_fd(),
            Self::ByATable(engine) => engine.as_fd(),
        }
    }

    /// Hands on each event with the ordinal of the process's life.
    fn step(&mut self, each: &mut dyn FnMut(&Event, u32)) -> Result<Wait, Error> {
        match self {
            Self::Plainly(feed) => feed.step(&mut |event| each(&event, 1)),
            Self::ByATable(engine) => engine.step(&mut |change| each(&change.event, life(&change))),
        }
    }

    fn finish(self, each: &mut dyn FnMut(&Event, u32)) -> Result<Totals, Error> {
        match self {
            Self::Plainly(feed) => feed.finish(&mut |event| each(&event, 1)),
            Self::ByATable(engine) => {
                engine.finish(&mut |change| each(&change.event, life(&change)))
            }
        }
    }
}

fn life(change: &Change) -> u32 {
    change.entry.as_ref().map_or(1, |entry| entry.life)
}

/// Decides which events are printed, and prints them.
struct Printer<'a> {
    plan: &'a EventsPlan,
    output: Output,
    writer: Writer,
    clock: WallClock,
    origin: Origin,
    tree: Option<Tree>,
    following: Option<Following<Held>>,
    until: Until,
    seq: u64,
    printed: u64,
}

/// An event of which it is not known yet whether it is to be printed.
#[derive(Debug)]
struct Held {
    event: Event,
    place: Place,
}

enum Writer {
    Json(JsonLines),
    Plain,
    Text(TextLines),
}

impl<'a> Printer<'a> {
    fn new(
        plan: &'a EventsPlan,
        origin: Origin,
        following: Option<Following<Held>>,
    ) -> Result<Self, Error> {
        let machine = Machine::read()?;
        Ok(Self {
            plan,
            output: Output::new(),
            writer: match &plan.format {
                Format::Json => Writer::Json(JsonLines::new(machine, origin)),
                Format::Plain => Writer::Plain,
                Format::Text { time, color, header: _ } => {
                    Writer::Text(TextLines::new(time.clone(), *color, machine.page_size))
                }
            },
            clock: WallClock::read()?,
            origin,
            tree: plan.tree.map(Tree::new),
            following,
            until: Until::new(plan.count, plan.duration),
            seq: 0,
            printed: 0,
        })
    }

    /// From here on nothing is missed.
    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    fn ready(&mut self, begin: Instant) {
        let Self { plan, output, writer, origin, .. } = self;
        match writer {
            Writer::Json(_) => {
                JsonLines::hello(&mut output.lines);
                JsonLines::ready(&mut output.lines);
            }
            Writer::Text(text) => {
                text.cut = terminal_width();
                if matches!(plan.format, Format::Text { header: true, .. }) {
                    text.header(&mut output.lines);
                }
                eprintln!("observer: ready");
            }
            Writer::Plain => eprintln!("observer: ready"),
        }
        if plan.verbose {
            let ring = plan.source.ring.bytes() / 1024;
            let ms = begin.elapsed().as_millis();
            eprintln!("observer: events by {} in {ms} ms, ring of {ring} KiB", origin.name());
        }
    }

    fn event(&mut self, event: &Event, life: u32) {
        self.seq += 1;
        let in_tree = self.tree.as_mut().is_none_or(|tree| tree.follow(event));
        if let (Some(following), Some(id)) = (&mut self.following, container(&event.what)) {
            following.notice(id);
        }
        let wanted = is_loss(event) || (in_tree && self.is_wanted(&event.what));
        if !wanted || self.is_done() {
            return;
        }
        let place = Place { seq: self.seq, life };
        match self.verdict(event) {
            Verdict::Show => self.print(event, place),
            Verdict::Hold => self.hold(event, place),
            Verdict::Drop => {}
        }
    }

    /// By its container alone.
    fn verdict(&mut self, event: &Event) -> Verdict {
        match (&mut self.following, container(&event.what)) {
            (None, _) => Verdict::Show,
            (Some(following), Some(id)) => following.verdict(Some(id)),
            (Some(following), None) if is_loss(event) => following.verdict(None),
            (Some(_), None) => Verdict::Drop,
        }
    }

    fn hold(&mut self, event: &Event, place: Place) {
        let Some(following) = &mut self.following else { return };
        let held = Held { event: event.clone(), place };
        following.hold(container(&event.what), held, size(event));
        if following.is_too_full() {
            self.print_held();
        }
    }

    /// Those of which it is known by now that they are to be printed.
    fn print_held(&mut self) {
        while let Some(Held { event, place }) = self.following.as_mut().and_then(Following::next) {
            self.print(&event, place);
        }
    }

    /// What is still held when no more events come.
    fn print_the_rest(&mut self) {
        if self.until.has_printed_enough(self.printed) {
            return;
        }
        if let Some(following) = &mut self.following {
            following.wait_for_answers();
        }
        while let Some(Held { event, place }) =
            self.following.as_mut().and_then(Following::next_at_the_end)
        {
            self.print(&event, place);
        }
    }

    fn print(&mut self, event: &Event, place: Place) {
        if self.until.has_printed_enough(self.printed) {
            return;
        }
        let Self { output, writer, clock, .. } = self;
        match writer {
            Writer::Json(json) => json.event(&mut output.lines, event, place, *clock),
            Writer::Plain => plain_line(&mut output.lines, event),
            Writer::Text(text) => text.event(&mut output.lines, event, *clock),
        }
        self.printed += u64::from(!is_loss(event));
    }

    fn is_wanted(&self, what: &What) -> bool {
        self.plan.events.contains(&what.kind()) && self.plan.filter.matches(what)
    }

    fn flush(&mut self, signals: &mut EndSignals) -> Result<Flow, Error> {
        self.clock.follow()?;
        if let Some(following) = &mut self.following {
            following.step();
            self.print_held();
        }
        if let Writer::Text(text) = &mut self.writer {
            text.cut = terminal_width();
        }
        self.output.flush(signals)
    }

    fn is_done(&self) -> bool {
        self.until.is_reached(self.printed)
    }

    fn timeout(&self, wait: Wait) -> PollTimeout {
        let source = match wait {
            Wait::AtMost(time) => Some(time),
            Wait::ForEvent => None,
        };
        let answer = self.following.as_ref().and_then(Following::due);
        self.until.timeout([source, answer].into_iter().flatten().min())
    }

    fn given_up(&self) -> u64 {
        self.following.as_ref().map_or(0, Following::given_up)
    }

    fn bye(&mut self, totals: &Totals) {
        if let Writer::Json(_) = self.writer {
            JsonLines::bye(&mut self.output.lines, totals, self.printed);
        }
        tell_totals(totals, self.printed);
        if let Some(following) = &self.following {
            following.tell_given_up();
        }
    }
}

fn is_loss(event: &Event) -> bool {
    matches!(event.what, What::Lost { .. } | What::Repair { .. })
}

fn container(what: &What) -> Option<&str> {
    Some(&what.process()?.container()?.id)
}

/// About what it takes in memory.
fn size(event: &Event) -> usize {
    let bytes = match &event.what {
        What::Exec { filename, args, .. } => {
            filename.len() + args.as_ref().map_or(0, |args| args.captured().len())
        }
        _ => 0,
    };
    size_of::<Event>() + bytes
}
