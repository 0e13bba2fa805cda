//! All contestants in turn, round after round, at each number of processes.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::contest::{Contestant, Job, Program, Programs};
use super::floor;
use crate::bench::crowd::{self, Crowd};
use crate::bench::measured::{self, Sample};
use crate::bench::quiet::Patience;
use crate::bench::stats::{median, range};

/// At how many processes, and how often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) processes: u64,
    pub(crate) rounds: usize,
}

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) programs: &'a Programs,
    pub(crate) contestants: &'a [Contestant],
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
}

/// What all did at one number of processes.
#[derive(Debug)]
pub(crate) struct Scores {
    pub(crate) size: Size,
    /// Processes that there really were.
    pub(crate) running: u64,
    pub(crate) all: Vec<Score>,
    /// Microseconds a process, round by round.
    pub(crate) floor: Vec<f64>,
}

/// What one contestant did, round by round.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) contestant: Contestant,
    /// `None` where it failed.
    pub(crate) samples: Vec<Option<Sample>>,
    /// Why it failed last.
    pub(crate) failure: Option<String>,
}

/// A size that was measured, or why it was not.
pub(crate) type Outcome = Result<Scores, (Size, String)>;

/// The crowd grows from size to size. A size that the machine cannot have is left out.
pub(crate) fn play(arena: Arena<'_>, sizes: &[Size]) -> Result<Vec<Outcome>> {
    let mut crowd = Crowd::new()?;
    let mut outcomes = Vec::new();
    for size in sizes {
        outcomes.push(match crowd.fill_up_to(size.processes) {
            Ok(()) => Ok(arena.play(*size, crowd.len())?),
            Err(error) => Err((*size, format!("{error:#}"))),
        });
    }
    Ok(outcomes)
}

impl Arena<'_> {
    fn play(self, size: Size, idle: usize) -> Result<Scores> {
        let running = crowd::running()?;
        eprintln!("{running} processes, {} rounds", size.rounds);
        let mut scores = Scores {
            size,
            running,
            all: self.contestants.iter().cloned().map(Score::new).collect(),
            floor: Vec::new(),
        };
        // One round that does not count: then caches are warm for all.
        self.round(idle)?;
        for _ in 0..size.rounds {
            let (runs, floor) = self.patience.undisturbed(|| self.round(idle))?;
            for (score, run) in scores.all.iter_mut().zip(runs) {
                score.add(run)?;
            }
            scores.floor.push(floor);
        }
        Ok(scores)
    }

    fn round(self, idle: usize) -> Result<(Vec<Result<Sample>>, f64)> {
        let runs = self.contestants.iter().map(|contestant| self.run(contestant, idle)).collect();
        Ok((runs, floor::measure()?))
    }

    /// One command, which must have listed all who were there the whole time, below a header.
    fn run(self, contestant: &Contestant, idle: usize) -> Result<Sample> {
        let output = self.folder.join("out");
        let sample = measured::run(&contestant.command(self.programs), &output)?;
        let lines = measured::lines(&output)?;
        ensure!(
            !contestant.job.prints_lines() || lines > idle,
            "`{}` printed {lines} lines of {idle} idle processes and all others",
            contestant.typed(),
        );
        Ok(sample)
    }
}

impl Score {
    pub(crate) fn new(contestant: Contestant) -> Self {
        Self { contestant, samples: Vec::new(), failure: None }
    }

    /// A peer may fail; observer may not.
    pub(crate) fn add(&mut self, run: Result<Sample>) -> Result<()> {
        match run {
            Ok(sample) => self.samples.push(Some(sample)),
            Err(error) if self.contestant.program != Program::Observer => {
                self.samples.push(None);
                self.failure = Some(format!("{error:#}"));
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// The rounds in which it failed.
    pub(crate) fn failures(&self) -> usize {
        self.samples.iter().filter(|sample| sample.is_none()).count()
    }

    /// Median of what `figure` is in each round; `None` if it always failed.
    pub(crate) fn median(&self, figure: impl Fn(Sample) -> f64) -> Option<f64> {
        median_of(self.figures(figure))
    }

    pub(crate) fn range(&self, figure: impl Fn(Sample) -> f64) -> (f64, f64) {
        range(self.figures(figure))
    }

    fn figures(&self, figure: impl Fn(Sample) -> f64) -> impl Iterator<Item = f64> {
        self.samples.iter().flatten().copied().map(figure)
    }

    /// Its time as a part of the other's, in each round that both ended well.
    pub(crate) fn ratios(&self, other: &Self) -> Vec<f64> {
        let pairs = self.samples.iter().zip(&other.samples);
        let pairs = pairs.filter_map(|(own, other)| Some((own.as_ref()?, other.as_ref()?)));
        pairs.map(|(own, other)| own.wall.as_secs_f64() / other.wall.as_secs_f64()).collect()
    }

    /// Median of [`Self::ratios`]; `None` if there are none.
    pub(crate) fn ratio(&self, other: &Self) -> Option<f64> {
        median_of(self.ratios(other).into_iter())
    }
}

/// 0 would pass for a figure.
fn median_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values = values.peekable();
    values.peek().is_some().then(|| median(values))
}

impl Scores {
    pub(crate) fn of(&self, job: Job, program: Program) -> Result<&Score> {
        let is_it =
            |score: &&Score| score.contestant.job == job && score.contestant.program == program;
        self.all.iter().find(is_it).with_context(|| format!("nobody does {}", job.name()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::anyhow;

    use super::super::contest;
    use super::*;

    fn score(program: Program, runs: [Option<u64>; 2]) -> Score {
        let mut all = contest::all_of("pid").into_iter();
        let mut score = Score::new(all.find(|one| one.program == program).unwrap());
        for run in runs {
            let sample = |wall| Sample {
                wall: Duration::from_millis(wall),
                cpu: Duration::ZERO,
                peak_rss: 0,
            };
            score.add(run.map(sample).ok_or_else(|| anyhow!("no"))).unwrap();
        }
        score
    }

    #[test]
    fn only_rounds_that_both_ended_are_compared() {
        let observer = score(Program::Observer, [Some(10), Some(30)]);
        let peer = score(Program::Psgo, [None, Some(60)]);
        assert_eq!(observer.ratios(&peer), [0.5]);
        assert_eq!((peer.failures(), peer.failure.as_deref()), (1, Some("no")));
        assert_eq!(peer.median(Sample::milliseconds), Some(60.0));
    }

    #[test]
    fn a_peer_that_always_fails_has_no_figure() {
        let observer = score(Program::Observer, [Some(10), Some(30)]);
        let peer = score(Program::Psgo, [None, None]);
        assert_eq!(peer.median(Sample::milliseconds), None);
        assert_eq!(observer.ratio(&peer), None);
    }

    #[test]
    fn observer_must_not_fail() {
        let mut observer = score(Program::Observer, [Some(1), Some(1)]);
        assert!(observer.add(Err(anyhow!("no"))).is_err());
    }
}
