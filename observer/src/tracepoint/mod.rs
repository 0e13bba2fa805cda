//! Any tracepoint of the kernel, decoded by name: in time order, with every loss told.
//!
//! In data-flow order: [`tracefs`] tells which there are and how their records are laid out
//! ([`mod@format`]), [`filter`] checks what the kernel is to let through, [`reader`] opens them on
//! every CPU and puts their records in order, [`value`] reads a field, [`words`] names its number.
//!
//! Privileges: those of `perf_event_open(2)` for tracepoints of the whole machine, `CAP_PERFMON`
//! and the right to read tracefs, or root.

mod access;
mod cpus;
mod event;
mod fault;
pub mod filter;
pub mod format;
mod glob;
mod merge;
mod name;
mod observer;
mod perf_fault;
pub mod reader;
#[cfg(feature = "tokio")]
mod stream;
pub mod tracefs;
pub mod value;
pub mod words;

#[cfg(feature = "tokio")]
pub use self::stream::ObserverStream;
pub use self::{
    event::{Event, EventSource, LostEvent, TracepointEvent},
    fault::Fault,
    format::Format,
    name::Name,
    observer::Observer,
    perf_fault::PerfFault,
    reader::Reader,
    tracefs::Tracefs,
    value::Value,
    words::Words,
};
