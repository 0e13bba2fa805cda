//! What became of the events: given or lost, by CPU.

use crate::{source::CpuTotals, tracepoint::reader::Lost};

/// One CPU's count.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    given: u64,
    /// Losses that have been met in the stream.
    met: u64,
    /// Events that could not be given, for what was lost before them.
    missed: u64,
}

/// The count of each CPU. A record of a tracepoint that was lost counts as an event, although none
/// might have come of it: a thread's, for example.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<Count>);

impl Tally {
    /// One was given.
    pub(super) fn give(&mut self, cpu: u32) {
        if let Some(count) = self.of(cpu) {
            count.given += 1;
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

    /// The totals of all CPUs: produced is what was given and what was lost, as the kernel counts it,
    /// or where it does not, as it was met.
    pub(super) fn totals(&self, lost: &[Lost]) -> Vec<CpuTotals> {
        let cpus = lost.iter().map(|lost| lost.cpu as usize + 1).max().unwrap_or(0);
        let mut all = vec![CpuTotals::default(); cpus.max(self.0.len())];
        for lost in lost {
            if let Some(totals) = all.get_mut(lost.cpu as usize) {
                totals.lost += lost.count;
            }
        }
        for (totals, count) in all.iter_mut().zip(&self.0) {
            totals.lost = totals.lost.max(count.met) + count.missed;
            totals.produced = count.given;
        }
        for totals in &mut all {
            totals.produced += totals.lost;
        }
        all
    }

    fn of(&mut self, cpu: u32) -> Option<&mut Count> {
        let cpu = cpu as usize;
        if self.0.len() <= cpu {
            self.0.resize(cpu + 1, Count::default());
        }
        self.0.get_mut(cpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn produced_is_given_and_lost() {
        let mut tally = Tally::default();
        tally.give(1);
        tally.give(1);
        tally.lose(1, 3);
        let [idle, busy] = tally.totals(&[])[..] else { panic!("not two CPUs") };
        assert_eq!(busy, CpuTotals { produced: 5, lost: 3 });
        assert_eq!((idle.produced, tally.lost_before(0)), (0, 0));
        assert_eq!((tally.lost_before(1), tally.lost_before(9)), (3, 0));
        tally.miss(1);
        assert_eq!(tally.totals(&[])[1], CpuTotals { produced: 6, lost: 4 });
        assert_eq!(tally.lost_before(1), 4);
    }
}
