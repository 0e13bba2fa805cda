//! How often a tracepoint fires, without a word about each time: a load beside each counter.

mod counter;
mod session;

use std::time::Duration;

use anyhow::Result;

pub(crate) use self::counter::Counter;
use self::session::Session;
use super::arena::Arena;
use super::event::Event;
use super::full::times;
use super::load::{self, Load, Made};
use crate::stats::{median, range};

/// What one did in all rounds.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) counter: Counter,
    pub(crate) event: Event,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// How many times longer the load took than with nobody watching.
    slowdown: f64,
    made: Made,
    counted: u64,
    /// Of the counter, while the load ran.
    cpu: Duration,
}

/// Each load beside a counter stands between two with nobody.
pub(crate) fn play(
    arena: Arena<'_>,
    counters: &[Counter],
    (event, load): (Event, Load),
    rounds: usize,
) -> Result<Vec<Score>> {
    let score = |counter: &Counter| Score { counter: *counter, event, samples: Vec::new() };
    let mut scores: Vec<_> = counters.iter().map(score).collect();
    for round in 1..=rounds {
        let mut before = arena.alone(load)?.wall;
        for score in &mut scores {
            let (made, counted, cpu) = beside(arena, score.counter, event, load)?;
            let after = arena.alone(load)?.wall;
            let slowdown = times(made.wall, (before + after) / 2);
            eprintln!(
                "round {round} of {rounds}: {} counted by {}: {slowdown:.2} times as long, \
                 {counted} of {} counted, {:.2} % of a CPU",
                event.name(),
                score.counter.name(),
                made.events,
                100.0 * times(cpu, made.wall)
            );
            score.samples.push(Sample { slowdown, made, counted, cpu });
            before = after;
        }
    }
    Ok(scores)
}

fn beside(
    arena: Arena<'_>,
    counter: Counter,
    event: Event,
    load: Load,
) -> Result<(Made, u64, Duration)> {
    arena.patience.undisturbed(|| {
        let session = Session::start(counter, event, arena.observer, arena.folder)?;
        let counted_before = session.counted()?;
        let process = session.process();
        let cpu_before = process.cpu_time()?;
        let made = load::run(load)?;
        let cpu = process.cpu_time()?.saturating_sub(cpu_before);
        session.wait_for(counted_before + made.events, Duration::from_secs(5))?;
        let counted = session.end()?.saturating_sub(counted_before);
        Ok((made, counted, cpu))
    })
}

impl Score {
    /// Median CPU time while the load ran, as a part of one CPU.
    pub(crate) fn cpu_share(&self) -> f64 {
        median(self.samples.iter().map(|one| times(one.cpu, one.made.wall)))
    }

    pub(crate) fn slowdown(&self) -> f64 {
        median(self.samples.iter().map(|one| one.slowdown))
    }

    pub(crate) fn slowdown_range(&self) -> (f64, f64) {
        range(self.samples.iter().map(|one| one.slowdown))
    }

    /// Median of events made in a second.
    pub(crate) fn rate(&self) -> f64 {
        median(self.samples.iter().map(|one| one.made.rate()))
    }

    /// What the load made in all rounds and was not counted.
    pub(crate) fn missed(&self) -> u64 {
        self.samples.iter().map(|one| one.made.events.saturating_sub(one.counted)).sum()
    }

    pub(crate) fn made(&self) -> u64 {
        self.samples.iter().map(|one| one.made.events).sum()
    }
}
