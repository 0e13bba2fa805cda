//! The jobs and the names of the Go package obs: tracepoints read one event after the other, and a
//! process that is asked about its namespaces. Above everything that reads from the kernel.

#[cfg(feature = "perf")]
mod event;
#[cfg(feature = "perf")]
mod observer;
mod process;
#[cfg(feature = "tokio")]
mod stream;

pub use self::process::Process;
#[cfg(feature = "tokio")]
pub use self::stream::ObserverStream;
#[cfg(feature = "perf")]
pub use self::{
    event::{Event, EventSource, LostEvent, TracepointEvent},
    observer::Observer,
};
