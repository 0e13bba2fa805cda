//! What keeps a namespace alive beside the processes in it, and the way to it that follows.

use std::{ffi::CString, os::fd::AsFd as _, time::Instant};

use nix::{
    errno::Errno,
    fcntl::OFlag,
    sys::statfs::{NSFS_MAGIC, fstatfs},
};

use super::{NamespaceId, NamespaceKind, handle::Handle};
use crate::{rooted, source::proc::Directory};

/// Something that keeps a namespace alive.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Holder {
    /// It is mounted onto a file.
    Mount {
        /// Where, as a process sees it: any bytes.
        path: Vec<u8>,
        /// That process.
        pid: u32,
        /// Inode number of the mount namespace in which it is.
        mount_namespace: u64,
    },
    /// A process's children will be in it, and it is not.
    Children {
        /// The process.
        pid: u32,
    },
    /// A thread is in it, and its process is not.
    Thread {
        /// The process.
        pid: u32,
        /// The thread.
        tid: u32,
    },
    /// A process has it open.
    File {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
    /// A process that is in another has a socket in it.
    Socket {
        /// The process.
        pid: u32,
        /// The descriptor.
        fd: u32,
    },
    /// It is the parent or the owner of another namespace.
    Namespace {
        /// That one.
        id: NamespaceId,
    },
}

impl Holder {
    /// Opens what it holds.
    ///
    /// # Errors
    ///
    /// `ENOENT` or `ESRCH` when that is over; others where it is not allowed, or there is no way.
    pub(super) fn open(&self, proc: &Directory, kind: NamespaceKind) -> Result<Handle, Errno> {
        let (pid, path) = match self {
            Self::Mount { path, pid, .. } => {
                // Who cannot get at a mount has not seen it go.
                return open_mount(proc, *pid, path).ok_or(Errno::EACCES);
            }
            Self::Children { pid } => (pid, format!("ns/{}_for_children", kind.name())),
            Self::Thread { pid, tid } => (pid, format!("task/{tid}/ns/{}", kind.name())),
            Self::File { pid, fd } => (pid, format!("fd/{fd}")),
            // Whoever finds a socket has its namespace open already.
            Self::Socket { .. } | Self::Namespace { .. } => return Err(Errno::EOPNOTSUPP),
        };
        open_link(proc, *pid, path)
    }
}

/// Opens a process's namespace.
///
/// # Errors
///
/// `EACCES` without the right to look into the process, `ENOENT` when it has gone.
pub(super) fn open_of(proc: &Directory, pid: u32, kind: NamespaceKind) -> Result<Handle, Errno> {
    open_link(proc, pid, format!("ns/{}", kind.name()))
}

/// Opens what a link below a process's directory leads to, if that is a namespace. Of anything else
/// an open could be an order, or never end.
fn open_link(proc: &Directory, pid: u32, path: String) -> Result<Handle, Errno> {
    let path = CString::new(path).map_err(|_nul| Errno::EINVAL)?;
    let place = || proc.process(pid)?.open(&path, OFlag::O_PATH);
    // The kernel says `EACCES` too of who goes at this very moment; of who has gone, `ENOENT`.
    let place =
        place().or_else(|errno| if errno == Errno::EACCES { place() } else { Err(errno) })?;
    if fstatfs(&place)?.filesystem_type() != NSFS_MAGIC {
        return Err(Errno::ENOTTY);
    }
    Handle::new(rooted::reopen(place.as_fd())?)
}

/// Mount points are as the owner of the mount namespace wants them.
fn open_mount(proc: &Directory, pid: u32, path: &[u8]) -> Option<Handle> {
    let root = proc.process(pid).ok()?.open(c"root", OFlag::O_PATH).ok()?;
    let until = Instant::now() + rooted::PATIENCE;
    let namespace = rooted::open_namespace(root.as_fd(), path, until).ok()?;
    Handle::new(namespace).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_are_opened() {
        let proc = Directory::proc().unwrap();
        let own = std::process::id();
        assert!(open_of(&proc, own, NamespaceKind::Uts).is_ok());
        assert_eq!(open_link(&proc, own, "exe".to_owned()).unwrap_err(), Errno::ENOTTY);
        let (reader, _writer) = nix::unistd::pipe().unwrap();
        let fd = std::os::fd::AsRawFd::as_raw_fd(&reader).cast_unsigned();
        let holder = Holder::File { pid: own, fd };
        assert_eq!(holder.open(&proc, NamespaceKind::Uts).unwrap_err(), Errno::ENOTTY);
    }
}
