//! The build beside each contestant in turn, round after round.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::project::Project;
use super::timed::{self, Sample};
use super::told::Told;
use crate::quiet::{Others, Patience};
use crate::stats::median;

/// How often.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) rounds: usize,
    /// No round begins after so long, when there are some: a busy machine takes its time.
    pub(crate) time: Duration,
}

/// These there are however long they take.
const LEAST_ROUNDS: usize = 3;
/// What others may take of one CPU during a build that counts.
const TOLERATED: f64 = 0.2;
/// strace takes part in the first of so many: it is there for scale, and takes several times as long.
pub(crate) const ROUNDS_FOR_STRACE: usize = 5;

/// Where it is measured.
#[derive(Clone, Copy)]
pub(crate) struct Arena<'a> {
    pub(crate) observer: &'a Path,
    pub(crate) project: &'a Project,
    pub(crate) folder: &'a Path,
    pub(crate) patience: Patience,
}

/// One build.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Build {
    pub(crate) sample: Sample,
    pub(crate) told: Option<Told>,
    /// What others took meanwhile, of one CPU.
    pub(crate) others: f64,
}

/// The builds beside one contestant, round by round.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) contestant: Contestant,
    /// `None` where it took no part.
    pub(crate) builds: Vec<Option<Build>>,
}

/// What was measured.
#[derive(Debug)]
pub(crate) struct Scores {
    /// In any order.
    pub(crate) present: Vec<Score>,
    /// Those that cannot take part, with the reason.
    pub(crate) absent: Vec<(Contestant, String)>,
    /// Rounds that do not count, as others took too much.
    pub(crate) disturbed: usize,
}

/// The order is turned round from round to round: nobody always follows the same one.
pub(crate) fn play(arena: Arena<'_>, size: Size) -> Result<Scores> {
    let mut scores = warm_up(arena)?;
    let begin = Instant::now();
    for round in 1..=size.rounds {
        if round > LEAST_ROUNDS && begin.elapsed() > size.time {
            break;
        }
        for score in &mut scores.present {
            if !score.contestant.is_in(round) {
                score.builds.push(None);
                continue;
            }
            let build = arena.patience.undisturbed(|| arena.build(score.contestant))?;
            eprintln!(
                "round {round} of {}: `{}` {:.2?}, others took {:.0} % of a CPU",
                size.rounds,
                score.contestant.typed(),
                build.sample.wall,
                build.others * 100.0
            );
            score.builds.push(Some(build));
        }
        scores.present.reverse();
    }
    scores.leave_out_disturbed();
    Ok(scores)
}

/// One round that counts for nothing but who can take part.
fn warm_up(arena: Arena<'_>) -> Result<Scores> {
    let mut scores = Scores { present: Vec::new(), absent: Vec::new(), disturbed: 0 };
    for contestant in Contestant::ALL {
        match arena.build(contestant) {
            Ok(_) => scores.present.push(Score { contestant, builds: Vec::new() }),
            Err(error) if contestant == Contestant::Strace => {
                scores.absent.push((contestant, format!("{error:#}")));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(scores)
}

impl Arena<'_> {
    fn build(self, contestant: Contestant) -> Result<Build> {
        let place = self.project.fresh()?;
        let words = contestant.words(self.observer, self.folder);
        let others = Others::watch()?;
        let sample = timed::run(&words, place, &self.folder.join("said"))
            .with_context(|| format!("`{}` failed", contestant.typed()))?;
        Ok(Build { sample, others: others.share()?, told: contestant.told(self.folder)? })
    }
}

impl Scores {
    pub(crate) fn of(&self, contestant: Contestant) -> Option<&Score> {
        self.present.iter().find(|score| score.contestant == contestant)
    }

    /// Forgets the rounds in which others took too much, but for strace, which is there for scale.
    /// If hardly any would remain, all do: the page says what others took.
    fn leave_out_disturbed(&mut self) {
        let strace = |score: &&mut Score| score.contestant == Contestant::Strace;
        let mut scores: Vec<_> = self.present.iter_mut().filter(|score| !strace(score)).collect();
        let rounds = scores.iter().map(|score| score.builds.len()).min().unwrap_or_default();
        let is_calm = |build: &Option<Build>| build.is_some_and(|build| build.others <= TOLERATED);
        let calm: Vec<bool> = (0..rounds)
            .map(|round| scores.iter().all(|score| score.builds.get(round).is_some_and(is_calm)))
            .collect();
        let disturbed = calm.iter().filter(|calm| !**calm).count();
        if rounds - disturbed < LEAST_ROUNDS {
            return;
        }
        for score in &mut scores {
            let builds = score.builds.iter_mut().zip(&calm);
            builds.filter(|(_, calm)| !**calm).for_each(|(build, _)| *build = None);
        }
        self.disturbed = disturbed;
    }
}

impl Contestant {
    fn is_in(self, round: usize) -> bool {
        self != Self::Strace || round % ROUNDS_FOR_STRACE == 1
    }
}

impl Score {
    /// A figure of each build.
    pub(crate) fn figures(&self, figure: impl Fn(&Build) -> f64) -> Vec<f64> {
        self.builds.iter().flatten().map(figure).collect()
    }

    /// A figure of each build and the other's of the same round.
    pub(crate) fn pairs(&self, other: &Self, figure: impl Fn(&Build, &Build) -> f64) -> Vec<f64> {
        let pairs = self.builds.iter().zip(&other.builds);
        pairs.filter_map(|(own, other)| Some(figure(own.as_ref()?, other.as_ref()?))).collect()
    }

    /// By how much a figure is more than in the other's build of the same round, as a part of that;
    /// of strace, which is not in all, than in the median of all.
    pub(crate) fn more_than(&self, other: &Self, figure: impl Fn(&Build) -> f64) -> Vec<f64> {
        if self.contestant == Contestant::Strace {
            let usual = median(other.figures(&figure));
            return self.figures(|own| figure(own) / usual - 1.0);
        }
        self.pairs(other, |own, other| figure(own) / figure(other) - 1.0)
    }
}

impl Build {
    pub(crate) fn seconds(&self) -> f64 {
        self.sample.wall.as_secs_f64()
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.sample.cpu.as_secs_f64()
    }

    pub(crate) fn own_cpu_seconds(&self) -> f64 {
        self.sample.own_cpu.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(contestant: Contestant, seconds: &[(u64, f64)]) -> Score {
        let build = |(seconds, others): &(u64, f64)| {
            let wall = Duration::from_secs(*seconds);
            let (cpu, own_cpu) = (Duration::ZERO, Duration::ZERO);
            let sample = Sample { wall, cpu, own_cpu, own_peak_rss: 0 };
            Some(Build { sample, told: None, others: *others })
        };
        Score { contestant, builds: seconds.iter().map(build).collect() }
    }

    #[test]
    fn builds_of_one_round_are_compared() {
        let alone = score(Contestant::Nobody, &[(10, 0.0), (40, 0.0)]);
        let mut watched = score(Contestant::Observer, &[(15, 0.0), (50, 0.0)]);
        assert_eq!(watched.more_than(&alone, Build::seconds), [0.5, 0.25]);
        watched.builds[0] = None;
        assert_eq!(watched.more_than(&alone, Build::seconds), [0.25]);
        let strace = score(Contestant::Strace, &[(50, 0.0)]);
        assert_eq!(strace.more_than(&alone, Build::seconds), [1.0]);
    }

    #[test]
    fn disturbed_rounds_do_not_count_if_enough_remain() {
        let calm = [(10, 0.0); 3];
        let with_one = [(10, 0.0), (10, 0.0), (30, 0.9), (10, 0.0)];
        let scores = |alone: &[(u64, f64)], observed: &[(u64, f64)]| {
            let nobody = score(Contestant::Nobody, alone);
            let observer = score(Contestant::Observer, observed);
            let strace = score(Contestant::Strace, &[(50, 0.9)]);
            let present = vec![nobody, observer, strace];
            let mut scores = Scores { present, absent: Vec::new(), disturbed: 0 };
            scores.leave_out_disturbed();
            let counts: Vec<_> =
                scores.present.iter().map(|score| score.figures(Build::seconds).len()).collect();
            (counts, scores.disturbed)
        };
        assert_eq!(scores(&[(10, 0.0); 4], &with_one), (vec![3, 3, 1], 1));
        assert_eq!(scores(&calm, &with_one[..3]), (vec![3, 3, 1], 0));
    }
}
