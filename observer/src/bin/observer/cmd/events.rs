//! `observer events`: the live stream.

use std::{
    os::fd::BorrowedFd,
    time::{Duration, Instant},
};

use observer::{
    Error, Event,
    engine::Settings,
    event::What,
    follow::{Answer, Follower, Wish},
    live::{self, Ended, Live},
    machine::{Machine, WallClock},
    origin::Origin,
    pace::{Totals, Wait},
    render::{JsonLines, Place, TextLines, plain_line},
    table::Change,
};

use crate::{
    container::{Following, Verdict},
    drive::{Stream, drive},
    exit::{Failure, Outcome},
    output::{Flow, Output, terminal_width},
    plan::{EventsPlan, Format},
    refusals::tell_refusals,
    signals::EndSignals,
    totals::tell_totals,
    tree::Tree,
    until::Until,
};

/// How long the last answers of container engines are waited for.
const LAST_ANSWERS: Duration = Duration::from_secs(3);

/// Prints events until it is told to end, or nobody listens any more.
pub(crate) fn run(plan: &EventsPlan) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let mut signals = EndSignals::block()?;
    let following = follow(plan)?;
    let live = open(plan)?;
    let printer = Printer::new(plan, live.origin(), following)?;
    let mut events = Events { live, printer };
    events.printer.ready(begin);
    let flow = drive(&mut events, &mut signals)?;
    let Events { live, mut printer } = events;
    let ended = live.finish(&mut [&mut printer], &mut |_| {})?;
    let lost = ended.totals.lost;
    if flow != Flow::Closed {
        printer.print_the_rest(ended);
        printer.output.flush(&mut signals)?;
    }
    let lost = lost + printer.given_up();
    Ok(if plan.strict && lost > 0 { Outcome::Lost } else { Outcome::Fine })
}

fn follow(plan: &EventsPlan) -> Result<Option<Following<Held>>, Failure> {
    (!plan.containers.is_empty()).then(|| Following::start(&plan.containers)).transpose()
}

/// When it returns, nothing is missed any more, and a table knows every process. Who was there
/// before is no event.
fn open(plan: &EventsPlan) -> Result<Live, Error> {
    let attached = live::attach(&plan.source)?;
    tell_refusals(attached.refused(), attached.origin());
    if plan.table {
        attached.with_a_table(Settings::default(), &mut [], &mut |_| {})
    } else {
        attached.without_a_table()
    }
}

/// Events as they come, and who prints them.
struct Events<'a> {
    live: Live,
    printer: Printer<'a>,
}

impl Stream for Events<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.live.as_fd()
    }

    fn step(&mut self) -> Result<Wait, Failure> {
        let Self { live, printer } = self;
        let wait = live.step(&mut [printer], &mut |_| {})?;
        printer.prepare()?;
        Ok(match printer.following.as_ref().and_then(Following::due) {
            Some(due) => wait.no_longer_than(due),
            None => wait,
        })
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
            eprintln!(
                "observer: events from {} after {ms} ms, with a ring buffer of {ring} KiB",
                origin.name()
            );
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

    /// What is still held when no more events come, and the last line.
    fn print_the_rest(&mut self, mut ended: Ended) {
        let deadline = Instant::now() + LAST_ANSWERS;
        while self.waits_for_answers() {
            let left = deadline.saturating_duration_since(Instant::now());
            if !ended.hear_engines(left, &mut [self]) || left.is_zero() {
                break;
            }
        }
        while !self.until.has_printed_enough(self.printed)
            && let Some(Held { event, place }) =
                self.following.as_mut().and_then(Following::next_at_the_end)
        {
            self.print(&event, place);
        }
        self.bye(&ended.totals);
    }

    fn waits_for_answers(&self) -> bool {
        let holds = self.following.as_ref().is_some_and(Following::holds_something);
        holds && !self.until.has_printed_enough(self.printed)
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

    /// What the next lines depend on: what is known by now of containers, the clock, the terminal.
    fn prepare(&mut self) -> Result<(), Error> {
        self.clock.follow()?;
        if let Some(following) = &mut self.following {
            following.give_up();
            self.print_held();
        }
        if let Writer::Text(text) = &mut self.writer {
            text.cut = terminal_width();
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.until.is_reached(self.printed)
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

impl Follower for Printer<'_> {
    fn apply(&mut self, change: &Change) {
        let life = change.entry.as_ref().map_or(1, |entry| entry.life);
        self.event(&change.event, life);
    }

    fn next_wish(&mut self) -> Option<Wish> {
        self.following.as_mut()?.next_wish()
    }

    fn answer(&mut self, answer: &Answer) {
        if let Some(following) = &mut self.following {
            following.answer(answer);
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
