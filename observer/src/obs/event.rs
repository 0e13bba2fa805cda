//! What an [`Observer`](super::Observer) hands on: owned, so that it may be kept.

use std::sync::Arc;

use crate::{
    Error,
    tracepoint::{
        Format, Value,
        reader::{Item, Sample},
    },
};

/// Which tracepoint an event is of, among those of one observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventSource(usize);

impl EventSource {
    pub(super) fn new(index: usize) -> Self {
        Self(index)
    }
}

/// One thing that was observed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// A tracepoint fired.
    Tracepoint(TracepointEvent),
    /// Events are missing here.
    Lost(LostEvent),
}

/// Events that found no room: the observer is too slow, or its rings too small.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LostEvent {
    /// How many.
    pub count: u64,
    /// On which CPU.
    pub cpu: u32,
    /// In nanoseconds of `CLOCK_MONOTONIC`: before this.
    pub time_ns: u64,
}

impl Event {
    /// The tracepoint, as [`Observer::add_tracepoint`](super::Observer::add_tracepoint) returned
    /// it. `None` for a loss, which may be one of several.
    pub fn source(&self) -> Option<EventSource> {
        match self {
            Self::Tracepoint(event) => Some(event.source),
            Self::Lost(_) => None,
        }
    }

    /// When, in nanoseconds of `CLOCK_MONOTONIC`. Never less than that of the event before.
    pub fn time_ns(&self) -> u64 {
        match self {
            Self::Tracepoint(event) => event.time_ns,
            Self::Lost(lost) => lost.time_ns,
        }
    }

    /// Takes it out of the ring.
    pub(super) fn of(item: Item<'_>, formats: &[Arc<Format>]) -> Option<Self> {
        Some(match item {
            Item::Sample(sample) => {
                let format = Arc::clone(formats.get(sample.request)?);
                Self::Tracepoint(TracepointEvent::new(sample, format))
            }
            Item::Lost { cpu, count, time_ns } => Self::Lost(LostEvent { count, cpu, time_ns }),
        })
    }
}

/// A tracepoint has fired.
#[derive(Clone, Debug)]
pub struct TracepointEvent {
    format: Arc<Format>,
    source: EventSource,
    time_ns: u64,
    cpu: u32,
    pid: u32,
    tid: u32,
    data: Box<[u8]>,
}

impl TracepointEvent {
    fn new(sample: Sample<'_>, format: Arc<Format>) -> Self {
        Self {
            format,
            source: EventSource::new(sample.request),
            time_ns: sample.time_ns,
            cpu: sample.cpu,
            pid: sample.pid,
            tid: sample.tid,
            data: sample.raw.into(),
        }
    }

    /// What the tracepoint's records look like, its name included.
    pub fn format(&self) -> &Format {
        &self.format
    }

    /// The tracepoint, among those of its observer.
    pub fn source(&self) -> EventSource {
        self.source
    }

    /// When, in nanoseconds of `CLOCK_MONOTONIC`.
    pub fn time_ns(&self) -> u64 {
        self.time_ns
    }

    /// On which CPU.
    pub fn cpu(&self) -> u32 {
        self.cpu
    }

    /// The process that ran there, in the pid namespace of the observer; 0 where it has none. The
    /// field `common_pid` is the thread's, in the initial pid namespace.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// The thread, in the pid namespace of the observer.
    pub fn tid(&self) -> u32 {
        self.tid
    }

    /// A field as a signed number.
    ///
    /// # Errors
    ///
    /// As [`Format::signed`]: an unknown field names those that there are.
    pub fn get_int(&self, field: &str) -> Result<i64, Error> {
        self.format.signed(field, &self.data)
    }

    /// A field as an unsigned number.
    ///
    /// # Errors
    ///
    /// As [`Format::unsigned`].
    pub fn get_u64(&self, field: &str) -> Result<u64, Error> {
        self.format.unsigned(field, &self.data)
    }

    /// A field as text, of fixed or of any length; what is not UTF-8 becomes U+FFFD. The exact
    /// bytes are in [`TracepointEvent::get`]. Whoever is observed has chosen them.
    ///
    /// # Errors
    ///
    /// As [`Format::text`].
    pub fn get_string(&self, field: &str) -> Result<String, Error> {
        let bytes = self.format.text(field, &self.data)?;
        Ok(String::from_utf8_lossy(bytes).into_owned())
    }

    /// A field as what it is.
    ///
    /// # Errors
    ///
    /// As [`Format::value`].
    pub fn get(&self, field: &str) -> Result<Value<'_>, Error> {
        self.format.value(field, &self.data)
    }

    /// All bytes of the record, as the format lays them out; at the end there may be padding.
    pub fn data(&self) -> &[u8] {
        &self.data
    }
}
