//! The machine's changes → the causal set: a driver whose one follower is what was seen so far.

use std::{
    collections::HashSet,
    os::fd::BorrowedFd,
    sync::Arc,
    time::{Duration, Instant},
};

use nix::unistd::Pid;
use observer::{
    Error,
    cause::CausalSet,
    engine::Settings,
    event::{Kind, ProcessKey, Status, What},
    facts::Surety,
    follow::{Answer, Follower, Wish},
    live::{self, Attached, Live},
    machine::{Machine, boot_ns},
    origin::Origin,
    pace::{Totals, Wait},
    table::Change,
};

use crate::{plan::RunPlan, refusals::tell_refusals};

/// A machine whose events are told, before there is a command: nothing is missed any more.
pub(super) struct Observation {
    attached: Attached,
    begin: Instant,
    /// Events lost before there was a command.
    lost_before: u64,
}

impl Observation {
    pub(super) fn start(plan: &RunPlan) -> Result<Self, Error> {
        let begin = Instant::now();
        let attached = live::attach(&plan.source)?;
        tell_refusals(attached.refused(), attached.origin());
        let lost_before = attached.lost()?;
        Ok(Self { attached, begin, lost_before })
    }

    /// Of the command with this pid, which was not there before this time. The table is filled only
    /// now: the command need not wait for it, and what it did meanwhile waits in the ring.
    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    pub(super) fn of(self, command: Pid, begin_ns: u64, plan: &RunPlan) -> Result<Watch, Error> {
        let Self { attached, begin, lost_before } = self;
        let exact = attached.facts().exact_start == Surety::Always;
        let tick_ns = attached.machine().tick_ns();
        // What knows starts by clock ticks says that it began when its tick did.
        let spawned_ns = if exact { begin_ns } else { begin_ns / tick_ns * tick_ns };
        let mut seen = Seen {
            set: CausalSet::of_command(command.as_raw().unsigned_abs(), spawned_ns),
            unburied: HashSet::new(),
            stirred: Instant::now(),
            verbose: plan.verbose,
        };
        let live = attached.with_a_table(Settings::default(), &mut [&mut seen], &mut |_| {})?;
        if plan.verbose {
            let ring = plan.source.ring.bytes() / 1024;
            let (origin, ms) = (live.origin().name(), begin.elapsed().as_millis());
            eprintln!(
                "observer: events from {origin} after {ms} ms, with a ring buffer of {ring} KiB"
            );
        }
        Ok(Watch { live, seen, lost_before })
    }
}

/// An observation of a running command.
pub(super) struct Watch {
    live: Live,
    seen: Seen,
    lost_before: u64,
}

/// What was seen so far.
struct Seen {
    set: CausalSet,
    /// Those that have ended, and the kernel has not let go of: what they used is not final.
    unburied: HashSet<ProcessKey>,
    /// When something happened to one of the set.
    stirred: Instant,
    /// Whether to say who is overheard.
    verbose: bool,
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
    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.live.as_fd()
    }

    /// Takes in what has happened, and says how long to wait for more.
    pub(super) fn step(&mut self) -> Result<Wait, Error> {
        self.live.step(&mut [&mut self.seen], &mut |_| {})
    }

    /// Takes in all that has happened by now.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        self.live.settle(&mut [&mut self.seen], &mut |_| {})
    }

    /// Decides what can only be decided when nothing more comes: there may be more to follow then.
    pub(super) fn conclude(&mut self) -> Result<(), Error> {
        self.settle()?;
        self.seen.set.conclude(boot_ns()?);
        self.live.grant_wishes(&mut [&mut self.seen]);
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
        self.live.awaits_engines()
    }

    /// Ends the watching.
    pub(super) fn finish(self) -> Result<Whole, Error> {
        let Self { live, mut seen, lost_before } = self;
        let (machine, origin) = (Arc::clone(live.machine()), live.origin());
        let end_ns = boot_ns()?;
        let ended = live.finish(&mut [&mut seen], &mut |_| {})?;
        seen.set.conclude(end_ns);
        let totals = ended.totals;
        let lost = totals.lost.saturating_sub(lost_before);
        Ok(Whole { set: seen.set, machine, origin, totals, lost, end_ns })
    }
}

impl Follower for Seen {
    fn kinds(&self) -> &'static [Kind] {
        Follower::kinds(&self.set)
    }

    fn apply(&mut self, change: &Change) {
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

    fn next_wish(&mut self) -> Option<Wish> {
        self.set.next_wish()
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the report")]
    fn answer(&mut self, answer: &Answer) {
        self.set.answer(answer);
        let Answer::Overhearing { key, begun } = answer else { return };
        if !self.verbose {
            return;
        }
        let pid = key.pid;
        match begun {
            Ok(true) => {
                eprintln!("observer: watching what process {pid} asks of its container engine");
            }
            Ok(false) => eprintln!(
                "observer: this event source cannot watch what process {pid} asks of its \
                 container engine"
            ),
            Err(why) => eprintln!(
                "observer: cannot watch what process {pid} asks of its container engine: {why}"
            ),
        }
    }
}

impl Whole {
    /// How the command ended, by its own events.
    pub(super) fn status(&self) -> Option<Status> {
        self.set.command()?.end?.status
    }
}
