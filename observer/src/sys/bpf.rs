//! Commands of bpf(2).

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use nix::errno::Errno;

/// A descriptor as the commands take it.
pub(super) fn number(fd: BorrowedFd<'_>) -> u32 {
    // A descriptor that exists is not negative.
    fd.as_raw_fd().cast_unsigned()
}

/// Gives a command that makes a descriptor; see [`command`].
pub(super) fn bpf<T: Copy>(number: libc::c_long, attributes: &T) -> Result<OwnedFd, Errno> {
    let fd = command(number, &mut { *attributes })?;
    let fd = i32::try_from(fd).map_err(|_impossible| Errno::EBADF)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Gives a command with the beginning of its `union bpf_attr`, into which the kernel may write its
/// answer; to the kernel the rest is zero.
pub(super) fn command<T>(number: libc::c_long, attributes: &mut T) -> Result<libc::c_long, Errno> {
    let at = std::ptr::from_mut(attributes);
    // SAFETY: the kernel reads and writes no more than that many bytes of a live value.
    Errno::result(unsafe { libc::syscall(libc::SYS_bpf, number, at, size_of::<T>()) })
}
