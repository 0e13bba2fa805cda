//! What one command did, round by round.

use anyhow::Result;

use super::measured::Sample;
use super::stats::{median, range};

/// A program that takes part.
pub(crate) trait Contestant {
    /// Whether its failure is no failure of the measurement: a peer's.
    fn may_fail(&self) -> bool;
}

/// What one contestant did, round by round.
#[derive(Debug)]
pub(crate) struct Score<C> {
    pub(crate) contestant: C,
    /// `None` where it failed.
    pub(crate) samples: Vec<Option<Sample>>,
    /// Why it failed last.
    pub(crate) failure: Option<String>,
}

impl<C: Contestant> Score<C> {
    pub(crate) fn new(contestant: C) -> Self {
        Self { contestant, samples: Vec::new(), failure: None }
    }

    /// A peer may fail; observer may not.
    pub(crate) fn add(&mut self, run: Result<Sample>) -> Result<()> {
        match run {
            Ok(sample) => self.samples.push(Some(sample)),
            Err(error) if self.contestant.may_fail() => {
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

    /// Its time in each round, in milliseconds.
    pub(crate) fn times(&self) -> impl Iterator<Item = Option<f64>> {
        self.samples.iter().map(|sample| sample.map(Sample::milliseconds))
    }

    /// Its time as a part of the other's, in each round that both ended well.
    pub(crate) fn ratios(&self, other: &Self) -> Vec<f64> {
        ratios(self.times(), other.times())
    }

    /// Median of [`Self::ratios`]; `None` if there are none.
    pub(crate) fn ratio(&self, other: &Self) -> Option<f64> {
        median_of(self.ratios(other).into_iter())
    }
}

/// One time as a part of another, in each round that has both.
pub(crate) fn ratios(
    own: impl Iterator<Item = Option<f64>>,
    other: impl Iterator<Item = Option<f64>>,
) -> Vec<f64> {
    own.zip(other).filter_map(|(own, other)| Some(own? / other?)).collect()
}

/// 0 would pass for a figure.
pub(crate) fn median_of(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values = values.peekable();
    values.peek().is_some().then(|| median(values))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use anyhow::anyhow;

    use super::*;

    #[derive(Debug)]
    enum Who {
        Observer,
        Peer,
    }

    impl Contestant for Who {
        fn may_fail(&self) -> bool {
            matches!(self, Self::Peer)
        }
    }

    fn score(who: Who, runs: [Option<u64>; 2]) -> Score<Who> {
        let mut score = Score::new(who);
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
        let observer = score(Who::Observer, [Some(10), Some(30)]);
        let peer = score(Who::Peer, [None, Some(60)]);
        assert_eq!(observer.ratios(&peer), [0.5]);
        assert_eq!((peer.failures(), peer.failure.as_deref()), (1, Some("no")));
        assert_eq!(peer.median(Sample::milliseconds), Some(60.0));
    }

    #[test]
    fn a_peer_that_always_fails_has_no_figure() {
        let observer = score(Who::Observer, [Some(10), Some(30)]);
        let peer = score(Who::Peer, [None, None]);
        assert_eq!(peer.median(Sample::milliseconds), None);
        assert_eq!(observer.ratio(&peer), None);
    }

    #[test]
    fn observer_must_not_fail() {
        let mut observer = score(Who::Observer, [Some(1), Some(1)]);
        assert!(observer.add(Err(anyhow!("no"))).is_err());
    }
}
