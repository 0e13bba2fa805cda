//! Questions to the kernel about a namespace, see `ioctl_nsfs(2)`.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use nix::errno::Errno;

/// The namespace around a pid or user namespace.
///
/// # Errors
///
/// `EPERM` where that is outside the caller's own, or there is none; `EINVAL` for other kinds.
pub(crate) fn parent(namespace: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    const NS_GET_PARENT: libc::Ioctl = 0xb702;
    related(namespace, NS_GET_PARENT)
}

/// The user namespace that owns it; of a user namespace its parent.
///
/// # Errors
///
/// `EPERM` where that is outside the caller's own, or there is none.
pub(crate) fn owner(namespace: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    const NS_GET_USERNS: libc::Ioctl = 0xb701;
    related(namespace, NS_GET_USERNS)
}

/// The network namespace of a socket. Needs `CAP_NET_ADMIN` in its user namespace.
///
/// # Errors
///
/// `EPERM` without that right; `ENOTTY` or `EINVAL` for what is no socket.
pub(crate) fn of_socket(socket: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    const SIOCGSKNS: libc::Ioctl = 0x894c;
    related(socket, SIOCGSKNS)
}

/// A descriptor that stands for a process, see `pidfd_open(2)`.
///
/// # Errors
///
/// `ESRCH` when it has gone.
pub(crate) fn process(pid: u32) -> Result<OwnedFd, Errno> {
    // SAFETY: the call takes two numbers and touches no memory of ours.
    own(Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?)
}

/// A descriptor of another process's, as one of ours. Needs the right to attach to it by ptrace(2).
///
/// # Errors
///
/// `EPERM` without that right, `EBADF` or `ESRCH` when it has gone.
pub(crate) fn descriptor_of(process: BorrowedFd<'_>, fd: u32) -> Result<OwnedFd, Errno> {
    let process = process.as_raw_fd();
    // SAFETY: the call takes three numbers and touches no memory of ours.
    own(Errno::result(unsafe { libc::syscall(libc::SYS_pidfd_getfd, process, fd, 0) })?)
}

/// Its kind, as the flag of clone(2) that makes one.
///
/// # Errors
///
/// `ENOTTY` for what is no namespace.
pub(crate) fn clone_flag(namespace: BorrowedFd<'_>) -> Result<i32, Errno> {
    const NS_GET_NSTYPE: libc::Ioctl = 0xb703;
    // SAFETY: the request takes no argument and touches no memory of ours.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_NSTYPE) })
}

/// The user who made a user namespace, as the caller's user namespace calls them.
///
/// # Errors
///
/// `EINVAL` for other kinds.
pub(crate) fn creator(namespace: BorrowedFd<'_>) -> Result<u32, Errno> {
    const NS_GET_OWNER_UID: libc::Ioctl = 0xb704;
    let mut uid = 0_u32;
    // SAFETY: the request writes one `uid_t` to where it is told, which is one of ours.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_OWNER_UID, &raw mut uid) })?;
    Ok(uid)
}

/// The kernel's own number of it, which is never given out twice. Since Linux 6.18.
///
/// # Errors
///
/// `ENOTTY` on older kernels.
pub(crate) fn id(namespace: BorrowedFd<'_>) -> Result<u64, Errno> {
    const NS_GET_ID: libc::Ioctl = 0x8008_b70d_u32 as libc::Ioctl;
    let mut id = 0_u64;
    // SAFETY: the request writes one 64-bit number to where it is told, which is one of ours.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_GET_ID, &raw mut id) })?;
    Ok(id)
}

/// How many mounts a mount namespace has. Since Linux 6.12.
///
/// # Errors
///
/// `ENOTTY` on older kernels, `EINVAL` for other kinds.
pub(crate) fn mounts(namespace: BorrowedFd<'_>) -> Result<u32, Errno> {
    const NS_MNT_GET_INFO: libc::Ioctl = 0x8010_b70a_u32 as libc::Ioctl;
    /// The kernel's `struct mnt_ns_info`.
    #[repr(C)]
    #[derive(Default)]
    struct Info {
        size: u32,
        mounts: u32,
        id: u64,
    }
    let mut info = Info::default();
    // SAFETY: the size in the request's number is that of the structure, which the request fills.
    Errno::result(unsafe { libc::ioctl(namespace.as_raw_fd(), NS_MNT_GET_INFO, &raw mut info) })?;
    Ok(info.mounts)
}

/// A request that gives a descriptor.
fn related(fd: BorrowedFd<'_>, request: libc::Ioctl) -> Result<OwnedFd, Errno> {
    // SAFETY: such a request takes no argument and touches no memory of ours; a wrong kind of
    // descriptor makes it fail.
    let related = Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), request) })?;
    own(related.into())
}

/// Takes over a descriptor that a call has just given.
fn own(fd: libc::c_long) -> Result<OwnedFd, Errno> {
    let fd = fd.try_into().map_err(|_too_large| Errno::EBADF)?;
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
