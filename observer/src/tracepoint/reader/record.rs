//! The bytes of a ring → records, by the layout that `sys::perf` asks for.
//!
//! Total: any bytes give a record or [`Found::Damaged`], and come to an end. Nothing is copied
//! here but what lies around the end of the ring.

/// Bytes in two pieces: what begins at the end of a ring goes on at its start.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span<'a> {
    first: &'a [u8],
    second: &'a [u8],
}

impl<'a> Span<'a> {
    pub(super) fn new((first, second): (&'a [u8], &'a [u8])) -> Self {
        Self { first, second }
    }

    pub(super) fn len(&self) -> usize {
        self.first.len() + self.second.len()
    }

    /// In one piece: borrowed, or copied if it lies around the end.
    pub(super) fn whole<'b>(&self, copy: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        if self.second.is_empty() {
            return self.first;
        }
        copy.clear();
        copy.extend_from_slice(self.first);
        copy.extend_from_slice(self.second);
        copy
    }

    fn array<const N: usize>(&self, at: usize) -> Option<[u8; N]> {
        if let Some((bytes, _)) = self.first.get(at..).and_then(<[u8]>::split_first_chunk) {
            return Some(*bytes);
        }
        if let Some(at) = at.checked_sub(self.first.len()) {
            return self.second.get(at..)?.first_chunk().copied();
        }
        let mut bytes = [0; N];
        for (byte, at) in bytes.iter_mut().zip(at..) {
            *byte = match self.first.get(at) {
                Some(byte) => *byte,
                None => *self.second.get(at - self.first.len())?,
            };
        }
        Some(bytes)
    }

    fn u16(&self, at: usize) -> Option<u16> {
        self.array(at).map(u16::from_ne_bytes)
    }

    fn u32(&self, at: usize) -> Option<u32> {
        self.array(at).map(u32::from_ne_bytes)
    }

    fn u64(&self, at: usize) -> Option<u64> {
        self.array(at).map(u64::from_ne_bytes)
    }
}

/// `struct perf_event_header`: type, misc, size.
const HEADER: usize = 8;
/// Where a sample's data begins.
const DATA: usize = 52;
const PERF_RECORD_LOST: u32 = 2;
const PERF_RECORD_SAMPLE: u32 = 9;

/// One record of a span, as far as it takes to put it in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A tracepoint fired.
    Sample { time_ns: u64, length: usize },
    /// Records found no room, right before the next one.
    Lost { count: u64, length: usize },
    /// Something that nobody asked for.
    Other { length: usize },
    /// Bytes that are no record: there is no way to find the next one.
    Damaged,
}

/// What begins at a place of a span; `None` at its end.
pub(super) fn find(span: Span<'_>, at: usize) -> Option<Found> {
    let left = span.len().checked_sub(at).filter(|left| *left > 0)?;
    Some(find_whole(span, at, left).unwrap_or(Found::Damaged))
}

fn find_whole(span: Span<'_>, at: usize, left: usize) -> Option<Found> {
    let length = usize::from(span.u16(at + 6)?);
    if !(HEADER..=left).contains(&length) {
        return None;
    }
    match span.u32(at)? {
        PERF_RECORD_SAMPLE if length >= DATA => {
            Some(Found::Sample { time_ns: span.u64(at + Body::TIME)?, length })
        }
        // Header, id, count, and what all records but samples end with.
        PERF_RECORD_LOST if length >= HEADER + 16 => {
            Some(Found::Lost { count: span.u64(at + HEADER + 8)?, length })
        }
        PERF_RECORD_SAMPLE | PERF_RECORD_LOST => None,
        _ => Some(Found::Other { length }),
    }
}

/// The members of a sample that lie at fixed places, and its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Body<'a> {
    pub(super) id: u64,
    pub(super) pid: u32,
    pub(super) tid: u32,
    pub(super) cpu: u32,
    /// What the kernel adds to the event's count for it; other than 1 where that is a sum of time.
    pub(super) weight: u64,
    pub(super) raw: &'a [u8],
}

impl<'a> Body<'a> {
    const ID: usize = HEADER;
    const PID: usize = 16;
    const TID: usize = 20;
    const TIME: usize = 24;
    const CPU: usize = 32;
    const WEIGHT: usize = 40;
    const SIZE: usize = 48;

    /// Takes a whole record apart; `None` where its data would be longer than itself.
    pub(super) fn of(record: &'a [u8]) -> Option<Self> {
        let (head, data) = record.split_first_chunk::<DATA>()?;
        let head = Span::new((head, &[]));
        let size = usize::try_from(head.u32(Self::SIZE)?).ok()?;
        Some(Self {
            id: head.u64(Self::ID)?,
            pid: head.u32(Self::PID)?,
            tid: head.u32(Self::TID)?,
            cpu: head.u32(Self::CPU)?,
            weight: head.u64(Self::WEIGHT)?,
            raw: data.get(..size)?,
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A sample as the kernel writes it.
    pub(in super::super) fn sample(id: u64, time_ns: u64, raw: &[u8]) -> Vec<u8> {
        let padded = (DATA + raw.len()).next_multiple_of(8);
        let mut bytes = PERF_RECORD_SAMPLE.to_ne_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(u16::try_from(padded).unwrap().to_ne_bytes());
        bytes.extend(id.to_ne_bytes());
        bytes.extend([7_u32, 8].map(u32::to_ne_bytes).concat());
        bytes.extend(time_ns.to_ne_bytes());
        bytes.extend([3_u32, 0].map(u32::to_ne_bytes).concat());
        bytes.extend(1_u64.to_ne_bytes());
        let size = padded - DATA;
        bytes.extend(u32::try_from(size).unwrap().to_ne_bytes());
        bytes.extend(raw);
        bytes.resize(padded, 0);
        bytes
    }

    /// A loss as the kernel writes it.
    pub(in super::super) fn lost(count: u64, time_ns: u64) -> Vec<u8> {
        let mut bytes = PERF_RECORD_LOST.to_ne_bytes().to_vec();
        bytes.extend([0, 0, 56, 0]);
        bytes.extend([1, count, 0, time_ns, 3, 1].map(u64::to_ne_bytes).concat());
        bytes
    }

    /// The id and the data of a sample.
    pub(in super::super) fn body(record: &[u8]) -> (u64, &[u8]) {
        let body = Body::of(record).unwrap();
        let padding = body.raw.iter().rev().take_while(|byte| **byte == 0).count();
        (body.id, &body.raw[..body.raw.len() - padding])
    }

    #[test]
    fn a_sample_is_taken_apart() {
        let record = sample(5, 99, b"data");
        let span = Span::new((&record, &[]));
        assert_eq!(find(span, 0), Some(Found::Sample { time_ns: 99, length: 56 }));
        assert_eq!(find(span, 56), None);
        let expected = Body { id: 5, pid: 7, tid: 8, cpu: 3, weight: 1, raw: b"data" };
        assert_eq!(Body::of(&record), Some(expected));
    }

    #[test]
    fn a_loss_has_its_number() {
        let record = lost(12, 99);
        let found = find(Span::new((&record, &[])), 0);
        assert_eq!(found, Some(Found::Lost { count: 12, length: 56 }));
    }

    #[test]
    fn data_longer_than_its_record_is_refused() {
        let mut record = sample(5, 99, b"data");
        record[Body::SIZE] = 5;
        assert_eq!(Body::of(&record), None);
    }

    #[test]
    fn lengths_that_cannot_be_are_damage() {
        for length in [0_u16, 7, 51, 57, u16::MAX] {
            let mut record = sample(5, 99, b"data");
            record[6..8].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(find(Span::new((&record, &[])), 0), Some(Found::Damaged), "{length}");
        }
    }

    proptest! {
        #[test]
        fn where_it_is_cut_makes_no_difference(raw: Vec<u8>, cut in 0_usize..500) {
            let record = [sample(1, 2, &raw), lost(3, 4)].concat();
            let parts = record.split_at(cut.min(record.len()));
            let (whole, cut) = (Span::new((&record, &[])), Span::new(parts));
            for at in 0..record.len() {
                prop_assert_eq!(find(whole, at), find(cut, at));
            }
            let mut copy = Vec::new();
            prop_assert_eq!(cut.whole(&mut copy), &record);
        }

        #[test]
        fn any_bytes_come_to_an_end(bytes: Vec<u8>, cut: usize) {
            let span = Span::new(bytes.split_at(cut % (bytes.len() + 1)));
            let mut at = 0;
            while let Some(found) = find(span, at) {
                at += match found {
                    Found::Sample { length, .. }
                    | Found::Lost { length, .. }
                    | Found::Other { length } => length,
                    Found::Damaged => break,
                };
                prop_assert!(at <= bytes.len());
            }
            let _any = Body::of(&bytes);
        }
    }
}
