//! Files and folders of tracefs, relative to a descriptor of its root.

use std::{
    fs::File,
    io::Read as _,
    os::fd::{AsFd, OwnedFd},
    path::PathBuf,
};

use nix::{
    dir::{Dir, Type},
    errno::Errno,
    fcntl::{AtFlags, OFlag, openat},
    sys::stat::{FileStat, Mode, fstatat},
    unistd::geteuid,
};

use super::lockdown;
use crate::tracepoint::Fault;

/// The root, and where it is mounted.
#[derive(Debug)]
pub(super) struct Files {
    root: OwnedFd,
    /// `None` when nowhere.
    mount: Option<PathBuf>,
}

impl Files {
    /// # Errors
    ///
    /// What kept its folder of events from being opened: `ENOENT` where this is no tracefs.
    pub(super) fn new(root: OwnedFd, mount: Option<PathBuf>) -> Result<Self, Errno> {
        let files = Self { root, mount };
        files.open("events", OFlag::O_DIRECTORY)?;
        Ok(files)
    }

    pub(super) fn how(&self) -> String {
        match &self.mount {
            Some(path) => path.display().to_string(),
            None => "a detached mount".to_owned(),
        }
    }

    /// Whether there is such a file or folder.
    pub(super) fn has(&self, path: &str) -> bool {
        attributes(&self.root, path).is_ok()
    }

    /// The names of the folders in this one, in no order. None where it is not there any more.
    pub(super) fn folders(&self, path: &str) -> Result<Vec<String>, Fault> {
        let entries = self.open(path, OFlag::O_DIRECTORY).and_then(|folder| {
            let mut folder = Dir::from_fd(folder)?;
            folder.iter().collect::<Result<Vec<_>, _>>()
        });
        let entries = match entries {
            Ok(entries) => entries,
            Err(Errno::ENOENT) => return Ok(Vec::new()),
            Err(errno) => return Err(self.refusal(path, errno)),
        };
        let is_folder = |kind| matches!(kind, Some(Type::Directory) | None);
        let folders = entries.iter().filter(|entry| is_folder(entry.file_type()));
        let names = folders.filter_map(|entry| entry.file_name().to_str().ok());
        Ok(names.filter(|name| !name.starts_with('.')).map(str::to_owned).collect())
    }

    /// The names of the folders in this one that hold such a file.
    pub(super) fn folders_with(&self, path: &str, file: &str) -> Result<Vec<String>, Fault> {
        let mut names = self.folders(path)?;
        // From here, so that not every look begins at the root.
        if let Ok(folder) = self.open(path, OFlag::O_DIRECTORY) {
            names.retain(|name| attributes(&folder, &format!("{name}/{file}")).is_ok());
        }
        Ok(names)
    }

    /// The text of a file; `None` where there is none.
    pub(super) fn read(&self, path: &str) -> Result<Option<String>, Fault> {
        let file = match self.open(path, OFlag::empty()) {
            Ok(file) => file,
            Err(Errno::ENOENT | Errno::ENODEV) => return Ok(None),
            Err(errno) => return Err(self.refusal(path, errno)),
        };
        let mut text = String::new();
        match File::from(file).read_to_string(&mut text) {
            Ok(_length) => Ok(Some(text)),
            Err(error) => Err(Fault::Unread { path: path.to_owned(), why: error.to_string() }),
        }
    }

    fn open(&self, path: &str, flags: OFlag) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        loop {
            match openat(&self.root, path, flags, Mode::empty()) {
                Err(Errno::EINTR) => {}
                result => return result,
            }
        }
    }

    fn refusal(&self, path: &str, errno: Errno) -> Fault {
        let whole = match &self.mount {
            Some(mount) => mount.join(path).display().to_string(),
            None => path.to_owned(),
        };
        if errno == Errno::EPERM && lockdown::is_confidential() {
            return Fault::LockedDown;
        }
        match (errno, attributes(&self.root, path)) {
            (Errno::EACCES | Errno::EPERM, Ok(found)) => unreadable(whole, &found),
            _ => Fault::Unread { path: whole, why: errno.desc().to_lowercase() },
        }
    }
}

fn attributes(folder: impl AsFd, path: &str) -> Result<FileStat, Errno> {
    fstatat(folder, path, AtFlags::empty())
}

/// Of a path that these attributes keep this process from reading.
pub(super) fn unreadable(path: String, found: &FileStat) -> Fault {
    let permissions = Mode::from_bits_truncate(found.st_mode);
    Fault::Unreadable {
        path,
        mode: permissions.bits(),
        owner: found.st_uid,
        uid: geteuid().as_raw(),
    }
}
