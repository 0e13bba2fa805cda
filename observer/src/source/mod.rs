//! Kernel → event: where events come from. Each source makes events in its own way; nothing behind
//! this trait depends on which source it was.

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

pub use self::ring_size::RingSize;
#[cfg(feature = "perf")]
pub use self::{
    ladder::{AnySource, Opened, open},
    options::{Backend, Options, Trial},
};

#[cfg(feature = "ebpf")]
use crate::facts::Facts;
pub use crate::origin::Origin;
use crate::{
    Error,
    event::{Event, Kind, ProcessKey},
    facts::EventFacts,
};

/// One thing that a source hands on.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "passed once, by value, to a closure")]
#[non_exhaustive]
pub enum Item {
    /// An event.
    Event {
        /// What happened.
        event: Event,
        /// How many events of its CPU had been lost before it, since the beginning.
        lost_before: u64,
    },
    /// What came could not be decoded. It is counted; reading goes on.
    Malformed,
    /// The kernel skipped this many runs of the source's programs since the last such item. Each
    /// would have reported what is missing now, or found nothing to report.
    Skipped {
        /// How many runs were skipped.
        count: u64,
    },
}

/// What became of the events of one CPU since the beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CpuTotals {
    /// Events that the kernel side tried to send.
    pub produced: u64,
    /// The part of them that found no room.
    pub lost: u64,
}

/// A source of events.
pub trait Source {
    /// The kind of source.
    fn origin(&self) -> Origin;

    /// What its events can say.
    fn facts(&self) -> EventFacts;

    /// From now on, reports only these kinds, among those that it was opened for. Programs are
    /// attached and detached for that, but never loaded.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from attaching a program.
    fn attach(&mut self, kinds: &[Kind]) -> Result<(), Error>;

    /// Hands on what is there, `limit` records at most, oldest first; returns how many. Does not
    /// block.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from reading any more.
    fn drain(&mut self, limit: usize, each: &mut dyn FnMut(Item)) -> Result<usize, Error>;

    /// A question is to be answered: from here on until it has handed on all that has happened by
    /// now, [`Source::drain`] keeps nothing back to put it in order with what is still to come.
    ///
    /// # Errors
    ///
    /// As [`Source::drain`].
    fn settle(&mut self) -> Result<(), Error>;

    /// Readable when events wait, if [`Source::sleep`] was called after the last drain; otherwise
    /// readable only once many wait.
    fn as_fd(&self) -> BorrowedFd<'_>;

    /// The reader has nothing to do and will wait on the descriptor without a timer: the next
    /// event is to wake it. An event that came before this call makes it readable as well.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn sleep(&mut self) -> Result<(), Error>;

    /// What became of the events of each CPU since the beginning.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn totals(&self) -> Result<Vec<CpuTotals>, Error>;

    /// The source's own way to look at all processes, if it was opened for that; without one, /proc
    /// must be listed.
    #[cfg(feature = "ebpf")]
    fn walks(&mut self) -> Option<&mut dyn Walks> {
        None
    }

    /// The source's way to tell what processes write to servers, if it was opened for that and the
    /// machine allows it: only eBPF can, on x86-64, where [`Kind::REQUEST`] is asked for and the
    /// kernel's types show the way to a socket's other end.
    ///
    /// [`Kind::REQUEST`]: Kind::REQUEST
    fn overhears(&mut self) -> Option<&mut dyn Overhears> {
        None
    }

    /// Ends production. What was produced can still be drained; hooks that are running may produce
    /// for another moment.
    fn stop(&mut self);
}

/// A look at all processes by the kernel's own iterators. Processes come and go meanwhile: it is of
/// no single instant. A kernel may leave some processes out.
#[cfg(feature = "ebpf")]
pub trait Walks {
    /// Walks over all processes and reports at least the wanted facts about each.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn tasks(&mut self, wanted: Facts) -> Result<bpf::Tasks, Error>;

    /// Walks over all processes and reads the arguments of each that has memory.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    fn arguments(&mut self) -> Result<bpf::AllArguments, Error>;
}

/// Listening to what single processes write to unix sockets that others listen on.
///
/// Reported are write(2), writev(2), send(2), sendto(2) and sendmsg(2) on a connected socket whose
/// other end is bound to a path or an abstract name, whatever becomes of the call. Not reported are
/// sendmmsg(2), splice(2), sendfile(2), `io_uring`, calls by the 32-bit ABI, and datagrams to an
/// address that comes with the call.
///
/// While anybody is overheard, every system call of the machine takes some 25 ns longer, and those
/// five 33 ns (measured on 6.18 with loops of getppid(2), 82 ns without, and of write(2) to
/// `/dev/null`, 98 ns). One of the overheard that goes elsewhere takes 100 ns, one that is told 700
/// ns. When nobody is, nothing is attached.
///
/// The privileges that opening the source needed are no longer needed.
pub trait Overhears {
    /// From now on, reports what this process writes to such sockets, each call as a
    /// [`Request`](crate::event::What::Request), until it ends or [`Overhears::end`]. At most
    /// [`limits::OVERHEARD`](observer_common::limits::OVERHEARD) processes at once; its children
    /// are others. The end of a process is noticed where [`Kind::EXIT`] or [`Kind::FREE`] is asked
    /// for, and not if it came before this call.
    ///
    /// # Errors
    ///
    /// [`Error::System`] when too many are overheard already, or the kernel refuses to attach the
    /// program.
    fn begin(&mut self, key: ProcessKey) -> Result<(), Error>;

    /// Ends what [`Overhears::begin`] began, if it did.
    ///
    /// # Errors
    ///
    /// As [`Overhears::begin`].
    fn end(&mut self, key: ProcessKey) -> Result<(), Error>;
}
