//! Kernel → record: where records come from. Everything behind this trait no longer knows which
//! source it was.

#[cfg(feature = "ebpf")]
pub mod bpf;
pub mod proc;

use std::os::fd::BorrowedFd;

use observer_common::{Counters, Header, Malformed, Record};

use crate::Error;

/// One thing out of the ring, borrowed from it.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "passed once, by value, to a closure")]
#[non_exhaustive]
pub enum Item<'a> {
    /// A record.
    Record(Header, Record<'a>),
    /// Bytes that are none; counted, not fatal.
    Malformed(Malformed),
}

/// A source of records.
pub trait Source {
    /// Hands on what is there, `limit` records at most, oldest first; returns how many. Does not
    /// block.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from reading any more.
    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item<'_>)) -> Result<usize, Error>;

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

    /// Walks over all processes and tells of each, by ascending pid, as
    /// [`Task`](observer_common::Record::Task), what is wanted: bits of
    /// [`observer_common::portion`]. Processes come and go meanwhile: it is no instant. A kernel
    /// may keep some processes out of it.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn walk(&mut self, wanted: u32, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Error>;

    /// Walks over all processes and tells the arguments of each that has memory, as
    /// [`TaskArgs`](observer_common::Record::TaskArgs).
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn walk_arguments(&mut self, each: &mut dyn FnMut(Item<'_>)) -> Result<(), Error>;

    /// Ends production. What was produced can still be drained; hooks that are running may produce
    /// for another moment.
    fn stop(&mut self);
}
