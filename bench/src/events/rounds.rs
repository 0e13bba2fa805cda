//! The storm beside each contestant in turn, round after round, and what it cost.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::contestant::{Contestant, Printed, Running};
use super::storm::{Pace, Storm};
use crate::quiet::Patience;
use crate::stats::{float, median, range};

/// What one contestant did in one round.
#[derive(Debug, Clone, Copy)]
struct Sample {
    storm: Duration,
    /// How much longer the storm took than with nobody watching, as a part of that.
    slowdown: f64,
    observed: Observed,
}

#[derive(Debug, Clone, Copy)]
struct Observed {
    printed: Printed,
    cpu: Duration,
    peak_rss: u64,
    rss: u64,
}

/// What one contestant did in all rounds.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) contestant: Contestant,
    samples: Vec<Sample>,
}

/// All scores, and who was left out with the reason.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) size: Size,
    /// Storms with nobody watching.
    alone: Vec<Duration>,
    pub(crate) present: Vec<Score>,
    pub(crate) absent: Vec<(Contestant, String)>,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) processes: u64,
    pub(crate) rounds: usize,
}

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) observer: &'a Path,
    pub(crate) storm: &'a Storm,
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
}

/// Each storm beside a contestant stands between two with nobody, so that a machine that slowly
/// changes its speed changes no figure.
pub(crate) fn play(arena: Arena<'_>, size: Size) -> Result<Scores> {
    let mut scores = warm_up(arena, size)?;
    for round in 1..=size.rounds {
        let mut before = arena.alone(size.processes)?;
        for score in &mut scores.present {
            let (storm, observed) = arena.beside(score.contestant, size.processes)?;
            let after = arena.alone(size.processes)?;
            let alone = (before + after) / 2;
            let slowdown = storm.as_secs_f64() / alone.as_secs_f64() - 1.0;
            let name = score.contestant.name();
            eprintln!(
                "round {round} of {}: alone {before:.2?}, {name} {storm:.2?}, alone {after:.2?}: \
                 {:+.1} %",
                size.rounds,
                slowdown * 100.0
            );
            score.samples.push(Sample { storm, slowdown, observed });
            scores.alone.push(after);
            before = after;
        }
    }
    Ok(scores)
}

/// One round that counts for nothing but who can take part.
fn warm_up(arena: Arena<'_>, size: Size) -> Result<Scores> {
    let mut scores = Scores { size, alone: Vec::new(), present: Vec::new(), absent: Vec::new() };
    for contestant in Contestant::ALL {
        match arena.beside(contestant, size.processes) {
            Ok(_) => scores.present.push(Score { contestant, samples: Vec::new() }),
            Err(error) if contestant != Contestant::Observer => {
                scores.absent.push((contestant, format!("{error:#}")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(scores)
}

impl Arena<'_> {
    fn alone(self, processes: u64) -> Result<Duration> {
        self.patience.undisturbed(|| self.storm.run(Pace::Full, processes))
    }

    fn beside(self, contestant: Contestant, processes: u64) -> Result<(Duration, Observed)> {
        self.patience.undisturbed(|| {
            let running = Running::start(contestant, self.observer, self.folder)?;
            let process = running.process();
            let cpu_before = process.cpu_time()?;
            let storm = self.storm.run(Pace::Full, processes)?;
            process.settle()?;
            let cpu = process.cpu_time()?.saturating_sub(cpu_before);
            let (peak_rss, rss) = (process.peak_rss()?, process.rss()?);
            Ok((storm, Observed { printed: running.end()?, cpu, peak_rss, rss }))
        })
    }
}

impl Scores {
    pub(crate) fn of(&self, contestant: Contestant) -> Option<&Score> {
        self.present.iter().find(|score| score.contestant == contestant)
    }

    /// Lines about the storm that a contestant should have printed in all rounds.
    pub(crate) fn expected(&self, score: &Score) -> u64 {
        score.contestant.lines_per_process() * self.size.processes * score.samples.len() as u64
    }

    /// Median time of a storm with nobody watching, in seconds.
    pub(crate) fn alone(&self) -> f64 {
        median(self.alone.iter().map(Duration::as_secs_f64))
    }
}

impl Score {
    /// Median time of the storm in seconds.
    pub(crate) fn storm(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.storm.as_secs_f64()))
    }

    /// Median of the rounds' slow-downs, as a part of the baseline.
    pub(crate) fn slowdown(&self) -> f64 {
        median(self.samples.iter().map(|sample| sample.slowdown))
    }

    /// The least and the most of the rounds' slow-downs.
    pub(crate) fn slowdown_range(&self) -> (f64, f64) {
        range(self.samples.iter().map(|sample| sample.slowdown))
    }

    /// Lines printed about the storm in all rounds.
    pub(crate) fn printed(&self) -> u64 {
        self.observed().map(|observed| observed.printed.lines).sum()
    }

    /// What it says it lost in all rounds; `None` if it never says.
    pub(crate) fn lost(&self) -> Option<u64> {
        self.observed().map(|observed| observed.printed.lost).sum()
    }

    /// Median CPU time of the process for each line, in microseconds.
    pub(crate) fn cpu_per_line(&self) -> f64 {
        median(self.observed().map(|observed| {
            observed.cpu.as_secs_f64() * 1e6 / float(observed.printed.lines.max(1))
        }))
    }

    /// Median of the rounds' largest resident sizes, in KiB.
    pub(crate) fn peak_rss(&self) -> f64 {
        median(self.observed().map(|observed| float(observed.peak_rss)))
    }

    /// Median resident size after the storm, in KiB.
    pub(crate) fn rss(&self) -> f64 {
        median(self.observed().map(|observed| float(observed.rss)))
    }

    fn observed(&self) -> impl Iterator<Item = Observed> {
        self.samples.iter().map(|sample| sample.observed)
    }
}
