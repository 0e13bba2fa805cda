//! Several rings → one order by time. Pure: it sees times and positions only.
//!
//! A round has a limit: what is younger waits for the next one, because an older record may still
//! be on its way in another ring. No time that is handed on lies before the one ahead of it. A
//! record that comes too late for that (its CPU was held up for longer than the reader waits) is
//! handed on at once, under the time of its predecessor, with how much it is late.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
};

use super::queue::{Entry, Queue};

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Next {
    /// The index of the queue.
    pub(super) queue: usize,
    pub(super) entry: Entry,
    /// The time at its place in the order.
    pub(super) time_ns: u64,
    /// How far that is behind its own.
    pub(super) late_ns: u64,
}

/// Puts queues in order.
#[derive(Debug, Default)]
pub(super) struct Merge {
    /// The oldest of each queue that takes part in this round.
    heap: BinaryHeap<Reverse<(u64, usize)>>,
    before_ns: u64,
    reached_ns: u64,
}

impl Merge {
    /// Begins a round with everything older than that, by the time of the oldest of each queue.
    pub(super) fn begin(&mut self, oldest: impl Iterator<Item = Option<u64>>, before_ns: u64) {
        self.before_ns = before_ns;
        let waiting = oldest.enumerate().filter_map(|(index, time_ns)| Some((time_ns?, index)));
        self.heap.clear();
        self.heap.extend(waiting.filter(|(time_ns, _)| *time_ns < before_ns).map(Reverse));
    }

    /// Whether the round is over.
    pub(super) fn is_over(&self) -> bool {
        self.heap.is_empty()
    }

    /// The latest time that was handed on.
    pub(super) fn reached_ns(&self) -> Option<u64> {
        (self.reached_ns > 0).then_some(self.reached_ns)
    }

    /// Takes the oldest record of all queues; `None` when the round is over.
    pub(super) fn next<'a>(
        &mut self,
        queue: impl FnOnce(usize) -> Option<&'a mut Queue>,
    ) -> Option<Next> {
        let mut oldest = self.heap.peek_mut()?;
        let Reverse((_, index)) = *oldest;
        let queue = queue(index)?;
        let entry = queue.pop()?;
        match queue.front().filter(|front| front.time_ns < self.before_ns) {
            Some(front) => *oldest = Reverse((front.time_ns, index)),
            None => drop(PeekMut::pop(oldest)),
        }
        self.reached_ns = self.reached_ns.max(entry.time_ns);
        let time_ns = self.reached_ns;
        Some(Next { queue: index, entry, time_ns, late_ns: time_ns - entry.time_ns })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::{
            queue::Kind,
            record::{
                Span,
                tests::{body, sample},
            },
        },
        *,
    };

    /// A ring of the size of a test, and the records that the kernel would write there.
    struct Ring {
        memory: Vec<u8>,
        head: u64,
        queue: Queue,
    }

    impl Ring {
        fn new(start: u64) -> Self {
            let mut queue = Queue::default();
            queue.start_at(start);
            Self { memory: vec![0xee; SIZE], head: start, queue }
        }

        fn has_room(&self, length: usize) -> bool {
            self.head + length as u64 - self.queue.done() <= SIZE as u64
        }

        fn write(&mut self, record: &[u8]) {
            assert!(self.has_room(record.len()));
            for byte in record {
                self.memory[usize::try_from(self.head).unwrap() % SIZE] = *byte;
                self.head += 1;
            }
        }

        fn bytes(&self, from: u64, to: u64) -> Span<'_> {
            let (from, to) = (usize::try_from(from).unwrap(), usize::try_from(to).unwrap());
            let start = from % SIZE;
            let first = (to - from).min(SIZE - start);
            Span::new((&self.memory[start..start + first], &self.memory[..to - from - first]))
        }

        fn take_in(&mut self) -> u64 {
            let mut queue = std::mem::take(&mut self.queue);
            let damaged = queue.take_in(self.bytes(queue.seen(), self.head));
            self.queue = queue;
            damaged
        }
    }

    const SIZE: usize = 4096;

    /// What a CPU does: fires after a pause, with data of a length, perhaps ahead of the one before.
    #[derive(Clone, Copy, Debug)]
    struct Fires {
        cpu: usize,
        pause: u64,
        length: usize,
        nested: bool,
    }

    fn histories() -> impl Strategy<Value = Vec<Fires>> {
        let fires = (0_usize..4, 1_u64..50, 0_usize..300, any::<bool>())
            .prop_map(|(cpu, pause, length, nested)| Fires { cpu, pause, length, nested });
        prop::collection::vec(fires, 0..200)
    }

    /// Reads all that is older than that; the identities of what came, which are times as well.
    fn round(merge: &mut Merge, rings: &mut [Ring], before_ns: u64, out: &mut Vec<(u64, u64)>) {
        for ring in rings.iter_mut() {
            assert_eq!(ring.take_in(), 0);
        }
        let oldest = rings.iter().map(|ring| Some(ring.queue.front()?.time_ns));
        merge.begin(oldest, before_ns);
        while let Some(next) = merge.next(|index| rings.get_mut(index).map(|r| &mut r.queue)) {
            let end = next.entry.position + u64::from(next.entry.length);
            let mut copy = Vec::new();
            let span = rings[next.queue].bytes(next.entry.position, end);
            let (id, raw) = body(span.whole(&mut copy));
            assert!(raw.iter().all(|byte| *byte == id.to_ne_bytes()[0]), "foreign bytes");
            assert_eq!(next.entry.kind, Kind::Sample);
            assert_eq!(next.time_ns - next.late_ns, id, "its own time");
            out.push((id, next.time_ns));
        }
        assert!(merge.is_over());
    }

    /// Lets the history happen, reading whenever a ring is full; all records have times of their
    /// own, and those of `held_up` CPUs are seen only when it ends.
    fn play(history: &[Fires], start: u64, held_up: &[usize]) -> (Vec<u64>, Vec<(u64, u64)>) {
        let mut rings: Vec<_> = (0..4).map(|cpu| Ring::new(start + cpu * 8)).collect();
        let (mut merge, mut out, mut all, mut late) = <(Merge, Vec<_>, Vec<_>, Vec<_>)>::default();
        let mut now = 0;
        for fires in history {
            now += fires.pause + 2;
            let times = if fires.nested { vec![now, now - 1] } else { vec![now] };
            for time in times {
                let raw = vec![time.to_ne_bytes()[0]; fires.length];
                let record = sample(time, time, &raw);
                all.push(time);
                if held_up.contains(&fires.cpu) {
                    late.push((fires.cpu, record));
                    continue;
                }
                if !rings[fires.cpu].has_room(record.len()) {
                    // The other half of a nested pair is at the same instant.
                    round(&mut merge, &mut rings, now - 1, &mut out);
                }
                if !rings[fires.cpu].has_room(record.len()) {
                    all.pop();
                    continue;
                }
                rings[fires.cpu].write(&record);
            }
        }
        for (cpu, record) in late {
            if !rings[cpu].has_room(record.len()) {
                round(&mut merge, &mut rings, u64::MAX, &mut out);
            }
            rings[cpu].write(&record);
        }
        round(&mut merge, &mut rings, u64::MAX, &mut out);
        for ring in &rings {
            assert_eq!(ring.queue.done(), ring.head, "all room is given back");
        }
        all.sort_unstable();
        (all, out)
    }

    proptest! {
        #[test]
        fn all_that_was_written_comes_once_and_in_order(history in histories(), start in 0_u64..9000) {
            let (all, out) = play(&history, start / 8 * 8, &[]);
            prop_assert_eq!(out.iter().map(|(id, _)| *id).collect::<Vec<_>>(), all);
            prop_assert!(out.iter().all(|(id, time)| id == time), "nothing was late");
        }

        #[test]
        fn what_comes_late_comes_once_and_turns_no_time_back(history in histories()) {
            let (all, out) = play(&history, 0, &[1]);
            prop_assert!(out.is_sorted_by_key(|(_, time)| *time));
            let mut ids: Vec<_> = out.iter().map(|(id, _)| *id).collect();
            ids.sort_unstable();
            prop_assert_eq!(ids, all);
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes: Vec<u8>, cut: usize) {
            let mut queue = Queue::default();
            let _damaged = queue.take_in(Span::new(bytes.split_at(cut % (bytes.len() + 1))));
            let mut merge = Merge::default();
            merge.begin(std::iter::once(queue.front().map(|entry| entry.time_ns)), u64::MAX);
            while let Some(next) = merge.next(|_| Some(&mut queue)) {
                let end = next.entry.position + u64::from(next.entry.length);
                prop_assert!(end <= bytes.len() as u64);
            }
            if queue.front().is_none() {
                prop_assert_eq!(queue.done(), bytes.len() as u64);
            }
        }
    }
}
