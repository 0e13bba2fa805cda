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
pub mod filter;
pub mod format;
mod glob;
mod name;
pub mod reader;
pub mod tracefs;
pub mod value;
pub mod words;

pub use self::{
    format::Format, name::Name, reader::Reader, tracefs::Tracefs, value::Value, words::Words,
};
pub use crate::error::{perf::PerfFault, tracepoint::Fault};
// The façade lies above: whoever uses it looks for it here, where the package obs has it.
#[cfg(feature = "tokio")]
pub use crate::obs::ObserverStream;
pub use crate::obs::{Event, EventSource, LostEvent, Observer, TracepointEvent};
