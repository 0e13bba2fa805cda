//! Kernel → record: where records come from. Everything behind this trait no longer knows which
//! source it was.

#[cfg(feature = "ebpf")]
pub mod bpf;
#[cfg(feature = "perf")]
mod ladder;
#[cfg(feature = "perf")]
mod options;
#[cfg(feature = "perf")]
pub mod perf;
pub mod proc;
mod ring_size;

use std::os::fd::BorrowedFd;

use observer_common::{Counters, Header, Malformed, Record, decode};
use zerocopy::FromBytes as _;

pub use self::ring_size::RingSize;
#[cfg(feature = "perf")]
pub use self::{
    ladder::{AnySource, Opened, open},
    options::{Backend, Options, Trial},
};

pub use crate::origin::Origin;
use crate::{Error, event::ProcessKey, facts::EventFacts};

/// One thing out of the ring, borrowed from it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "passed once, by value, to a closure")]
#[non_exhaustive]
pub enum Item<'a> {
    /// A record.
    Record(Header, Record<'a>),
    /// Bytes that are none; counted, not fatal.
    Malformed(Malformed),
    /// So many runs of the source's programs were skipped by the kernel since the last such item: each
    /// would have told of what is missing now, or seen that it is nothing to tell of.
    Skipped {
        /// How many.
        count: u64,
    },
}

/// The records that a walk has appended.
pub fn items(mut records: &[u8]) -> impl Iterator<Item = Item<'_>> {
    std::iter::from_fn(move || {
        let (header, _) = Header::read_from_prefix(records).ok()?;
        // A length that cannot be: there is no way to find the next one.
        let end = (header.len as usize).max(size_of::<Header>());
        let (record, rest) = records.split_at_checked(end).unwrap_or((records, &[]));
        records = rest;
        Some(match decode(record) {
            Ok((header, record)) => Item::Record(header, record),
            Err(malformed) => Item::Malformed(malformed),
        })
    })
}

/// A source of records.
pub trait Source {
    /// Which kind it is.
    fn origin(&self) -> Origin;

    /// What its events tell.
    fn facts(&self) -> EventFacts;

    /// Whether [`Source::walk`] shows all processes. Where not, /proc must be listed.
    fn has_walk(&self) -> bool;

    /// Hands on what is there, `limit` records at most, oldest first; returns how many. Does not
    /// block.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from reading any more.
    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error>;

    /// A question is to be answered: from here on until it has handed on all that has happened by
    /// now, [`Source::drain`] keeps nothing back to put it in order with what is still to come.
    ///
    /// # Errors
    ///
    /// As [`Source::drain`].
    fn settle(&mut self) -> Result<(), Error>;

    /// Readable when records wait, if [`Source::sleep`] was called after the last drain; otherwise
    /// readable only once many wait.
    fn as_fd(&self) -> BorrowedFd<'_>;

    /// The reader has nothing to do and will wait on the descriptor without a timer: the next
    /// record is to wake it. A record that came before this call makes it readable as well.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn sleep(&mut self) -> Result<(), Error>;

    /// Counters of each CPU since the beginning.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn counters(&self) -> Result<Vec<Counters>, Error>;

    /// Walks over all processes and appends a record of each, by ascending pid: a
    /// [`Task`](observer_common::Record::Task) with what is wanted, bits of
    /// [`observer_common::portion`]. [`items`] takes them apart. Processes come and go meanwhile: it is no instant. A kernel
    /// may keep some processes out of it.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn walk(&mut self, wanted: u32, records: &mut Vec<u8>) -> Result<(), Error>;

    /// Walks over all processes and appends the arguments of each that has memory, by ascending
    /// pid: a [`TaskArgs`](observer_common::Record::TaskArgs).
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn walk_arguments(&mut self, records: &mut Vec<u8>) -> Result<(), Error>;

    /// From here on tells what this process writes to unix sockets that others listen on, each as a
    /// [`Request`](crate::event::What::Request), until it ends or [`Source::stop_overhearing`].
    /// Returns whether it can: only eBPF does, on x86-64, where [`Kind::REQUEST`] is asked for and the
    /// kernel's types show the way to a socket's other end. At most
    /// [`limits::OVERHEARD`](observer_common::limits::OVERHEARD) processes at once; its children are
    /// others. The end of a process is noticed where [`Kind::EXIT`] or [`Kind::FREE`] is asked for,
    /// and not if it came before this call.
    ///
    /// Told are write(2), writev(2), send(2), sendto(2) and sendmsg(2) on a connected socket whose
    /// other end is bound to a path or an abstract name, whatever becomes of the call. Not told are
    /// sendmmsg(2), splice(2), sendfile(2), `io_uring`, calls by the 32-bit ABI, and datagrams to an
    /// address that comes with the call.
    ///
    /// While anybody is overheard, every system call of the machine takes some 25 ns longer, and those
    /// five 33 ns (measured on 6.18 with loops of getppid(2), 82 ns without, and of write(2) to
    /// `/dev/null`, 98 ns). One of the overheard that goes elsewhere takes 100 ns, one that is told
    /// 700 ns. When nobody is, nothing is attached.
    ///
    /// The rights that opening the source took are not needed any more.
    ///
    /// [`Kind::REQUEST`]: observer_common::Kind::REQUEST
    /// [`Kind::EXIT`]: observer_common::Kind::EXIT
    /// [`Kind::FREE`]: observer_common::Kind::FREE
    ///
    /// # Errors
    ///
    /// [`Error::System`] when too many are overheard already, or the kernel refuses to attach the
    /// program.
    fn overhear(&mut self, key: ProcessKey) -> Result<bool, Error> {
        let _ = key;
        Ok(false)
    }

    /// Ends what [`Source::overhear`] began. Nothing happens if it did not.
    ///
    /// # Errors
    ///
    /// As [`Source::overhear`].
    fn stop_overhearing(&mut self, key: ProcessKey) -> Result<(), Error> {
        let _ = key;
        Ok(())
    }

    /// Ends production. What was produced can still be drained; hooks that are running may produce
    /// for another moment.
    fn stop(&mut self);
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
            let known = items(bytes).filter_map(|item| match item {
                Item::Record(_, Record::TaskArgs { facts, .. }) => Some(facts.pid),
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
        assert_eq!(items(&[0; 200]).count(), 200 / size_of::<Header>());
        assert_eq!(items(&[255; 200]).count(), 1);
    }
}
