//! How loss is counted.

use zerocopy::{FromBytes, Immutable, IntoBytes};

use crate::Kind;

/// What one CPU counted since the programs were loaded, for each of their two copies. Each number has
/// one writer at a time: a program does not run in the middle of itself, and each counts its own kind.
/// For each kind, produced = delivered + lost.
///
/// Runs that the kernel skips are in none of these: see `passed_on`, `taken_over`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable)]
#[repr(C)]
pub struct Counters {
    /// Records that the programs tried to send, by kind.
    pub produced: [u64; Kind::COUNT],
    /// Those that found no room in the ring, by kind.
    pub lost: [u64; Kind::COUNT],
    /// Runs of a program that left what it was called for to its second copy, by kind.
    pub passed_on: [u64; Kind::COUNT],
    /// Runs of a second copy that did the work of the first, by kind. What the kernel skipped of the
    /// first program, and what that passed on, less these: that many were not looked at by anybody.
    pub taken_over: [u64; Kind::COUNT],
}

impl Counters {
    /// Events lost: all kinds but pieces of arguments, whose loss shortens an exec's arguments.
    /// What [`crate::Header::lost_before`] quotes.
    pub fn events_lost(&self) -> u64 {
        events(&self.lost)
    }

    /// Both together.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Self {
        let add = |of: fn(&Self) -> &[u64; Kind::COUNT]| {
            let (own, others) = (of(self), of(other));
            let mut sum = [0; Kind::COUNT];
            for (sum, (own, other)) in sum.iter_mut().zip(own.iter().zip(others)) {
                *sum = own + other;
            }
            sum
        };
        Self {
            produced: add(|counters| &counters.produced),
            lost: add(|counters| &counters.lost),
            passed_on: add(|counters| &counters.passed_on),
            taken_over: add(|counters| &counters.taken_over),
        }
    }

    /// Events that the programs tried to send.
    pub fn events_produced(&self) -> u64 {
        events(&self.produced)
    }
}

/// The sum without pieces of arguments.
fn events(numbers: &[u64; Kind::COUNT]) -> u64 {
    let kinds = numbers.iter().enumerate();
    kinds.filter(|(kind, _)| *kind != Kind::ARGS.index()).map(|(_, number)| number).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_arguments_are_no_events() {
        let mut counters = Counters::default();
        for kind in [Kind::FORK, Kind::CGROUP, Kind::ARGS, Kind::NAMESPACE, Kind::REQUEST] {
            counters.produced[kind.index()] = 1 << kind.0;
            counters.lost[kind.index()] = 1 << (20 + kind.0);
        }
        let events = 1 | 1 << 5 | 1 << 9 | 1 << 10;
        assert_eq!((counters.events_produced(), counters.events_lost()), (events, events << 20));
    }
}
