//! What a reader is asked for, and what it hands on.

use std::{ffi::CString, time::Duration};

use super::Scope;
use crate::tracepoint::Name;

/// One tracepoint to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its number, as the format tells it.
    pub id: u32,
    /// What the kernel is to let through, in its own language.
    pub filter: Option<CString>,
    /// Its name, for what is said about it.
    pub name: Name,
}

/// When the descriptor of a reader becomes readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wake {
    /// When half a ring has been written; otherwise the reader looks by itself. For everything
    /// that may be frequent: the wake-ups of a reader are events as well.
    #[default]
    Half,
    /// With the next record. For what is rare, and wanted at once.
    Each,
}

/// How to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Bytes of each CPU's ring: a power of two from a page up. Less is taken where the limit of
    /// locked memory asks for it.
    pub ring: usize,
    /// Whose events.
    pub scope: Scope,
    /// Records younger than this wait for older ones of other CPUs. It bounds how long a CPU may
    /// be held up in the middle of a record without that record coming late.
    pub hold: Duration,
    /// When to be woken.
    pub wake: Wake,
    /// Leaves out what this very process does.
    pub without_self: bool,
}

/// Everyone but this process, in rings of 2 MiB, held for 10 ms.
impl Default for Options {
    fn default() -> Self {
        Self {
            ring: 2 << 20,
            scope: Scope::Machine,
            hold: Duration::from_millis(10),
            wake: Wake::Half,
            without_self: true,
        }
    }
}

/// One thing out of the rings, in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Item<'a> {
    /// A tracepoint fired.
    Sample(Sample<'a>),
    /// Here a CPU's ring had no room. Where no record follows, it is told once the ring is empty;
    /// on kernels before 6.0 not before [`Reader::finish`](super::Reader::finish).
    Lost {
        /// Which CPU's.
        cpu: u32,
        /// How many records.
        count: u64,
        /// By the monotonic clock, like [`Sample::time_ns`].
        time_ns: u64,
    },
}

/// A tracepoint has fired. Its data is borrowed from the ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// The index of the [`Request`].
    pub request: usize,
    /// When, in nanoseconds of `CLOCK_MONOTONIC`. Never less than that of the sample before.
    pub time_ns: u64,
    /// By how much the sample is older than `time_ns` says: it came when younger ones had been
    /// handed on. Nearly always 0.
    pub late_ns: u64,
    /// Where.
    pub cpu: u32,
    /// The process that ran there, in the pid namespace of the reader; 0 where it has none.
    pub pid: u32,
    /// The thread, likewise.
    pub tid: u32,
    /// As the tracepoint's format lays it out; at its end there may be padding.
    pub raw: &'a [u8],
}

/// Records that found no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The index of the [`Request`].
    pub request: usize,
    /// On which CPU.
    pub cpu: u32,
    /// How many, since the beginning.
    pub count: u64,
}
