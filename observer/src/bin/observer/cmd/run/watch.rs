//! The machine's changes → the causal set, and what the set wishes for.

use std::{
    collections::HashSet,
    os::fd::{AsFd as _, BorrowedFd},
    sync::Arc,
    time::{Duration, Instant},
};

use nix::unistd::Pid;
use observer::{
    Error,
    cause::{CausalSet, Wish},
    engine::{Engine, Settings},
    engines::{Asker, Question},
    event::{ProcessKey, Status, What},
    facts::Surety,
    machine::{Machine, boot_ns},
    origin::Origin,
    pace::{Totals, Wait},
    source::{self, AnySource, Opened, Source as _},
    table::Change,
};

use crate::{exit::describe, plan::RunPlan, refusals::tell_refusals};

/// Questions at once: an engine with many containers is not stormed.
const QUESTIONS: usize = 4;

/// A machine that is observed, before there is a command.
pub(super) struct Observation {
    engine: Engine<AnySource>,
    asker: Asker,
    lost_before: u64,
    verbose: bool,
}

impl Observation {
    /// When it returns, nothing is missed any more, and the table knows every process.
    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    pub(super) fn start(plan: &RunPlan) -> Result<Self, Error> {
        let begin = Instant::now();
        let Opened { source, refused } = source::open(&plan.source)?;
        tell_refusals(&refused, source.origin());
        let machine = Arc::new(Machine::read()?);
        // Who was there before is not caused.
        let engine = Engine::start(source, machine, Settings::default(), &mut |_| {})?;
        if plan.verbose {
            let ring = plan.source.ring.bytes() / 1024;
            let (origin, ms) = (engine.source().origin().name(), begin.elapsed().as_millis());
            eprintln!("observer: events by {origin} in {ms} ms, ring of {ring} KiB");
        }
        let lost_before = engine.totals()?.lost;
        Ok(Self { engine, asker: Asker::new(QUESTIONS)?, lost_before, verbose: plan.verbose })
    }

    /// Of the command with this pid, which was not there before this time.
    pub(super) fn of(self, command: Pid, begin_ns: u64) -> Watch {
        let exact = self.engine.source().facts().exact_start == Surety::Always;
        let tick_ns = self.engine.machine().tick_ns();
        // What knows starts by clock ticks says that it began when its tick did.
        let spawned_ns = if exact { begin_ns } else { begin_ns / tick_ns * tick_ns };
        let seen = Seen {
            set: CausalSet::of_command(command.as_raw().unsigned_abs(), spawned_ns),
            unburied: HashSet::new(),
            stirred: Instant::now(),
        };
        Watch { observation: self, seen }
    }
}

/// The same, with one.
pub(super) struct Watch {
    observation: Observation,
    seen: Seen,
}

/// What was seen so far.
struct Seen {
    set: CausalSet,
    /// Those that have ended, and the kernel has not let go of: what they used is not final.
    unburied: HashSet<ProcessKey>,
    /// When something happened to one of the set.
    stirred: Instant,
}

/// What was seen in all.
pub(super) struct Whole {
    pub(super) set: CausalSet,
    pub(super) machine: Arc<Machine>,
    pub(super) origin: Origin,
    pub(super) totals: Totals,
    /// Lost since the command was started.
    pub(super) lost: u64,
    /// When the watching ended, in nanoseconds since boot.
    pub(super) end_ns: u64,
}

impl Watch {
    pub(super) fn set(&self) -> &CausalSet {
        &self.seen.set
    }

    /// Readable when events wait, and when an answer does.
    pub(super) fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.observation.engine.as_fd(), self.observation.asker.as_fd()]
    }

    /// Takes in what has happened, and says how long to wait for more.
    pub(super) fn step(&mut self) -> Result<Wait, Error> {
        let Self { observation: Observation { engine, asker, .. }, seen } = self;
        let wait = engine.step(&mut |change| seen.take_in(&change))?;
        seen.hear(asker);
        self.grant_wishes();
        Ok(wait)
    }

    /// Takes in all that has happened by now.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        let Self { observation, seen } = self;
        observation.engine.settle(&mut |change| seen.take_in(&change))?;
        self.grant_wishes();
        Ok(())
    }

    /// Decides what can only be decided when nothing more comes: there may be more to follow then.
    pub(super) fn conclude(&mut self) -> Result<(), Error> {
        self.settle()?;
        self.seen.set.conclude(boot_ns()?);
        self.grant_wishes();
        Ok(())
    }

    /// Whether the kernel has let go of all that have ended.
    pub(super) fn is_buried(&self) -> bool {
        self.seen.unburied.is_empty()
    }

    /// How long nothing has happened to any of the set.
    pub(super) fn rest(&self) -> Duration {
        self.seen.stirred.elapsed()
    }

    /// Whether an engine is still to answer.
    pub(super) fn is_told_more(&self) -> bool {
        self.observation.asker.is_waiting()
    }

    /// Ends the watching.
    pub(super) fn finish(self) -> Result<Whole, Error> {
        let Self { observation: Observation { engine, mut asker, lost_before, .. }, mut seen } =
            self;
        seen.hear(&mut asker);
        let (machine, origin) = (Arc::clone(engine.machine()), engine.source().origin());
        let end_ns = boot_ns()?;
        let totals = engine.finish(&mut |change| seen.take_in(&change))?;
        seen.set.conclude(end_ns);
        let lost = totals.lost.saturating_sub(lost_before);
        Ok(Whole { set: seen.set, machine, origin, totals, lost, end_ns })
    }

    fn grant_wishes(&mut self) {
        while let Some(wish) = self.seen.set.next_wish() {
            match wish {
                Wish::Overhear(key) => self.overhear(key),
                Wish::StopOverhearing(key) => {
                    // It has ended: at worst nothing more is heard of it for nothing.
                    let _still_attached = self.observation.engine.stop_overhearing(key);
                }
                wish => {
                    if let Some(question) = Question::of(wish) {
                        self.observation.asker.ask(question);
                    }
                }
            }
        }
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    fn overhear(&mut self, key: ProcessKey) {
        let heard = self.observation.engine.overhear(key);
        if !matches!(heard, Ok(true)) {
            self.seen.set.cannot_overhear(key);
        }
        if !self.observation.verbose {
            return;
        }
        let pid = key.pid;
        match heard {
            Ok(true) => eprintln!("observer: overhearing process {pid}"),
            Ok(false) => eprintln!("observer: process {pid} cannot be overheard by this source"),
            Err(error) => {
                eprintln!("observer: cannot overhear process {pid}: {}", describe(&error));
            }
        }
    }
}

impl Seen {
    /// Tells the set what engines have answered by now.
    fn hear(&mut self, asker: &mut Asker) {
        while let Some(answer) = asker.answer(Duration::ZERO) {
            answer.tell(&mut self.set);
        }
    }

    fn take_in(&mut self, change: &Change) {
        self.set.apply(change);
        let what = &change.event.what;
        let Some(key) = what.key().filter(|key| self.set.process(*key).is_some()) else { return };
        self.stirred = Instant::now();
        match what {
            What::Exit { .. } => {
                self.unburied.insert(key);
            }
            What::Free { .. } | What::Gone { .. } => {
                self.unburied.remove(&key);
            }
            _ => {}
        }
    }
}

impl Whole {
    /// How the command ended, by its own events.
    pub(super) fn status(&self) -> Option<Status> {
        self.set.command()?.end?.status
    }
}
