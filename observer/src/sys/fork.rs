//! Children that only sleep and end.

use std::time::Duration;

use nix::{
    errno::Errno,
    unistd::{ForkResult, Pid, fork},
};

/// A child that lives about this long and does nothing. Whoever calls waits for it.
///
/// # Errors
///
/// As fork(2).
pub(crate) fn fork_for(life: Duration) -> Result<Pid, Errno> {
    let time = libc::timespec {
        tv_sec: life.as_secs().try_into().unwrap_or(0),
        tv_nsec: life.subsec_nanos().into(),
    };
    // SAFETY: the child of a program with threads may do what is async-signal-safe, and that is
    // all that `sleep_and_end` does.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => sleep_and_end(time),
    }
}

fn sleep_and_end(time: libc::timespec) -> ! {
    // SAFETY: the time is valid for reading, and what would be left of it is not asked for.
    unsafe { libc::nanosleep(&raw const time, std::ptr::null_mut()) };
    // SAFETY: ends the process at once, without anything that is meant for its parent.
    unsafe { libc::_exit(0) }
}
