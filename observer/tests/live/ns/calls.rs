//! What the kernel says of a namespace, see `ioctl_nsfs(2)`, asked as directly as can be.
#![expect(unsafe_code, reason = "direct system calls; each block says why it is sound")]

use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

use libc::c_int;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket,
};

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

/// The user that made it, of a user namespace.
pub(super) fn creator(namespace: &OwnedFd) -> io::Result<u32> {
    let mut uid = 0_u32;
    // SAFETY: the pointer is to a live number of the size that the request writes.
    checked(unsafe { libc::ioctl(namespace.as_raw_fd(), libc::NS_GET_OWNER_UID, &raw mut uid) })?;
    Ok(uid)
}

/// How many mounts it has, of a mount namespace, where the kernel tells.
pub(super) fn mounts(namespace: &OwnedFd) -> io::Result<u64> {
    /// `_IOR(0xb7, 10, struct mnt_ns_info)`: size, mounts, and an id of 64 bits.
    const NS_MNT_GET_INFO: libc::Ioctl = 0x8010_b70a_u32 as libc::Ioctl;
    let mut info = [0_u32; 4];
    let request = NS_MNT_GET_INFO;
    // SAFETY: the pointer is to as many live bytes as the request writes.
    checked(unsafe { libc::ioctl(namespace.as_raw_fd(), request, info.as_mut_ptr()) })?;
    Ok(info[1].into())
}

/// Has the network namespace of the caller give that of a process a number, as `ip netns set` does.
/// It is forgotten when the latter goes.
pub(super) fn number_network(pid: u32, number: u32) -> io::Result<()> {
    const NETNSA_NSID: u16 = 1;
    const NETNSA_PID: u16 = 2;
    let attribute = |kind: u16, value: u32| {
        [&8_u16.to_ne_bytes()[..], &kind.to_ne_bytes(), &value.to_ne_bytes()].concat()
    };
    // The family is unspecified, and is followed by padding.
    let body = [vec![0; 4], attribute(NETNSA_NSID, number), attribute(NETNSA_PID, pid)].concat();
    let length = u32::try_from(16 + body.len()).expect("a short message");
    let flags = u16::try_from(libc::NLM_F_REQUEST | libc::NLM_F_ACK).expect("few bits");
    let head = [length.to_ne_bytes(), join(libc::RTM_NEWNSID, flags), [1, 0, 0, 0], [0; 4]];
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    send(socket.as_raw_fd(), &[head.concat(), body].concat(), MsgFlags::empty())?;
    let mut answer = [0; 256];
    recv(socket.as_raw_fd(), &mut answer, MsgFlags::empty())?;
    // Behind the head, of a message that says how another one went.
    match i32::from_ne_bytes(answer[16..20].try_into().expect("four bytes")) {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(-error)),
    }
}

fn join(first: u16, second: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (first.to_ne_bytes(), second.to_ne_bytes());
    [a, b, c, d]
}

fn checked(result: c_int) -> io::Result<c_int> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
