//! Counts of tracepoints, without rings: nothing is written, nothing is woken.

use std::os::fd::AsFd as _;

use super::{
    Request, Scope,
    opening::{Opened, Opening},
    unread,
};
use crate::{Error, sys::perf, tracepoint::cpus};

/// Tracepoints that are being counted. Dropped, they are closed.
///
/// Privileges: `CAP_PERFMON` in [`Counts::open`], or a `perf_event_paranoid` of 0 at most; none
/// afterwards. A CPU that comes later is not counted.
#[derive(Debug)]
pub struct Counts {
    events: Vec<Opened>,
    requests: usize,
}

impl Counts {
    /// Begins to count, on every CPU that is online. Calls `progress` with the number of requests
    /// done after each: the first event of a tracepoint takes the kernel some 30 ms.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`] with the reason.
    pub fn open(
        requests: &[Request],
        scope: &Scope,
        progress: &mut dyn FnMut(usize),
    ) -> Result<Self, Error> {
        let mut opening = Opening { requests, scope, sampling: None, counts_losses: false };
        let events = opening.open(&cpus::online()?, progress)?;
        for event in &events {
            let begun = perf::enable(event.fd.as_fd());
            begun.map_err(Error::system("cannot begin to count an event"))?;
        }
        Ok(Self { events, requests: requests.len() })
    }

    /// How often each request's tracepoint has fired since the beginning, in the order of the
    /// requests. A filter's rest is not counted.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub fn read(&self) -> Result<Vec<u64>, Error> {
        let mut counts = vec![0; self.requests];
        for event in &self.events {
            let reading = perf::read(event.fd.as_fd()).map_err(unread)?;
            if let Some(count) = counts.get_mut(event.request) {
                *count += reading.count;
            }
        }
        Ok(counts)
    }
}
