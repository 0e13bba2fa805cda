//! Waiting: for rings to fill, and for events to be over.

use std::{
    os::fd::{AsFd as _, BorrowedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout},
};

use super::{Scope, lane::Lane};
use crate::{Error, pace::whole_milliseconds};

#[derive(Debug)]
pub(super) struct Watch {
    epoll: Epoll,
    over: bool,
}

/// Looked at in one go; more are looked at in the next.
const MANY: usize = 64;

impl Watch {
    pub(super) fn new() -> Result<Self, Error> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC);
        let epoll = epoll.map_err(Error::system("cannot make an epoll descriptor"))?;
        Ok(Self { epoll, over: false })
    }

    /// From here on its ring wakes; its end takes it out again.
    pub(super) fn add(&self, lane: &Lane) -> Result<(), Error> {
        let Some(lead) = lane.lead() else { return Ok(()) };
        let event = EpollEvent::new(EpollFlags::EPOLLIN, lane.cpu.into());
        self.epoll.add(lead, event).map_err(Error::system("cannot watch a ring"))
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.0.as_fd()
    }

    /// Waits until a ring wakes, that long at most. A signal ends the wait.
    pub(super) fn wait(&self, most: Duration) -> Result<(), Error> {
        let timeout = EpollTimeout::try_from(whole_milliseconds(most)).unwrap_or(EpollTimeout::MAX);
        match self.epoll.wait(&mut [EpollEvent::empty()], timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(Error::system("cannot wait for events")(errno)),
        }
    }

    /// Takes note of who woke: an event that is over would do so for ever. Says whether there was
    /// one.
    pub(super) fn sweep(&self, lanes: &mut [Lane]) -> Result<bool, Error> {
        let mut events = [EpollEvent::empty(); MANY];
        let count = match self.epoll.wait(&mut events, EpollTimeout::ZERO) {
            Err(Errno::EINTR) => 0,
            count => count.map_err(Error::system("cannot wait for events"))?,
        };
        let over = EpollFlags::EPOLLHUP | EpollFlags::EPOLLERR;
        let events = events.iter().take(count).filter(|event| event.events().intersects(over));
        let mut any = false;
        for event in events {
            any = true;
            let of = |lane: &&mut Lane| u64::from(lane.cpu) == event.data();
            let Some(lane) = lanes.iter_mut().find(of) else { continue };
            lane.hung_up = true;
            if let Some(lead) = lane.lead() {
                self.epoll.delete(lead).map_err(Error::system("cannot leave a ring"))?;
            }
        }
        Ok(any)
    }

    /// Finds out whether anyone of a process is left.
    pub(super) fn look_who_lives(&mut self, scope: &Scope, lanes: &[Lane]) {
        if !matches!(scope, Scope::Process(_)) {
            return;
        }
        let fds = lanes.iter().flat_map(Lane::fds);
        let mut fds: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::empty())).collect();
        if poll(&mut fds, PollTimeout::ZERO).is_ok() {
            let ended = |fd: &PollFd<'_>| {
                fd.revents().is_some_and(|events| events.contains(PollFlags::POLLHUP))
            };
            self.over = fds.iter().all(ended);
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}
