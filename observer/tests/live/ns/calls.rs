//! What the kernel says of a namespace, see `ioctl_nsfs(2)`, asked as directly as can be.
#![expect(unsafe_code, reason = "direct system calls; each block says why it is sound")]

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use libc::c_int;

/// The user namespace that owns it.
pub(super) fn owner(namespace: &OwnedFd) -> io::Result<OwnedFd> {
    related(namespace, libc::NS_GET_USERNS)
}

/// The one around it.
pub(super) fn parent(namespace: &OwnedFd) -> io::Result<OwnedFd> {
    related(namespace, libc::NS_GET_PARENT)
}

fn related(namespace: &OwnedFd, request: libc::Ioctl) -> io::Result<OwnedFd> {
    // SAFETY: the request takes no argument.
    let fd = checked(unsafe { libc::ioctl(namespace.as_raw_fd(), request) })?;
    // SAFETY: the kernel just gave it to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// Who made it, of a user namespace.
pub(super) fn creator(namespace: &OwnedFd) -> io::Result<u32> {
    let mut uid = 0_u32;
    // SAFETY: the pointer is to a live number of the size that the request writes.
    checked(unsafe { libc::ioctl(namespace.as_raw_fd(), libc::NS_GET_OWNER_UID, &raw mut uid) })?;
    Ok(uid)
}

/// The number that is never given out twice, where the kernel has one.
pub(super) fn kernel_id(namespace: &OwnedFd) -> io::Result<u64> {
    /// `_IOR(0xb7, 13, __u64)`
    const NS_GET_ID: libc::Ioctl = 0x8008_b70d_u32 as libc::Ioctl;
    let mut id = 0_u64;
    // SAFETY: the pointer is to a live number of the size that the request writes.
    checked(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_ID, &raw mut id) })?;
    Ok(id)
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
