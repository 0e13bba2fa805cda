//! When a stream ends, and waiting until then.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::{Duration, Instant},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};
use observer::Error;

use crate::{
    output::{Flow, Output},
    signals::{EndSignals, poll_timeout},
};

/// The end that was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until {
    limit: Option<u64>,
    deadline: Option<Instant>,
}

impl Until {
    /// Time begins now.
    pub(crate) fn new(limit: Option<u64>, duration: Option<Duration>) -> Self {
        let deadline = duration.map(|duration| Instant::now() + duration);
        Self { limit, deadline }
    }

    pub(crate) fn is_reached(&self, printed: u64) -> bool {
        self.has_printed_enough(printed)
            || self.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    pub(crate) fn has_printed_enough(&self, printed: u64) -> bool {
        self.limit.is_some_and(|limit| printed >= limit)
    }

    /// A wait of that long, less where it ends before.
    pub(crate) fn timeout(&self, wait: Option<Duration>) -> PollTimeout {
        let left = self.deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let shortest = [wait, left].into_iter().flatten().min();
        shortest.map_or(PollTimeout::NONE, poll_timeout)
    }
}

/// Waits for the source, for a signal, or until nobody reads the output any more.
///
/// # Errors
///
/// [`Error::System`].
pub(crate) fn wait_for_more(
    source: Option<BorrowedFd<'_>>,
    signals: &mut EndSignals,
    output: &Output,
    timeout: PollTimeout,
) -> Result<Flow, Error> {
    // Of the output nothing is asked but whether its reader has gone.
    let mut fds = vec![
        PollFd::new(output.fd(), PollFlags::empty()),
        PollFd::new(signals.as_fd(), PollFlags::POLLIN),
    ];
    fds.extend(source.map(|source| PollFd::new(source, PollFlags::POLLIN)));
    match poll(&mut fds, timeout) {
        Ok(_) | Err(Errno::EINTR) => {}
        Err(errno) => {
            return Err(Error::System { what: "cannot wait for events", source: errno.into() });
        }
    }
    if fds.first().and_then(PollFd::any) == Some(true) {
        return Ok(Flow::Closed);
    }
    Ok(if signals.take() { Flow::End } else { Flow::On })
}
