//! Signals while a command runs: those that are for it, and those that are for us.
//!
//! What a terminal sends reaches the command by itself, for it is in our process group. What
//! somebody sends to us alone is meant for the command as well. Only when the command has ended are
//! they for us: they end the following.
//!
//! Somebody who sends to the whole group (`kill -TERM -PGID`) cannot be told from one who sends to us
//! alone; then the command hears it twice.

use std::fs;
use std::os::fd::{AsFd, BorrowedFd};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, Signal},
        signalfd::{SfdFlags, SignalFd, siginfo},
    },
};
use observer::Error;

use super::child::Child;

/// Those that ask for an end.
const ENDS: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

/// Those that mean whatever the command makes of them.
const OTHERS: [Signal; 2] = [Signal::SIGUSR1, Signal::SIGUSR2];

/// Of them none that was ignored when we began: nohup(1) and the background of a script mean it.
#[derive(Debug)]
pub(super) struct Signals {
    /// What was blocked before.
    before: SigSet,
    fd: SignalFd,
}

impl Signals {
    /// From here on they no longer kill.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn block() -> Result<Self, Error> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let ignored = ignored(&status).unwrap_or_default();
        let is_heeded = |signal: &Signal| ignored >> (*signal as i32 - 1) & 1 == 0;
        let wanted = ENDS.into_iter().chain(OTHERS).filter(is_heeded);
        // The child's death as well: it is to be noticed at once.
        let set: SigSet = wanted.chain([Signal::SIGCHLD]).collect();
        let before = SigSet::thread_get_mask().map_err(failed)?;
        set.thread_block().map_err(failed)?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        let fd = SignalFd::with_flags(&set, flags).map_err(failed)?;
        Ok(Self { before, fd })
    }

    /// What was blocked before these were.
    pub(super) fn before(&self) -> &SigSet {
        &self.before
    }

    /// Hands on what came for the command. Returns whether one came for us.
    pub(super) fn hand_on(&mut self, child: &mut Child) -> bool {
        let mut asked = false;
        while let Ok(Some(info)) = self.fd.read_signal() {
            let signal = i32::try_from(info.ssi_signo).ok().and_then(|n| Signal::try_from(n).ok());
            let Some(signal) = signal.filter(|signal| *signal != Signal::SIGCHLD) else { continue };
            if child.has_ended() {
                asked |= ENDS.contains(&signal);
            } else if !has_heard_it(child, &info) {
                child.send(signal);
            }
        }
        asked
    }

    /// Waits for nothing but the end of the command.
    ///
    /// # Errors
    ///
    /// [`Error::System`].
    pub(super) fn outlast(&mut self, child: &mut Child) -> Result<(), Error> {
        while !child.has_ended() {
            let mut fds = [PollFd::new(self.fd.as_fd(), PollFlags::POLLIN)];
            // Where children are not waited for, no signal tells their end.
            match poll(&mut fds, PollTimeout::from(LOOK_AGAIN_MS)) {
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
            self.hand_on(child);
        }
        Ok(())
    }

    /// From here on they kill again: who presses Ctrl-C while the report is written does not want to
    /// wait for it. Of what came so far nothing is left.
    pub(super) fn let_go(&mut self) {
        while let Ok(Some(_)) = self.fd.read_signal() {}
        let _still_blocked = self.before.thread_set_mask();
    }
}

const LOOK_AGAIN_MS: u16 = 100;

/// Whether the command knows already: the terminal told the whole group, or it sent it itself.
fn has_heard_it(child: &Child, info: &siginfo) -> bool {
    let sender = i32::try_from(info.ssi_pid).ok();
    info.ssi_code == libc::SI_KERNEL || sender == Some(child.pid().as_raw())
}

/// The signals that a process ignores, of its `status`: a bit for each, from the first on.
fn ignored(status: &str) -> Option<u64> {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    u64::from_str_radix(mask.trim(), 16).ok()
}

fn failed(errno: Errno) -> Error {
    Error::System { what: "cannot wait for signals", source: errno.into() }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_ignored_is_read() {
        let status = "SigBlk:\t0000000000000001\nSigIgn:\t0000000000001001\n";
        assert_eq!(ignored(status), Some(0x1001));
        assert_eq!(ignored("Name:\tx\n"), None);
    }
}
