//! The descriptor that a reader waits on: silent while it looks by itself, readable at the next
//! record while it sleeps.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    sys::{
        epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags},
        time::TimeSpec,
        timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags},
    },
};

use crate::Error;

/// Watches the rings' descriptor on demand, and a timer for what no record announces.
#[derive(Debug)]
pub(super) struct Bell {
    epoll: Epoll,
    timer: TimerFd,
    state: State,
}

/// What makes it readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing.
    Off,
    /// The timer.
    Mute,
    /// A record, and the timer.
    Set,
}

impl Bell {
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn hang(rings: BorrowedFd<'_>) -> Result<Self, Error> {
        Self::try_hang(rings).map_err(Error::system("cannot make a descriptor to wait on"))
    }

    fn try_hang(rings: BorrowedFd<'_>) -> Result<Self, Errno> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?;
        epoll.add(rings, EpollEvent::new(EpollFlags::empty(), 0))?;
        epoll.add(&timer, EpollEvent::new(EpollFlags::EPOLLIN, 1))?;
        Ok(Self { epoll, timer, state: State::Off })
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Whether it will ring at all.
    pub(super) fn is_set(&self) -> bool {
        self.state != State::Off
    }

    pub(super) fn is_mute(&self) -> bool {
        self.state == State::Mute
    }

    /// From here on the next record makes it readable.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn set(&mut self, rings: BorrowedFd<'_>) -> Result<(), Error> {
        self.watch(rings, State::Set)
    }

    /// From here on no record does, but the time.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn mute(&mut self, rings: BorrowedFd<'_>, time: Duration) -> Result<(), Error> {
        self.watch(rings, State::Mute)?;
        self.ring_in(time)
    }

    /// It rings when that time has passed, and not before unless for a record.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn ring_in(&self, time: Duration) -> Result<(), Error> {
        let time = Expiration::OneShot(TimeSpec::from_duration(time));
        self.timer.set(time, TimerSetTimeFlags::empty()).map_err(Error::system(SILENT))
    }

    /// From here on it is silent: the reader looks by itself.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn take_off(&mut self, rings: BorrowedFd<'_>) -> Result<(), Error> {
        self.timer.unset().map_err(Error::system(SILENT))?;
        self.watch(rings, State::Off)
    }

    fn watch(&mut self, rings: BorrowedFd<'_>, state: State) -> Result<(), Error> {
        let was_on = self.state == State::Set;
        let on = state == State::Set;
        self.state = state;
        if was_on == on {
            return Ok(());
        }
        let flags = if on { EpollFlags::EPOLLIN } else { EpollFlags::empty() };
        self.epoll.modify(rings, &mut EpollEvent::new(flags, 0)).map_err(Error::system(SILENT))
    }
}

const SILENT: &str = "cannot say when to be woken";

#[cfg(test)]
mod tests {
    use std::os::fd::OwnedFd;

    use nix::{
        poll::{PollFd, PollFlags, PollTimeout, poll},
        unistd::{pipe, write},
    };

    use super::*;

    fn is_readable(bell: &Bell, within: PollTimeout) -> bool {
        poll(&mut [PollFd::new(bell.as_fd(), PollFlags::POLLIN)], within).unwrap() == 1
    }

    fn rings() -> (OwnedFd, OwnedFd) {
        pipe().unwrap()
    }

    #[test]
    fn it_rings_only_for_who_sleeps() {
        let (rings, records) = rings();
        let mut bell = Bell::hang(rings.as_fd()).unwrap();
        write(&records, b"x").unwrap();
        assert!(!is_readable(&bell, PollTimeout::ZERO));
        bell.set(rings.as_fd()).unwrap();
        assert!(is_readable(&bell, PollTimeout::ZERO));
        bell.take_off(rings.as_fd()).unwrap();
        assert!(!is_readable(&bell, PollTimeout::ZERO));
    }

    #[test]
    fn it_rings_in_time_once() {
        let (rings, _records) = rings();
        let mut bell = Bell::hang(rings.as_fd()).unwrap();
        bell.set(rings.as_fd()).unwrap();
        bell.ring_in(Duration::from_millis(1)).unwrap();
        assert!(is_readable(&bell, PollTimeout::NONE));
        bell.ring_in(Duration::from_hours(1)).unwrap();
        assert!(!is_readable(&bell, PollTimeout::ZERO));
        bell.ring_in(Duration::from_nanos(1)).unwrap();
        assert!(is_readable(&bell, PollTimeout::NONE));
        bell.take_off(rings.as_fd()).unwrap();
        assert!(!is_readable(&bell, PollTimeout::ZERO));
    }
}
