//! Paced loads, one faster than the other: up to which rate each contestant loses nothing.

use anyhow::Result;

use super::arena::{Arena, Outcome};
use super::contestant::{Contestant, Rings};
use super::event::Event;
use super::load::Load;
use crate::stats::{float, median};

/// Calls a second.
pub(crate) const RATES: [u64; 7] = [25_000, 50_000, 100_000, 200_000, 400_000, 800_000, 1_600_000];

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rounds: usize,
    pub(crate) milliseconds: u64,
}

/// How far all came.
#[derive(Debug)]
pub(crate) struct Ladder {
    pub(crate) size: Size,
    pub(crate) climbs: Vec<Climb>,
}

/// How far one came.
#[derive(Debug)]
pub(crate) struct Climb {
    pub(crate) contestant: Contestant,
    /// Of each rate, in all rounds in which it came so far.
    rungs: [Vec<Outcome>; RATES.len()],
}

/// What became of a rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rung {
    /// Nothing was lost; the median CPU time for each event, in microseconds.
    Carried(f64),
    /// The most that were lost in a round, of so many.
    Lost(u64, u64),
    /// Beside it the load was too slow; events a second that it reached at least.
    TooSlow(f64),
    /// It had failed at a lower rate in some round.
    NotTried,
}

/// In each round all take the rungs in turn; who fails at one tries no higher one.
pub(crate) fn play(
    arena: Arena<'_>,
    contestants: &[Contestant],
    rings: Rings,
    size: Size,
) -> Result<Ladder> {
    let mut climbs: Vec<_> = contestants.iter().copied().map(Climb::new).collect();
    for round in 1..=size.rounds {
        let mut climbing: Vec<_> = climbs.iter_mut().collect();
        for (rung, rate) in RATES.into_iter().enumerate() {
            let number = rate * size.milliseconds / 1000;
            let load = Load::Calls { number, rate: Some(rate) };
            let mut still_climbing = Vec::new();
            for climb in climbing {
                let outcome = arena.beside(climb.contestant, Event::Call, rings, load)?;
                eprintln!(
                    "round {round} of {}: {rate} calls a second beside {}: {:.0} reached, {} lost, \
                     {:.2} µs an event",
                    size.rounds,
                    climb.contestant.name(),
                    outcome.made.rate(),
                    outcome.lost(),
                    outcome.cpu_per_event()
                );
                let carried = carried(&outcome, rate);
                climb.rungs.get_mut(rung).into_iter().for_each(|rung| rung.push(outcome.clone()));
                if carried {
                    still_climbing.push(climb);
                }
            }
            climbing = still_climbing;
        }
    }
    Ok(Ladder { size, climbs })
}

fn carried(outcome: &Outcome, rate: u64) -> bool {
    outcome.lost() == 0 && reached(outcome, rate)
}

/// A load that others slow down does not keep its pace.
fn reached(outcome: &Outcome, rate: u64) -> bool {
    outcome.made.rate() >= 0.9 * float(rate)
}

impl Ladder {
    pub(crate) fn of(&self, contestant: Contestant) -> Option<&Climb> {
        self.climbs.iter().find(|climb| climb.contestant == contestant)
    }
}

impl Climb {
    fn new(contestant: Contestant) -> Self {
        Self { contestant, rungs: Default::default() }
    }

    /// The highest rate at which nothing was lost in any round.
    pub(crate) fn rate(&self, size: Size) -> Option<u64> {
        let carried = |rate: &u64| matches!(self.rung(*rate, size), Rung::Carried(_));
        RATES.into_iter().take_while(carried).last()
    }

    pub(crate) fn rung(&self, rate: u64, size: Size) -> Rung {
        let outcomes = self.outcomes(rate);
        if outcomes.is_empty() {
            return Rung::NotTried;
        }
        let lost = outcomes.iter().max_by_key(|outcome| outcome.lost());
        if let Some(outcome) = lost.filter(|outcome| outcome.lost() > 0) {
            return Rung::Lost(outcome.lost(), outcome.made.events);
        }
        if !outcomes.iter().all(|outcome| reached(outcome, rate)) {
            let rates = outcomes.iter().map(|outcome| outcome.made.rate());
            return Rung::TooSlow(rates.fold(f64::INFINITY, f64::min));
        }
        if outcomes.len() < size.rounds {
            return Rung::NotTried;
        }
        Rung::Carried(median(outcomes.iter().map(Outcome::cpu_per_event)))
    }

    /// Median CPU time for each event told, in microseconds, whatever was lost.
    pub(crate) fn cpu_per_event(&self, rate: u64) -> f64 {
        median(self.outcomes(rate).iter().map(Outcome::cpu_per_event))
    }

    fn outcomes(&self, rate: u64) -> &[Outcome] {
        let rungs = RATES.iter().zip(&self.rungs);
        rungs
            .filter(|(one, _)| **one == rate)
            .map(|(_, outcomes)| &**outcomes)
            .next()
            .unwrap_or(&[])
    }
}

#[cfg(test)]
impl Climb {
    /// One of these outcomes at each rate, in one round.
    pub(crate) fn of(contestant: Contestant, outcomes: impl IntoIterator<Item = Outcome>) -> Self {
        let mut climb = Self::new(contestant);
        for (rung, outcome) in climb.rungs.iter_mut().zip(outcomes) {
            rung.push(outcome);
        }
        climb
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::load::Made;

    fn outcome(events: u64, told: u64, wall: Duration) -> Outcome {
        let made = Made { wall, events, ids: Vec::new() };
        Outcome { made, told, cpu: Duration::from_micros(events) }
    }

    #[test]
    fn a_rate_counts_when_nothing_was_lost_in_any_round() {
        let size = Size { rounds: 1, milliseconds: 1000 };
        let second = Duration::from_secs(1);
        let complete = outcome(25_000, 25_000, second);
        // A line too many is no loss.
        let more = outcome(50_000, 50_001, second);
        let lossy = outcome(100_000, 90_000, second);
        let mut climb = Climb::of(Contestant::Bpftrace, [complete, more, lossy]);
        assert_eq!(climb.rate(size), Some(50_000));
        assert!(matches!(climb.rung(25_000, size), Rung::Carried(cpu) if (cpu - 1.0).abs() < 1e-9));
        assert_eq!(climb.rung(100_000, size), Rung::Lost(10_000, 100_000));
        assert_eq!(climb.rung(200_000, size), Rung::NotTried);
        // Another round, in which it lost one at once.
        climb.rungs[0].push(outcome(25_000, 24_999, second));
        let size = Size { rounds: 2, ..size };
        assert_eq!(climb.rate(size), None);
        assert_eq!(climb.rung(50_000, size), Rung::NotTried, "only tried in one round of two");
    }

    #[test]
    fn a_load_that_was_slowed_down_reached_no_rate() {
        let size = Size { rounds: 1, milliseconds: 1000 };
        let slow = outcome(25_000, 25_000, Duration::from_secs(2));
        let climb = Climb::of(Contestant::PerfTrace, [slow]);
        assert_eq!(climb.rung(25_000, size), Rung::TooSlow(12_500.0));
        assert_eq!(climb.rate(size), None);
    }
}
