//! The source that needs no eBPF: raw tracepoints by `perf_event_open(2)`, and /proc for what they
//! do not tell.
//!
//! In data-flow order: `point` says which tracepoints there are and understands their records,
//! `hear` puts that into words ([`told`]), `tracker` makes records of it, asking /proc through
//! `asked`; `tally` counts what became of them all, `bell` wakes the reader.
//!
//! Every life is told, however short. What only /proc knows (arguments, users, namespaces) is read
//! right after an exec, and is absent where that came too late; a child has what its parent was
//! known to have. Refuses to guess: how a process ended is told only if its cause was seen, and if
//! not two of its threads ended it at one moment in different ways; whether a core was dumped and
//! what was used, never.

mod asked;
mod bell;
mod clock;
mod ending;
mod given;
mod hear;
mod known;
mod place;
mod point;
mod tally;
mod told;
mod tracker;

use std::{
    collections::VecDeque,
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
    time::Duration,
};

use observer_common::{ABI_VERSION, Counters, Header};

use self::{
    asked::Proc,
    bell::Bell,
    clock::Clock,
    given::Given,
    hear::{Heard, hear, mark_the_overtaken},
    point::{Points, Reading},
    tally::Tally,
    tracker::{Tracker, Wanted, With},
};
use super::{Item, Options, Origin, Source};
use crate::{
    Error,
    facts::{EventFacts, Surety},
    feed::Wait,
    machine::{Machine, boot_ns},
    tracepoint::{
        Reader, Tracefs,
        reader::{self, Wake},
    },
};

/// Tracepoints that are being read, and what has been learned of every process.
///
/// Privileges: `CAP_PERFMON` and the right to read tracefs (root has both), in the initial pid
/// namespace. Without `CAP_SYS_PTRACE` the namespaces of other users' processes stay unknown.
pub struct PerfSource {
    reader: Reader,
    readings: Vec<Reading>,
    bell: Bell,
    clock: Clock,
    tracker: Tracker,
    asked: Proc,
    tally: Tally,
    /// Taken out of the rings, in the order of time.
    heard: VecDeque<Heard>,
    tells_ends: bool,
    /// All that is there is asked for, held or not.
    settles: bool,
    stopped: bool,
    /// What kept it from stopping.
    failure: Option<Error>,
    /// Since when something is lost without a look at all processes.
    torn_ns: Option<u64>,
}

/// Whether anything has come out of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rings {
    Silent,
    Heard,
}

/// Records wait this long for older ones of other CPUs: a fork is to precede its child's exec.
const HOLD: Duration = Duration::from_millis(1);

/// What the reader announces within this is there already, and held.
const SOON: Duration = Duration::from_millis(100);

/// While there are records, but none that is news to anybody, it looks this often.
const DOZE: Duration = Duration::from_millis(4);

/// Records taken out of the rings in one go.
const BATCH: usize = 1024;

/// After a loss all processes are looked at when nothing more comes, or after so long.
const PATIENCE_NS: u64 = 250_000_000;

impl PerfSource {
    /// Opens the tracepoints that the kinds asked for need, then learns which processes there are.
    /// When it returns, nothing is missed any more. Each tracepoint takes the kernel some 30 ms.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`] with the reason, such as
    /// [`Fault::PidNamespace`](crate::tracepoint::Fault::PidNamespace), a missing right or no
    /// tracefs; [`Error::System`].
    pub fn open(options: &Options) -> Result<Self, Error> {
        place::check_pid_namespace()?;
        let machine = Machine::read()?;
        let points = Points::find(&Tracefs::open()?, &options.kinds)?;
        let reading = reader::Options {
            ring: place::share(options.ring)?,
            hold: HOLD,
            wake: Wake::Each,
            without_self: false,
            ..reader::Options::default()
        };
        let reader = Reader::open(&points.requests, &reading)?;
        let wanted = Wanted {
            kinds: options.kinds.clone(),
            args_max: options.args_max,
            tick_ns: machine.tick_ns(),
        };
        let mut source = Self {
            bell: Bell::hang(reader.as_fd())?,
            reader,
            readings: points.readings,
            clock: Clock::read()?,
            tracker: Tracker::new(wanted),
            asked: Proc::open(machine)?,
            tally: Tally::default(),
            heard: VecDeque::new(),
            tells_ends: points.tell_ends,
            settles: false,
            stopped: false,
            failure: None,
            torn_ns: None,
        };
        source.track(&mut |_| {}, Tracker::look_around);
        Ok(source)
    }

    /// Takes out of the rings what is old enough, or all there is.
    fn listen(&mut self) -> Result<(), Error> {
        self.clock.follow()?;
        let Self { reader, readings, clock, heard, .. } = self;
        let mut hear = |item: reader::Item<'_>| heard.extend(hear(&item, readings, *clock));
        if std::mem::take(&mut self.settles) || self.stopped {
            reader.settle(&mut hear)?;
        } else {
            reader.drain(BATCH, &mut hear)?;
        }
        mark_the_overtaken(heard);
        Ok(())
    }

    fn understand(&mut self, heard: Heard, each: &mut dyn FnMut(Item<'_>)) -> usize {
        match heard {
            Heard::Told(told) => {
                return self.track(each, |tracker, with| tracker.take(told, with));
            }
            Heard::Lost { cpu, count } => {
                self.tally.lose(cpu, count);
                self.tracker.doubt();
                self.torn_ns = self.torn_ns.or_else(|| boot_ns().ok());
            }
            Heard::Malformed { cpu, request, malformed } => {
                if let Some(reading) = self.readings.get(request) {
                    self.tally.give(cpu, reading.point.kind());
                    each(Item::Malformed(malformed));
                    return 1;
                }
            }
        }
        0
    }

    /// Lets the tracker work and hands on the records that it gives; says how many.
    fn track(
        &mut self,
        each: &mut dyn FnMut(Item<'_>),
        work: impl FnOnce(&mut Tracker, &mut With<'_>),
    ) -> usize {
        let Self { tracker, asked, tally, .. } = self;
        let mut count = 0;
        let mut give = |given: &Given<'_>| {
            count += 1;
            tally.give(given.cpu, given.kind);
            each(Item::Record(header(given, tally), given.record));
        };
        work(tracker, &mut With { asked, give: &mut give });
        count
    }

    /// Nothing is left that was held long enough.
    fn rest(&mut self, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        const LONG_AGO_NS: u64 = 50_000_000;
        let passed_ns = boot_ns()?.saturating_sub(LONG_AGO_NS);
        Ok(self.track(each, |tracker, with| tracker.pass_time(passed_ns, with)))
    }

    /// After a loss: looks at all processes when there is time, or no more time to lose.
    fn mend(&mut self, rings: Rings) -> Result<(), Error> {
        let Some(since_ns) = self.torn_ns else { return Ok(()) };
        if rings == Rings::Silent || boot_ns()? > since_ns + PATIENCE_NS {
            self.torn_ns = None;
            self.track(&mut |_| {}, Tracker::look_again);
        }
        Ok(())
    }

    /// Of a reader that sleeps: what it was handed wakes it; what is held in the rings announces
    /// itself no more, nor does a CPU that comes.
    fn set_the_bell(&mut self, given: usize, rings: Rings) -> Result<(), Error> {
        if !self.bell.is_set() {
            return Ok(());
        }
        if given > 0 {
            return self.bell.take_off(self.reader.as_fd());
        }
        if rings == Rings::Heard {
            return self.bell.mute(self.reader.as_fd(), DOZE);
        }
        if self.bell.is_mute() {
            self.bell.set(self.reader.as_fd())?;
            // What came before that has rung for nobody.
            self.listen()?;
        }
        let held = !self.heard.is_empty();
        match self.reader.patience() {
            Wait::AtMost(time) if !held && time > SOON => self.bell.ring_in(time),
            _ => self.bell.ring_in(HOLD),
        }
    }
}

impl Source for PerfSource {
    fn origin(&self) -> Origin {
        Origin::Perf
    }

    fn facts(&self) -> EventFacts {
        EventFacts {
            lives: Surety::Always,
            exact_start: Surety::Never,
            arguments: Surety::InTime,
            credentials: Surety::InTime,
            namespaces: Surety::InTime,
            cgroup: Surety::InTime,
            status: if self.tells_ends { Surety::Always } else { Surety::Never },
            core_dumped: Surety::Never,
            usage: Surety::Never,
        }
    }

    fn has_walk(&self) -> bool {
        false
    }

    /// A few more than `limit` may come of what waited for one of them.
    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let mut given = 0;
        let mut rings = Rings::Silent;
        while given < limit {
            if self.heard.is_empty() {
                self.listen()?;
            }
            let Some(heard) = self.heard.pop_front() else {
                given += self.rest(each)?;
                break;
            };
            rings = Rings::Heard;
            given += self.understand(heard, each);
        }
        self.mend(rings)?;
        self.set_the_bell(given, rings)?;
        Ok(given)
    }

    fn settle(&mut self) -> Result<(), Error> {
        self.settles = true;
        Ok(())
    }

    fn as_fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    fn sleep(&mut self) -> Result<(), Error> {
        self.bell.set(self.reader.as_fd())?;
        self.bell.ring_in(DOZE)
    }

    fn counters(&self) -> Result<Vec<Counters>, Error> {
        Ok(self.tally.counters(&self.reader.lost()?, &self.readings))
    }

    fn walk(&mut self, _wanted: u32, _records: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn walk_arguments(&mut self, _records: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }

    fn stop(&mut self) {
        self.stopped = true;
        self.failure = self.reader.stop().err();
    }
}

impl fmt::Debug for PerfSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PerfSource").field("tally", &self.tally).finish_non_exhaustive()
    }
}

/// The header of a record that is handed on as it is: it has no length in any ring.
fn header(given: &Given<'_>, tally: &Tally) -> Header {
    Header {
        boot_ns: given.boot_ns,
        lost_before: tally.lost_before(given.cpu),
        len: 0,
        cpu: given.cpu,
        kind: given.kind,
        version: ABI_VERSION,
        absent: given.absent,
    }
}
