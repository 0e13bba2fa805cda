//! Where a report goes: known at the start that it can be written, written at the end.
//!
//! A file that is there is replaced all at once by a finished one; until then it stays as it was,
//! and nothing of ours lies beside it. What is no file, a pipe or a device, is opened at the start
//! and written to.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Seek as _, Write},
    os::{
        fd::{AsFd, BorrowedFd},
        unix::{ffi::OsStrExt as _, fs::OpenOptionsExt as _},
    },
    path::{Path, PathBuf},
};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use observer::render::Escaped;

use crate::{
    exit::{Failure, OWN_FAILURE},
    plan::Place,
};

/// A place that can be written to.
#[derive(Debug)]
pub(super) enum Destination {
    Stderr,
    Stdout,
    /// No file, or a descriptor that was inherited: written to as it stands.
    Stream {
        file: File,
        name: PathBuf,
    },
    /// A file whose folder takes no other file: written anew in its place.
    InPlace {
        file: File,
        name: PathBuf,
    },
    /// A file that is made beside and then gets this name.
    Beside(PathBuf),
}

impl Destination {
    /// Makes sure that it can be written to, as far as can be known before.
    pub(super) fn open(place: &Place) -> Result<Self, Failure> {
        match place {
            Place::Stderr => Ok(Self::Stderr),
            Place::Stdout => Ok(Self::Stdout),
            Place::File(name) => file(name).map_err(|error| failed(name, &error)),
        }
    }

    /// Writes the whole report.
    pub(super) fn write(self, report: &[u8]) -> Result<(), Failure> {
        let (name, written) = match self {
            Self::Stderr => (PathBuf::from("stderr"), write_all(io::stderr().lock(), report)),
            Self::Stdout => (PathBuf::from("stdout"), write_all(io::stdout().lock(), report)),
            Self::Stream { file, name } => (name, write_all(file, report)),
            Self::InPlace { file, name } => (name, write_anew(file, report)),
            Self::Beside(name) => {
                let written = replace(&name, report);
                (name, written)
            }
        };
        written.map_err(|error| failed(&name, &error))
    }
}

fn failed(name: &Path, error: &io::Error) -> Failure {
    let name = Escaped(name.as_os_str().as_bytes());
    let line = format!("cannot write the report to `{name}`: {error}; choose another --output");
    Failure::Run(line, OWN_FAILURE)
}

fn file(name: &Path) -> io::Result<Destination> {
    let is_file = match fs::metadata(name) {
        Ok(metadata) => metadata.is_file(),
        // A link to nothing: what it names comes to be where it points to.
        Err(error) if error.kind() == io::ErrorKind::NotFound && !name.is_symlink() => {
            drop(Beside::make(name)?);
            return Ok(Destination::Beside(name.to_owned()));
        }
        Err(_) => true,
    };
    if is_descriptor(name) || !is_file {
        // Two who write to one file do not write over each other at its end.
        let file = OpenOptions::new().append(true).custom_flags(libc::O_NOCTTY).open(name)?;
        return Ok(Destination::Stream { file, name: name.to_owned() });
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(name)?;
    let real = fs::canonicalize(name)?;
    match Beside::make(&real) {
        Ok(_goes_again) => Ok(Destination::Beside(real)),
        Err(_) => Ok(Destination::InPlace { file, name: name.to_owned() }),
    }
}

/// A name that stands for what somebody else has opened, which a file of its name would not be.
fn is_descriptor(name: &Path) -> bool {
    ["/dev/fd/", "/dev/std", "/proc/self/fd/", "/proc/thread-self/fd/"]
        .iter()
        .any(|folder| name.as_os_str().as_bytes().starts_with(folder.as_bytes()))
}

/// A new file beside the one that it is to replace; gone when dropped before it does.
struct Beside {
    file: File,
    path: PathBuf,
}

impl Beside {
    fn make(name: &Path) -> io::Result<Self> {
        let own = name.file_name().ok_or(io::ErrorKind::IsADirectory)?;
        // The longest name that a file can have leaves no room for more.
        let own: String = own.to_string_lossy().chars().take(40).collect();
        let path = name.with_file_name(format!(".{own}.observer-{}", std::process::id()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { file, path })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // It has got the other name, or nobody wants it.
        let _gone = fs::remove_file(&self.path);
    }
}

fn replace(name: &Path, report: &[u8]) -> io::Result<()> {
    let mut beside = Beside::make(name)?;
    if let Ok(metadata) = fs::metadata(name) {
        let permissions: Permissions = metadata.permissions();
        beside.file.set_permissions(permissions)?;
    }
    beside.file.write_all(report)?;
    fs::rename(&beside.path, name)
}

fn write_anew(mut file: File, report: &[u8]) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(report)
}

/// The command may have made a terminal or a pipe that we share with it one that does not wait.
fn write_all(mut stream: impl Write + AsFd, mut report: &[u8]) -> io::Result<()> {
    while !report.is_empty() {
        match stream.write(report) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => report = report.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(stream.as_fd())?,
            Err(error) => return Err(error),
        }
    }
    match stream.flush() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(stream.as_fd()),
        other => other,
    }
}

fn wait(stream: BorrowedFd<'_>) -> io::Result<()> {
    let mut fds = [PollFd::new(stream, PollFlags::POLLOUT)];
    poll(&mut fds, PollTimeout::NONE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use tempfile::TempDir;

    use super::*;

    fn write(name: &Path, text: &str) {
        let destination = Destination::open(&Place::File(name.to_owned())).unwrap();
        destination.write(text.as_bytes()).unwrap();
    }

    fn names(folder: &TempDir) -> Vec<String> {
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name().into_string();
        let mut names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| name(entry).unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn nothing_lies_about_before_and_after() {
        let folder = TempDir::new().unwrap();
        let name = folder.path().join("report");
        let destination = Destination::open(&Place::File(name.clone())).unwrap();
        assert!(names(&folder).is_empty(), "{:?}", names(&folder));
        destination.write(b"text").unwrap();
        assert_eq!(names(&folder), ["report"]);
        assert_eq!(fs::read(name).unwrap(), b"text");
    }

    #[test]
    fn a_file_that_is_there_stays_until_the_end_and_keeps_its_mode() {
        let folder = TempDir::new().unwrap();
        let name = folder.path().join("report");
        fs::write(&name, "an older and longer one").unwrap();
        fs::set_permissions(&name, Permissions::from_mode(0o640)).unwrap();
        let destination = Destination::open(&Place::File(name.clone())).unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"an older and longer one");
        destination.write(b"text").unwrap();
        assert_eq!(fs::read(&name).unwrap(), b"text");
        assert_eq!(fs::metadata(&name).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_link_stays_one() {
        let folder = TempDir::new().unwrap();
        let [link, name] = ["link", "report"].map(|name| folder.path().join(name));
        symlink("report", &link).unwrap();
        for text in ["to nothing", "to a file"] {
            write(&link, text);
            assert!(link.is_symlink());
            assert_eq!(fs::read_to_string(&name).unwrap(), text);
        }
    }

    #[test]
    fn a_long_name_leaves_room() {
        let folder = TempDir::new().unwrap();
        write(&folder.path().join("ä".repeat(127)), "text");
        assert_eq!(names(&folder).len(), 1);
    }

    #[test]
    fn what_cannot_be_written_is_known_before() {
        let folder = TempDir::new().unwrap();
        for name in [folder.path().to_owned(), folder.path().join("none/report")] {
            let Err(Failure::Run(line, 125)) = Destination::open(&Place::File(name.clone())) else {
                panic!("{} can be opened", name.display());
            };
            assert!(line.contains(name.to_str().unwrap()) && line.ends_with("--output"), "{line}");
        }
    }

    #[test]
    fn a_device_is_written_to() {
        write(Path::new("/dev/null"), "text");
        let full = Destination::open(&Place::File("/dev/full".into())).unwrap();
        assert!(matches!(full.write(b"text"), Err(Failure::Run(_, 125))));
    }
}
