//! The source that needs no eBPF: raw tracepoints by `perf_event_open(2)`, and /proc for what they
//! do not tell.
//!
//! In data-flow order: `point` says which tracepoints are read, `reading` understands their
//! records, `hear` puts them into words (`told`), `tracker` makes events of them,
//! asking /proc through `asked`; `tally` counts what became of them all, `bell` wakes the reader.
//!
//! Every life is told, however short. What only /proc knows (arguments, users, namespaces) is read
//! right after an exec, and is absent where that came too late; a child has what its parent was
//! known to have. Refuses to guess: how a process ended is told only if its cause was seen, and if
//! not two of its threads ended it at one moment in different ways; whether a core was dumped and
//! what was used, never. Where a thread is that got into other namespaces is looked up at once as
//! well, and told without the kernel's own ids.

mod asked;
mod bell;
mod clock;
mod ending;
mod hear;
mod known;
mod place;
mod point;
mod points;
mod reading;
mod step;
mod tally;
mod told;
mod tracker;

use std::{
    collections::VecDeque,
    fmt,
    os::fd::{AsFd as _, BorrowedFd},
    time::Duration,
};

use self::{
    asked::Proc,
    bell::Bell,
    clock::Clock,
    hear::Heard,
    points::Points,
    reading::Reading,
    step::DOZE,
    tally::Tally,
    tracker::{Tracker, Wanted},
};
use super::{CpuTotals, Item, Options, Origin, Source};
use crate::{
    Error,
    event::Kind,
    facts::{EventFacts, Surety},
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
    for_a_table: bool,
    /// All that is there is asked for, held or not.
    settles: bool,
    stopped: bool,
    /// What kept it from stopping.
    failure: Option<Error>,
    /// Since when something is lost without a look at all processes.
    torn_ns: Option<u64>,
}

/// Records wait this long for older ones of other CPUs: a fork is to precede its child's exec.
const HOLD: Duration = Duration::from_millis(1);

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
        let points = Points::find(&Tracefs::open()?, &options.all_kinds())?;
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
            for_a_table: options.walks,
            settles: false,
            stopped: false,
            failure: None,
            torn_ns: None,
        };
        source.track(&mut |_| {}, Tracker::look_around);
        source.tracker.is_ready(boot_ns()?);
        Ok(source)
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

    /// The tracepoints stay open: what they tell of other kinds is not handed on.
    fn attach(&mut self, kinds: &[Kind]) -> Result<(), Error> {
        self.tracker.tell_of(kinds);
        Ok(())
    }

    /// A few more than `limit` may come of what waited for one of them.
    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error> {
        if let Some(error) = self.failure.take() {
            return Err(error);
        }
        let (given, rings) = self.hand_on(limit, each)?;
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

    fn totals(&self) -> Result<Vec<CpuTotals>, Error> {
        Ok(self.tally.totals(&self.reader.lost()?))
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
