//! What became of the records: given or lost, by CPU and kind.

use observer_common::{Counters, Kind};

use super::reading::Reading;
use crate::tracepoint::reader::Lost;

/// One CPU's count.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    given: [u64; Kind::COUNT],
    /// Losses that have been met in the stream.
    met: u64,
    /// Records that could not be given, for what was lost before them.
    missed: u64,
}

/// The count of each CPU. A record of a tracepoint that was lost counts as one of the kind that it
/// serves, although no record might have come of it: a thread's, for example.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<Count>);

impl Tally {
    /// One was given.
    pub(super) fn give(&mut self, cpu: u32, kind: Kind) {
        if let Some(given) = self.of(cpu).and_then(|count| count.given.get_mut(kind.index())) {
            *given += 1;
        }
    }

    /// So many were lost before what comes next.
    pub(super) fn lose(&mut self, cpu: u32, lost: u64) {
        if let Some(count) = self.of(cpu) {
            count.met += lost;
        }
    }

    /// One could not be given: it is lost as well.
    pub(super) fn miss(&mut self, cpu: u32) {
        if let Some(count) = self.of(cpu) {
            count.missed += 1;
        }
    }

    /// Losses of that CPU that stand before what comes next.
    pub(super) fn lost_before(&self, cpu: u32) -> u64 {
        self.0.get(cpu as usize).map_or(0, |count| count.met + count.missed)
    }

    /// The counters of all CPUs: produced is what was given and what was lost, as the kernel
    /// counts it, or where it does not, as it was met.
    pub(super) fn counters(&self, lost: &[Lost], readings: &[Reading]) -> Vec<Counters> {
        let kind = |lost: &Lost| readings.get(lost.request).map(|reading| reading.point.kind());
        let cpus = lost.iter().map(|lost| lost.cpu as usize + 1).max().unwrap_or(0);
        let mut counters = vec![Counters::default(); cpus.max(self.0.len())];
        for (counters, count) in counters.iter_mut().zip(&self.0) {
            counters.produced = count.given;
        }
        for lost in lost {
            let place = counters.get_mut(lost.cpu as usize);
            if let Some((counters, kind)) = place.zip(kind(lost)) {
                add(counters, kind, lost.count);
            }
        }
        for (counters, count) in counters.iter_mut().zip(&self.0) {
            let unknown = count.met.saturating_sub(counters.events_lost());
            add(counters, Kind::EXIT, unknown + count.missed);
        }
        counters
    }

    fn of(&mut self, cpu: u32) -> Option<&mut Count> {
        let cpu = cpu as usize;
        if self.0.len() <= cpu {
            self.0.resize(cpu + 1, Count::default());
        }
        self.0.get_mut(cpu)
    }
}

fn add(counters: &mut Counters, kind: Kind, lost: u64) {
    let Counters { produced, lost: all, .. } = counters;
    for number in [produced, all].into_iter().filter_map(|all| all.get_mut(kind.index())) {
        *number += lost;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn produced_is_given_and_lost() {
        let mut tally = Tally::default();
        tally.give(1, Kind::FORK);
        tally.give(1, Kind::EXIT);
        tally.lose(1, 3);
        let counters = tally.counters(&[], &[]);
        assert_eq!(counters.len(), 2);
        assert_eq!((counters[1].events_produced(), counters[1].events_lost()), (5, 3));
        assert_eq!((counters[0].events_produced(), tally.lost_before(0)), (0, 0));
        assert_eq!((tally.lost_before(1), tally.lost_before(9)), (3, 0));
        tally.miss(1);
        let counters = tally.counters(&[], &[]);
        assert_eq!((counters[1].events_produced(), counters[1].events_lost()), (6, 4));
        assert_eq!(tally.lost_before(1), 4);
    }
}
