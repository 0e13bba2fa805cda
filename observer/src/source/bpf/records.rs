//! Bytes that a walk has appended → records that borrow them.

use observer_common::{Header, Malformed, Record, decode};
use zerocopy::FromBytes as _;

/// The records, one behind the other.
pub(super) fn records(
    mut bytes: &[u8],
) -> impl Iterator<Item = Result<(Header, Record<'_>), Malformed>> {
    std::iter::from_fn(move || {
        let (header, _) = Header::read_from_prefix(bytes).ok()?;
        // A length that cannot be: there is no way to find the next one.
        let end = (header.len as usize).max(size_of::<Header>());
        let (record, rest) = bytes.split_at_checked(end).unwrap_or((bytes, &[]));
        bytes = rest;
        Some(decode(record))
    })
}

#[cfg(test)]
mod tests {
    use observer_common::{ABI_VERSION, Kind, TaskArgsFacts};
    use zerocopy::{FromZeros as _, IntoBytes as _};

    use super::*;

    fn record(pid: u32, args: &[u8]) -> Vec<u8> {
        let facts = TaskArgsFacts {
            pid,
            args_len: u32::try_from(args.len()).unwrap(),
            ..TaskArgsFacts::new_zeroed()
        };
        let len = size_of::<Header>() + size_of::<TaskArgsFacts>() + args.len();
        let header = Header {
            len: u32::try_from(len).unwrap(),
            kind: Kind::TASK_ARGS,
            version: ABI_VERSION,
            ..Header::new_zeroed()
        };
        [header.as_bytes(), facts.as_bytes(), args].concat()
    }

    #[test]
    fn a_walk_is_taken_apart_and_its_end_may_be_missing() {
        let bytes = [record(1, b"one"), record(2, b""), record(3, b"three")].concat();
        let pids = |bytes: &[u8]| -> Vec<u32> {
            let known = records(bytes).filter_map(|record| match record {
                Ok((_, Record::TaskArgs { facts, .. })) => Some(facts.pid),
                _ => None,
            });
            known.collect()
        };
        assert_eq!(pids(&bytes), [1, 2, 3]);
        for cut in 0..bytes.len() {
            assert!([1, 2].starts_with(&pids(&bytes[..cut])), "cut at {cut}");
        }
    }

    #[test]
    fn any_bytes_come_to_an_end() {
        assert_eq!(records(&[0; 200]).count(), 200 / size_of::<Header>());
        assert_eq!(records(&[255; 200]).count(), 1);
    }
}
