//! The numbers that a network namespace has for others, see rtnetlink(7): `RTM_GETNSID`.

use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd};

use nix::{
    errno::Errno,
    unistd::{read, write},
};

/// A way to ask the caller's own network namespace. Needs no privileges.
#[derive(Debug)]
pub(crate) struct NetnsIds(OwnedFd);

const RTM_NEWNSID: u16 = 88;
const RTM_GETNSID: u16 = 90;
const NLM_F_REQUEST: u16 = 1;
const NETNSA_NSID: u16 = 1;
const NETNSA_FD: u16 = 3;
/// A message's header, and that of what it is about.
const HEADERS: usize = 16 + 4;

impl NetnsIds {
    /// # Errors
    ///
    /// Where netlink is not to be had.
    pub(crate) fn open() -> Result<Self, Errno> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC;
        // SAFETY: the call takes three numbers and touches no memory of ours.
        let fd = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_ROUTE) };
        let fd = Errno::result(fd)?;
        // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The number of an open network namespace; `None` where it was given none.
    pub(crate) fn of(&self, namespace: BorrowedFd<'_>) -> Option<i32> {
        write(&self.0, &question(namespace)).ok()?;
        let mut answer = [0; 512];
        let length = read(&self.0, &mut answer).ok()?;
        number(answer.get(..length)?)
    }
}

fn question(namespace: BorrowedFd<'_>) -> Vec<u8> {
    /// Headers, one attribute with its own.
    const LENGTH: u32 = 28;
    let mut bytes = Vec::with_capacity(LENGTH as usize);
    bytes.extend(LENGTH.to_ne_bytes());
    bytes.extend([RTM_GETNSID, NLM_F_REQUEST].map(u16::to_ne_bytes).concat());
    // Number of the message, sender, family.
    bytes.extend([0; 12]);
    bytes.extend([8, NETNSA_FD].map(u16::to_ne_bytes).concat());
    bytes.extend(namespace.as_raw_fd().to_ne_bytes());
    bytes
}

fn number(answer: &[u8]) -> Option<i32> {
    let half = |at: usize| Some(u16::from_ne_bytes(answer.get(at..at + 2)?.try_into().ok()?));
    if half(4)? != RTM_NEWNSID {
        return None;
    }
    let mut at = HEADERS;
    while let (Some(length), Some(kind)) = (half(at), half(at + 2)) {
        if kind == NETNSA_NSID {
            let value = i32::from_ne_bytes(answer.get(at + 4..at + 8)?.try_into().ok()?);
            // Negative: it was given none.
            return (value >= 0).then_some(value);
        }
        at += usize::from(length.max(4)).next_multiple_of(4);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::fd::AsFd as _};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernel_understands_the_question() {
        let own = File::open("/proc/self/ns/net").unwrap();
        let ids = NetnsIds::open().unwrap();
        write(&ids.0, &question(own.as_fd())).unwrap();
        let mut answer = [0; 512];
        let length = read(&ids.0, &mut answer).unwrap();
        assert_eq!(answer[4..6], RTM_NEWNSID.to_ne_bytes(), "{:?}", &answer[..length]);
    }

    #[test]
    fn a_number_is_found_among_the_attributes() {
        let mut answer = vec![0; HEADERS];
        answer[4..6].copy_from_slice(&RTM_NEWNSID.to_ne_bytes());
        assert_eq!(number(&answer), None);
        answer.extend([5, 9].map(u16::to_ne_bytes).concat());
        answer.extend([7, 0, 0, 0]);
        answer.extend([8, NETNSA_NSID].map(u16::to_ne_bytes).concat());
        answer.extend(4_i32.to_ne_bytes());
        assert_eq!(number(&answer), Some(4));
        let end = answer.len();
        answer[end - 4..].copy_from_slice(&(-1_i32).to_ne_bytes());
        assert_eq!(number(&answer), None, "unassigned");
    }

    proptest! {
        #[test]
        fn any_answer_is_read_to_its_end(mut answer: Vec<u8>) {
            let _any = number(&answer);
            answer.resize(answer.len().max(HEADERS), 0);
            answer[4..6].copy_from_slice(&RTM_NEWNSID.to_ne_bytes());
            let _any = number(&answer);
        }
    }
}
