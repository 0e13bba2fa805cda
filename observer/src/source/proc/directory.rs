//! `/proc/PID` held open, and its files read through it.

use std::{
    ffi::{CStr, OsString},
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use nix::{
    errno::Errno,
    fcntl::{AT_FDCWD, OFlag, openat, readlinkat},
    sys::stat::{FileStat, Mode, fstat},
    sys::uio::pread,
    unistd::read,
};

use crate::sys::read_link;

const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_NOCTTY);

/// A process's directory. It goes on standing for that process when the pid is given to another:
/// then every read fails with `ESRCH`.
#[derive(Debug)]
pub(crate) struct Directory {
    fd: OwnedFd,
    /// Files that are held open, by name.
    held: Vec<(&'static CStr, OwnedFd)>,
}

impl Directory {
    /// Opens `/proc` itself, which the other directories are opened below.
    ///
    /// # Errors
    ///
    /// Where /proc is not mounted.
    pub(crate) fn proc() -> Result<Self, Errno> {
        Self::open_at(AT_FDCWD, c"/proc")
    }

    /// Opens the directory of a process, below `/proc`.
    ///
    /// # Errors
    ///
    /// `ENOENT` where there is no such process, or `hidepid` hides it.
    pub(crate) fn process(&self, pid: u32) -> Result<Self, Errno> {
        let mut digits = itoa::Buffer::new();
        let mut path = [0; 11];
        for (to, from) in path.iter_mut().zip(digits.format(pid).bytes()) {
            *to = from;
        }
        let path = CStr::from_bytes_until_nul(&path).map_err(|_unended| Errno::ENAMETOOLONG)?;
        Self::open_at(self.fd.as_fd(), path)
    }

    /// Opens the directory of a thread, below `/proc`.
    ///
    /// # Errors
    ///
    /// `ENOENT` where the process has no such thread, or `hidepid` hides it.
    #[cfg(feature = "perf")]
    pub(crate) fn thread(&self, pid: u32, tid: u32) -> Result<Self, Errno> {
        let path =
            std::ffi::CString::new(format!("{pid}/task/{tid}")).map_err(|_nul| Errno::EINVAL)?;
        Self::open_at(self.fd.as_fd(), &path)
    }

    fn open_at(at: impl AsFd, path: &CStr) -> Result<Self, Errno> {
        let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let fd = openat(at, path, flags, Mode::empty())?;
        Ok(Self { fd, held: Vec::new() })
    }

    /// Reads a whole file, at once, into `buffer`, which grows as it must and keeps its size;
    /// returns the bytes read.
    ///
    /// # Errors
    ///
    /// `ENOENT` or `ESRCH` when the process has gone.
    pub(crate) fn read<'b>(
        &self,
        name: &CStr,
        buffer: &'b mut Vec<u8>,
    ) -> Result<&'b mut [u8], Errno> {
        if let Some((_, file)) = self.held.iter().find(|(held, _)| *held == name) {
            return read_whole(file.as_fd(), buffer);
        }
        read_whole(self.open(name, READ)?.as_fd(), buffer)
    }

    /// Holds these files open: later reads of them open nothing.
    ///
    /// # Errors
    ///
    /// As [`Directory::read`].
    #[cfg(feature = "ebpf")]
    pub(crate) fn hold(&mut self, names: &[&'static CStr]) -> Result<(), Errno> {
        for name in names {
            let file = self.open(name, READ)?;
            self.held.push((name, file));
        }
        Ok(())
    }

    /// Reads a file that the kernel gives out a page of lines at a time, as it does id maps.
    ///
    /// # Errors
    ///
    /// As [`Directory::read`].
    pub(crate) fn read_lines(&self, name: &CStr) -> Result<Vec<u8>, Errno> {
        let file = self.open(name, OFlag::O_RDONLY | OFlag::O_NOCTTY)?;
        let mut lines = Vec::new();
        let mut page = [0; 4096];
        loop {
            match read(&file, &mut page) {
                Ok(0) => return Ok(lines),
                Ok(count) => lines.extend_from_slice(page.get(..count).unwrap_or_default()),
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno),
            }
        }
    }

    /// Where a link leads.
    ///
    /// # Errors
    ///
    /// `EACCES` without the right to look into the process.
    pub(crate) fn link(&self, name: &CStr) -> Result<OsString, Errno> {
        readlinkat(&self.fd, name)
    }

    /// Reads the file into `buffer`, which must have room for it.
    ///
    /// # Errors
    ///
    /// As [`Directory::link`].
    pub(crate) fn read_link<'b>(
        &self,
        name: &CStr,
        buffer: &'b mut [u8],
    ) -> Result<&'b [u8], Errno> {
        read_link(self.fd.as_fd(), name, buffer)
    }

    /// Opens a file for use by its descriptor alone.
    ///
    /// # Errors
    ///
    /// As [`Directory::link`].
    pub(crate) fn open(&self, name: &CStr, flags: OFlag) -> Result<OwnedFd, Errno> {
        openat(&self.fd, name, flags | OFlag::O_CLOEXEC, Mode::empty())
    }

    /// Owner and other attributes of the directory: its owner is the process's effective user,
    /// whatever else that user may do with it.
    ///
    /// # Errors
    ///
    /// `ESRCH` or `ENOENT` when the process has gone.
    pub(crate) fn attributes(&self) -> Result<FileStat, Errno> {
        fstat(&self.fd)
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Reads a whole file at once.
fn read_whole<'b>(file: BorrowedFd<'_>, buffer: &'b mut Vec<u8>) -> Result<&'b mut [u8], Errno> {
    loop {
        // From the beginning each time: between two reads the process may have become another
        // program, and the two halves would be of both.
        match pread(file, buffer, 0) {
            // These files give all they have: less than there is room for is the end.
            Ok(count) if count < buffer.len() => {
                return Ok(buffer.get_mut(..count).unwrap_or_default());
            }
            Ok(_) => buffer.resize(buffer.len().max(2048) * 4, 0),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
}
