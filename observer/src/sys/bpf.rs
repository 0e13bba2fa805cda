//! Commands of bpf(2) that make a descriptor.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use nix::errno::Errno;

/// A descriptor as the commands take it.
pub(super) fn number(fd: BorrowedFd<'_>) -> u32 {
    // A descriptor that exists is not negative.
    fd.as_raw_fd().cast_unsigned()
}

/// Gives a command with the beginning of its `union bpf_attr`; to the kernel the rest is zero.
pub(super) fn bpf<T>(command: libc::c_long, attributes: &T) -> Result<OwnedFd, Errno> {
    // SAFETY: the kernel reads that many bytes from a live value and writes none back.
    let fd = Errno::result(unsafe {
        libc::syscall(libc::SYS_bpf, command, std::ptr::from_ref(attributes), size_of::<T>())
    })?;
    let fd = i32::try_from(fd).map_err(|_impossible| Errno::EBADF)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
