//! Walks over all processes of the machine, by the kernel's own iterators.

use std::{
    fs::File,
    io::{ErrorKind, Read as _},
    os::fd::{AsFd as _, BorrowedFd, OwnedFd},
};

use aya::maps::{Array, Map, MapData};
use observer_common::{Header, decode};
use zerocopy::FromBytes as _;

use super::{super::Item, map_error};
use crate::{Error, sys::iterator};

/// Two iterators, ready to walk as often as one likes. One walk at a time.
pub(super) struct Walks {
    tasks: OwnedFd,
    arguments: OwnedFd,
    wanted: Array<MapData, u32>,
    buffer: Vec<u8>,
}

/// The kernel hands out 32 KiB at a time.
const BUFFER: usize = 64 << 10;

impl Walks {
    /// `tasks` and `arguments` are loaded iterator programs.
    pub(super) fn new(
        tasks: BorrowedFd<'_>,
        arguments: BorrowedFd<'_>,
        wanted: Map,
    ) -> Result<Self, Error> {
        let link = |program| {
            iterator::link(program).map_err(Error::system("cannot bind an iterator program"))
        };
        Ok(Self {
            tasks: link(tasks)?,
            arguments: link(arguments)?,
            wanted: wanted.try_into().map_err(map_error("cannot use the walk's settings"))?,
            buffer: vec![0; BUFFER],
        })
    }

    /// Tells of each process, by ascending pid, what is wanted: bits of
    /// [`observer_common::portion`].
    pub(super) fn tasks(
        &mut self,
        wanted: u32,
        each: &mut dyn FnMut(Item<'_>),
    ) -> Result<(), Error> {
        self.wanted.set(0, wanted, 0).map_err(map_error("cannot set what to walk for"))?;
        walk(self.tasks.as_fd(), &mut self.buffer, each)
    }

    /// Tells the arguments of each process that has memory.
    pub(super) fn arguments(&mut self, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Error> {
        walk(self.arguments.as_fd(), &mut self.buffer, each)
    }
}

fn walk(
    link: BorrowedFd<'_>,
    buffer: &mut [u8],
    each: &mut dyn FnMut(Item<'_>),
) -> Result<(), Error> {
    const WHAT: &str = "cannot walk over the processes";
    let mut output = iterator::begin(link).map_err(Error::system(WHAT))?;
    let mut kept = 0;
    loop {
        let room = buffer.get_mut(kept..).unwrap_or_default();
        let count =
            read(&mut output, room).map_err(|source| Error::System { what: WHAT, source })?;
        if count == 0 {
            return Ok(());
        }
        let filled = kept + count;
        let rest = hand_on(buffer.get(..filled).unwrap_or_default(), each);
        buffer.copy_within(filled - rest..filled, 0);
        kept = rest;
    }
}

fn read(output: &mut File, room: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match output.read(room) {
            // Nothing is there yet for this task.
            Err(error)
                if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            other => return other,
        }
    }
}

/// Hands on the whole records; returns how many bytes of a last one are left.
fn hand_on(mut bytes: &[u8], each: &mut dyn FnMut(Item<'_>)) -> usize {
    while let Ok((header, _)) = Header::read_from_prefix(bytes) {
        let len = header.len as usize;
        if len < size_of::<Header>() {
            // No record: there is no way to find the next one.
            return 0;
        }
        let Some((record, rest)) = bytes.split_at_checked(len) else {
            break;
        };
        each(match decode(record) {
            Ok((header, record)) => Item::Record(header, record),
            Err(malformed) => Item::Malformed(malformed),
        });
        bytes = rest;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use observer_common::{ABI_VERSION, Kind, Record, TaskArgsFacts};
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
    fn records_cut_by_a_read_wait_for_their_rest() {
        let bytes = [record(1, b"one"), record(2, b""), record(3, b"three")].concat();
        for cut in 0..=bytes.len() {
            let mut pids = Vec::new();
            let mut each = |item: Item<'_>| match item {
                Item::Record(_, Record::TaskArgs { facts, .. }) => pids.push(facts.pid),
                other => panic!("{other:?}"),
            };
            let rest = hand_on(&bytes[..cut], &mut each);
            assert_eq!(hand_on(&bytes[cut - rest..], &mut each), 0);
            assert_eq!(pids, [1, 2, 3], "cut at {cut}");
        }
    }

    #[test]
    fn a_length_that_cannot_be_ends_the_walk() {
        assert_eq!(hand_on(&[0; 200], &mut |item| panic!("{item:?}")), 0);
    }
}
