//! A namespace held open, to be asked about. While it is held it lives, so these are few and short.

use std::os::fd::{AsFd as _, OwnedFd};

use nix::{errno::Errno, sys::stat::fstat};

use super::{NamespaceId, NamespaceKind};
use crate::sys::{NetnsIds, namespace};

#[derive(Debug)]
pub(super) struct Handle {
    fd: OwnedFd,
    pub(super) id: NamespaceId,
}

impl Handle {
    /// # Errors
    ///
    /// `ENOTTY` for what is no namespace; `EINVAL` for one of a newer kernel's kinds.
    pub(super) fn new(fd: OwnedFd) -> Result<Self, Errno> {
        let flag = namespace::clone_flag(fd.as_fd())?;
        let kind = NamespaceKind::of_clone_flag(flag).ok_or(Errno::EINVAL)?;
        let status = fstat(&fd)?;
        let id = NamespaceId {
            kind,
            device: status.st_dev,
            inode: status.st_ino,
            kernel_id: namespace::id(fd.as_fd()).ok(),
            generation: 1,
        };
        Ok(Self { fd, id })
    }

    /// The user namespace that it belongs to.
    ///
    /// # Errors
    ///
    /// `EPERM` where there is none, or none that the caller may see.
    pub(super) fn owner(&self) -> Result<Self, Errno> {
        Self::new(namespace::owner(self.fd.as_fd())?)
    }

    /// The one around it, of a kind that is nested.
    ///
    /// # Errors
    ///
    /// As [`Handle::owner`].
    pub(super) fn parent(&self) -> Result<Self, Errno> {
        Self::new(namespace::parent(self.fd.as_fd())?)
    }

    /// The user that made it, of a user namespace.
    pub(super) fn creator(&self) -> Option<u32> {
        namespace::creator(self.fd.as_fd()).ok()
    }

    /// How many mounts it has, of a mount namespace and where the kernel tells.
    pub(super) fn mounts(&self) -> Option<u64> {
        namespace::mounts(self.fd.as_fd()).ok().map(u64::from)
    }

    /// The number that the caller's network namespace has for it, of a network namespace.
    pub(super) fn netns_id(&self, ids: &NetnsIds) -> Option<i32> {
        ids.of(self.fd.as_fd())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn own(kind: NamespaceKind) -> Handle {
        let file = File::open(format!("/proc/self/ns/{}", kind.name())).unwrap();
        Handle::new(file.into()).unwrap()
    }

    #[test]
    fn every_kind_of_our_own_is_what_its_link_says() {
        for kind in NamespaceKind::ALL {
            let link = std::fs::read_link(format!("/proc/self/ns/{}", kind.name())).unwrap();
            let id = own(kind).id;
            assert_eq!(format!("{}:[{}]", id.kind.name(), id.inode), link.to_str().unwrap());
        }
    }

    #[test]
    fn owners_are_user_namespaces() {
        let network = own(NamespaceKind::Network);
        // Inside a container the owner may be out of sight.
        if let Ok(owner) = network.owner() {
            assert_eq!(owner.id.kind, NamespaceKind::User);
            assert!(owner.creator().is_some());
        }
        assert_eq!(network.parent().unwrap_err(), Errno::EINVAL);
        assert_eq!(network.creator(), None);
    }

    #[test]
    fn what_is_no_namespace_is_refused() {
        let file = File::open("/proc/self/stat").unwrap();
        assert_eq!(Handle::new(file.into()).unwrap_err(), Errno::ENOTTY);
    }
}
