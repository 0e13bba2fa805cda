//! What a command waits with: Ctrl-C and SIGTERM as a descriptor, time as poll(2) takes it.

use std::{
    os::fd::{AsFd, BorrowedFd},
    time::Duration,
};

use nix::{
    errno::Errno,
    poll::PollTimeout,
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd},
    },
};
use observer::{Error, pace::whole_milliseconds};

/// The signals that ask for an end in order.
#[derive(Debug)]
pub(crate) struct EndSignals {
    set: SigSet,
    fd: SignalFd,
}

impl EndSignals {
    /// From here on they no longer kill.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(crate) fn block() -> Result<Self, Error> {
        let set: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
        let failed =
            |errno: Errno| Error::System { what: "cannot wait for signals", source: errno.into() };
        set.thread_block().map_err(failed)?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let fd = SignalFd::with_flags(&set, flags).map_err(failed)?;
        Ok(Self { set, fd })
    }

    /// Whether one came. After the first they kill again: who presses Ctrl-C twice does not want
    /// to wait for the end of anything.
    pub(crate) fn take(&mut self) -> bool {
        let came = matches!(self.fd.read_signal(), Ok(Some(_)));
        if came {
            let _still_blocked = self.set.thread_unblock();
        }
        came
    }
}

/// A time as poll(2) takes it.
pub(crate) fn poll_timeout(time: Duration) -> PollTimeout {
    PollTimeout::try_from(whole_milliseconds(time)).unwrap_or(PollTimeout::MAX)
}

impl AsFd for EndSignals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
