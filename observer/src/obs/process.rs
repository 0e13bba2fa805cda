//! A process by its pid, to be asked about its namespaces, as the package obs has it.

use std::{ffi::CString, io};

use nix::fcntl::OFlag;

use crate::{
    Error,
    namespace::{NamespaceId, NamespaceKind, of_file},
    source::proc::Directory,
};

/// A process by its pid.
///
/// A pid can be reused: where that matters, take a [`Snapshot`](crate::Snapshot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    pid: u32,
}

impl Process {
    /// The process with this pid in the caller's pid namespace. Does not check that it exists.
    pub fn new(pid: u32) -> Self {
        Self { pid }
    }

    /// Its pid.
    pub fn pid(self) -> u32 {
        self.pid
    }

    /// The namespace of that kind that it is in, see namespaces(7). Of a zombie the user and the
    /// pid namespace alone.
    ///
    /// Needs permission to inspect the process: `CAP_SYS_PTRACE`, or the same user.
    ///
    /// # Errors
    ///
    /// [`Error::NoProcess`]; [`Error::JoinRefused`] where the kernel does not tell.
    pub fn namespace(self, kind: NamespaceKind) -> Result<NamespaceId, Error> {
        let pid = self.pid;
        let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
        let folder = proc.process(pid).map_err(|_gone| Error::NoProcess(pid.to_string()))?;
        let refused = |source: io::Error| Error::JoinRefused { pid, source };
        let link = CString::new(format!("ns/{}", kind.name()));
        let link = link.map_err(|error| refused(error.into()))?;
        let file = folder.open(&link, OFlag::O_RDONLY).map_err(|errno| refused(errno.into()))?;
        of_file(file).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_are_those_of_our_links() {
        let own = Process::new(std::process::id());
        assert_eq!(own.pid(), std::process::id());
        for kind in NamespaceKind::ALL {
            let link = std::fs::read_link(format!("/proc/self/ns/{}", kind.name())).unwrap();
            let inode = own.namespace(kind).unwrap().inode;
            assert_eq!(format!("{}:[{inode}]", kind.name()), link.to_str().unwrap());
        }
    }

    #[test]
    fn who_is_not_there_has_none() {
        let error = Process::new(u32::MAX).namespace(NamespaceKind::Uts).unwrap_err();
        assert!(matches!(error, Error::NoProcess(pid) if pid == u32::MAX.to_string()));
    }
}
