//! The records of one ring that wait for their turn, by time.
//!
//! A ring is nearly in order: an interrupt that comes while a record is being written has a later
//! time and an earlier place. So a new record goes in from the end, past the few that are younger.

use std::collections::VecDeque;

use super::record::{Found, Span, find};

/// A record of the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) time_ns: u64,
    /// Where it begins, as positions of the ring count.
    pub(super) position: u64,
    pub(super) length: u16,
    pub(super) kind: Kind,
}

/// What a record tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A tracepoint fired.
    Sample,
    /// Records found no room here.
    Loss,
}

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Queue {
    entries: VecDeque<Entry>,
    /// Up to where the ring was taken in.
    seen: u64,
    newest_ns: u64,
    /// From here on, entries lie in the ring as they do here.
    orderly_from: u64,
}

impl Queue {
    /// Up to where the ring was taken in.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// Takes in what the ring has got since; says how many pieces of it are damaged.
    pub(super) fn take_in(&mut self, span: Span<'_>) -> u64 {
        let mut damaged = 0;
        let mut at = 0;
        let mut loss = None;
        while let Some(found) = find(span, at) {
            let position = self.seen + at as u64;
            at += match found {
                Found::Sample { time_ns, length } => {
                    // A loss has the time of its own record's writing; its place is before the
                    // record that told it.
                    if let Some((position, length)) = loss.take() {
                        self.push(time_ns, position, length, Kind::Loss);
                    }
                    self.push(time_ns, position, length, Kind::Sample);
                    length
                }
                Found::Lost { length, .. } => {
                    if let Some((position, length)) = loss.replace((position, length)) {
                        self.push(self.newest_ns, position, length, Kind::Loss);
                    }
                    length
                }
                Found::Other { length } => length,
                Found::Damaged => {
                    damaged += 1;
                    break;
                }
            };
        }
        if let Some((position, length)) = loss {
            self.push(self.newest_ns, position, length, Kind::Loss);
        }
        self.seen += span.len() as u64;
        damaged
    }

    /// Of a ring that has gone around before.
    #[cfg(test)]
    pub(super) fn start_at(&mut self, position: u64) {
        self.seen = position;
    }

    fn push(&mut self, time_ns: u64, position: u64, length: usize, kind: Kind) {
        // A record's length is 16 bits wide.
        let length = u16::try_from(length).unwrap_or(u16::MAX);
        let entry = Entry { time_ns, position, length, kind };
        self.newest_ns = self.newest_ns.max(time_ns);
        let younger = self.entries.iter().rev().take_while(|other| other.time_ns > time_ns).count();
        if younger == 0 {
            self.entries.push_back(entry);
            return;
        }
        self.orderly_from = position + 1;
        self.entries.insert(self.entries.len() - younger, entry);
    }

    /// The oldest one.
    pub(super) fn front(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// Takes the oldest one.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        self.entries.pop_front()
    }

    /// Up to where nothing of the ring waits any more.
    pub(super) fn done(&self) -> u64 {
        match self.entries.front() {
            None => self.seen,
            Some(front) if front.position >= self.orderly_from => front.position,
            Some(front) => {
                let positions = self.entries.iter().map(|entry| entry.position);
                positions.min().unwrap_or(front.position)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::record::tests::{lost, sample},
        *,
    };

    fn taken(records: &[Vec<u8>]) -> (Queue, u64) {
        let mut queue = Queue::default();
        let bytes = records.concat();
        let damaged = queue.take_in(Span::new((&bytes, &[])));
        (queue, damaged)
    }

    #[test]
    fn what_an_interrupt_put_ahead_comes_in_its_turn() {
        let (mut queue, _) = taken(&[sample(1, 5, b""), sample(2, 9, b""), sample(1, 7, b"")]);
        let mut times = Vec::new();
        let mut done = Vec::new();
        while let Some(entry) = queue.pop() {
            times.push(entry.time_ns);
            done.push(queue.done());
        }
        assert_eq!(times, [5, 7, 9]);
        assert_eq!(done, [56, 56, 168], "the room of the one in the middle is not free before it");
    }

    #[test]
    fn a_loss_stands_before_the_record_that_told_it() {
        let records = [sample(1, 5, b""), lost(3, 8), sample(1, 7, b""), sample(1, 9, b"")];
        let (mut queue, _) = taken(&records);
        let kinds: Vec<_> =
            std::iter::from_fn(|| queue.pop()).map(|entry| (entry.kind, entry.time_ns)).collect();
        let sample = |time_ns| (Kind::Sample, time_ns);
        assert_eq!(kinds, [sample(5), (Kind::Loss, 7), sample(7), sample(9)]);
    }

    #[test]
    fn behind_damage_nothing_is_read_until_more_comes() {
        let (mut queue, damaged) = taken(&[sample(1, 5, b""), vec![0; 8], sample(1, 7, b"")]);
        assert_eq!(damaged, 1);
        assert_eq!(queue.pop().map(|entry| entry.time_ns), Some(5));
        assert_eq!((queue.pop(), queue.done()), (None, 120));
        assert_eq!(queue.take_in(Span::new((&sample(1, 9, b""), &[]))), 0);
        let next = queue.pop().unwrap();
        assert_eq!((next.time_ns, next.position), (9, 120));
    }
}
