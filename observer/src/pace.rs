//! How a stream is driven: how long to wait, what to wait on, what became of its events. A leaf.
//!
//! Streams of this library have no thread and no timer of their own: each step says how long to
//! wait for the next one, and whoever drives it waits.

#[cfg(feature = "perf")]
use std::os::fd::BorrowedFd;
use std::time::Duration;

#[cfg(feature = "perf")]
use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
};

#[cfg(feature = "perf")]
use crate::Error;

/// How long to wait on the descriptor before the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Until it is readable, this long at most. Zero: more is there already.
    AtMost(Duration),
    /// Until it is readable: the next event makes it so at once.
    ForEvent,
}

impl Wait {
    /// The longest time to wait; `None` where only an event ends it.
    pub fn limit(self) -> Option<Duration> {
        match self {
            Self::AtMost(time) => Some(time),
            Self::ForEvent => None,
        }
    }

    /// This wait, ended after that time in any case.
    #[must_use]
    pub fn no_longer_than(self, time: Duration) -> Self {
        Self::AtMost(self.limit().map_or(time, |limit| limit.min(time)))
    }
}

/// What became of the events of a stream: `produced = delivered + lost`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that the kernel side tried to send.
    pub produced: u64,
    /// Events that arrived.
    pub delivered: u64,
    /// Events that found no room in the ring, and runs of programs that the kernel skipped.
    pub lost: u64,
    /// Of those that arrived, what could not be understood.
    pub malformed: u64,
}

/// A time in milliseconds, as poll(2) and `epoll_wait(2)` take it. Rounded up: a wait of nothing
/// would spin until the millisecond is over.
pub fn whole_milliseconds(time: Duration) -> i32 {
    i32::try_from(time.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
}

/// A time in nanoseconds; one of more than five centuries is cut to that.
#[cfg(feature = "perf")]
pub(crate) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Waits until one of the descriptors is readable, as long as that says. A signal ends the wait.
#[cfg(feature = "perf")]
pub(crate) fn wait_for(fds: &[BorrowedFd<'_>], wait: Wait) -> Result<(), Error> {
    let mut fds: Vec<_> = fds.iter().map(|fd| PollFd::new(*fd, PollFlags::POLLIN)).collect();
    let milliseconds = wait.limit().map_or(-1, whole_milliseconds);
    match poll(&mut fds, PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(Error::system("cannot wait for events")(errno)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up_and_ends() {
        let milliseconds = |nanos| whole_milliseconds(Duration::from_nanos(nanos));
        assert_eq!([0, 1, 1_000_000, 1_000_001].map(milliseconds), [0, 1, 1, 2]);
        assert_eq!(whole_milliseconds(Duration::MAX), i32::MAX);
    }

    #[test]
    fn the_shorter_of_two_waits_counts() {
        let ms = Duration::from_millis;
        assert_eq!(Wait::ForEvent.no_longer_than(ms(3)), Wait::AtMost(ms(3)));
        assert_eq!(Wait::AtMost(ms(2)).no_longer_than(ms(3)), Wait::AtMost(ms(2)));
        assert_eq!(Wait::AtMost(ms(4)).no_longer_than(ms(3)), Wait::AtMost(ms(3)));
        assert_eq!((Wait::ForEvent.limit(), Wait::AtMost(ms(1)).limit()), (None, Some(ms(1))));
    }
}
