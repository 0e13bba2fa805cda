//! How one thread wakes another that waits on descriptors. A leaf.

use std::os::fd::{AsFd, BorrowedFd};

use nix::sys::eventfd::{EfdFlags, EventFd};

use crate::Error;

/// A descriptor by which one thread wakes another: readable once it was rung, until it is silenced.
#[derive(Debug)]
pub(crate) struct Doorbell(EventFd);

impl Doorbell {
    /// # Errors
    ///
    /// [`Error::System`] when there is no room for another descriptor.
    pub(crate) fn hang() -> Result<Self, Error> {
        let bell = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK);
        bell.map(Self).map_err(Error::system("cannot make a descriptor to wait on"))
    }

    pub(crate) fn ring(&self) {
        // It can only fail for being rung already, more often than can be counted.
        let _full = self.0.write(1);
    }

    /// How often it rang does not matter.
    pub(crate) fn silence(&self) {
        let _silent_already = self.0.read();
    }
}

impl AsFd for Doorbell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

    use super::*;

    #[test]
    fn a_doorbell_is_heard_until_it_is_silenced() {
        let bell = Doorbell::hang().unwrap();
        let is_heard = || {
            let mut fds = [PollFd::new(bell.as_fd(), PollFlags::POLLIN)];
            poll(&mut fds, PollTimeout::ZERO).unwrap() == 1
        };
        assert!(!is_heard());
        bell.ring();
        bell.ring();
        assert!(is_heard());
        bell.silence();
        assert!(!is_heard());
    }
}
