//! The system calls that only these scenes need.
#![expect(unsafe_code, reason = "direct system calls; each block says why it is sound")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::unix::fs::MetadataExt as _;

use libc::{c_long, c_ulong};

/// The number that names a namespace.
pub(crate) fn inode(space: &File) -> u64 {
    space.metadata().expect("an open namespace").ino()
}

/// The namespace around this one, if we may see it: `NS_GET_PARENT` of `ioctl_ns(2)`.
pub(crate) fn parent_space(space: &File) -> Option<File> {
    const NS_GET_PARENT: c_ulong = 0xb702;
    // SAFETY: this request takes no argument.
    let fd = unsafe { libc::ioctl(space.as_raw_fd(), NS_GET_PARENT) };
    // SAFETY: the kernel just gave it to us alone.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd) }.into())
}

/// Gives the caller these capability sets, one bit a capability.
pub(crate) fn set_capabilities(effective: u64, permitted: u64, inheritable: u64) -> io::Result<()> {
    // Version 3 of capset(2): a header of version and pid, then the low and the high words.
    let header: [u32; 2] = [0x2008_0522, 0];
    let [low, high] = [0, 32].map(|shift| {
        [effective, permitted, inheritable].map(|set| (set >> shift & 0xffff_ffff) as u32)
    });
    let data = [low, high];
    // SAFETY: header and data have the size and shape of that version, and outlive the call.
    succeeded(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), data.as_ptr()) })
}

/// Lets a capability, permitted and inheritable already, survive an exec.
pub(crate) fn raise_ambient(capability: c_ulong) -> io::Result<()> {
    let raise = c_ulong::from(libc::PR_CAP_AMBIENT_RAISE.cast_unsigned());
    // SAFETY: takes plain numbers.
    succeeded(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, raise, capability, 0, 0) }.into())
}

/// No exec may give more rights from now on, which a filter asks for.
pub(crate) fn no_new_privileges() -> io::Result<()> {
    // SAFETY: takes plain numbers.
    succeeded(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }.into())
}

/// From now on the thread may read, write and end, or be killed.
pub(crate) fn seccomp_strict() -> io::Result<()> {
    let mode = c_ulong::from(libc::SECCOMP_MODE_STRICT);
    // SAFETY: takes plain numbers.
    succeeded(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode) }.into())
}

/// A filter that lets everything pass.
pub(crate) fn seccomp_filter() -> io::Result<()> {
    let allow = u16::try_from(libc::BPF_RET).expect("16 bits");
    let mut filter = [libc::sock_filter { code: allow, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW }];
    let program = libc::sock_fprog { len: 1, filter: filter.as_mut_ptr() };
    let mode = c_ulong::from(libc::SECCOMP_MODE_FILTER);
    // SAFETY: the pointer is to a live program of one instruction, which the kernel copies.
    succeeded(unsafe { libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program) }.into())
}

fn succeeded(result: c_long) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
