//! The system calls that these tests need and no safe wrapper offers.
#![expect(unsafe_code, reason = "direct system calls; each block says why it is sound")]

use std::io;
use std::mem;

use libc::c_long;

use crate::support::sys;

/// Makes the caller leader of a session on the terminal that is its standard input.
pub(crate) fn take_terminal() -> io::Result<()> {
    nix::unistd::setsid().map_err(io::Error::from)?;
    sys::control_terminal(0)
}

/// A fork of which the child has this pid in the innermost namespace, see clone3(2): its pid, or
/// `None` in the child. The caller has one thread.
pub(crate) fn fork_as(pid: u32) -> io::Result<Option<u32>> {
    let wanted = [pid];
    // SAFETY: all zeroes is a valid value of these numbers.
    let mut arguments: libc::clone_args = unsafe { mem::zeroed() };
    arguments.exit_signal = libc::SIGCHLD as u64;
    arguments.set_tid = (&raw const wanted) as u64;
    arguments.set_tid_size = 1;
    // SAFETY: without CLONE_VM the child has a copy of everything, as after fork; the pointers are
    // to live values of the size given.
    let result = unsafe {
        libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<libc::clone_args>())
    };
    let child = u32::try_from(checked(result)?).expect("a pid");
    Ok((child > 0).then_some(child))
}

fn checked(result: c_long) -> io::Result<c_long> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
