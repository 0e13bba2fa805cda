//! A load at full rate, alone and beside each contestant.

use std::time::Duration;

use anyhow::Result;

use super::arena::{Arena, Outcome};
use super::contestant::{Contestant, Rings};
use super::event::Event;
use super::load::Load;
use crate::stats::{float, median, range};

/// What a load at full rate does, and what each made of it.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) event: Event,
    /// Loads with nobody watching.
    alone: Vec<f64>,
    pub(crate) present: Vec<Score>,
}

/// What one made of it in all rounds.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) contestant: Contestant,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// How many times longer the load took than with nobody watching.
    slowdown: f64,
    outcome: Outcome,
}

/// Each load beside a contestant stands between two with nobody.
pub(crate) fn play(
    arena: Arena<'_>,
    contestants: &[Contestant],
    (event, load): (Event, Load),
    rounds: usize,
) -> Result<Scores> {
    let score = |contestant: &Contestant| Score { contestant: *contestant, samples: Vec::new() };
    let present = contestants.iter().map(score).collect();
    let mut scores = Scores { event, alone: Vec::new(), present };
    for round in 1..=rounds {
        let mut before = arena.alone(load)?.wall;
        for score in &mut scores.present {
            let outcome = arena.beside(score.contestant, event, Rings::Default, load)?;
            let after = arena.alone(load)?;
            let slowdown = times(outcome.made.wall, (before + after.wall) / 2);
            eprintln!(
                "round {round} of {rounds}: {} at full rate beside {}: {slowdown:.2} times as long, \
                 {} of {} told",
                event.name(),
                score.contestant.name(),
                outcome.told,
                outcome.made.events
            );
            scores.alone.push(1e9 / after.rate());
            score.samples.push(Sample { slowdown, outcome });
            before = after.wall;
        }
    }
    Ok(scores)
}

/// How many times longer.
pub(crate) fn times(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}

impl Scores {
    /// Median time of an event with nobody watching, in nanoseconds.
    pub(crate) fn alone(&self) -> f64 {
        median(self.alone.iter().copied())
    }
}

impl Score {
    /// Median time of an event, in nanoseconds.
    pub(crate) fn time(&self) -> f64 {
        median(self.outcomes().map(|outcome| 1e9 / outcome.made.rate()))
    }

    /// Median of how many times longer the load took.
    pub(crate) fn slowdown(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.slowdown))
    }

    pub(crate) fn slowdown_range(&self) -> (f64, f64) {
        range(self.samples.iter().map(|sample| sample.slowdown))
    }

    /// Median of the parts that were told.
    pub(crate) fn told_share(&self) -> f64 {
        median(self.outcomes().map(|outcome| 1.0 - outcome.lost_share()))
    }

    /// Median of the events told in a second of the load.
    pub(crate) fn told_rate(&self) -> f64 {
        median(self.outcomes().map(|one| float(one.told) / one.made.wall.as_secs_f64()))
    }

    /// Median CPU time for each event told, in microseconds.
    pub(crate) fn cpu_per_event(&self) -> f64 {
        median(self.outcomes().map(Outcome::cpu_per_event))
    }

    fn outcomes(&self) -> impl Iterator<Item = &Outcome> {
        self.samples.iter().map(|sample| &sample.outcome)
    }
}
