//! Where tracefs is: at its usual place, mounted elsewhere, or nowhere.

use std::{
    ffi::OsString,
    fs,
    os::unix::ffi::OsStringExt as _,
    path::{Path, PathBuf},
};

use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    sys::stat::{Mode, stat},
};

use super::{
    files::{Files, unreadable},
    lockdown,
};
use crate::{sys, tracepoint::Fault};

const USUAL: &str = "/sys/kernel/tracing";
/// Where the kernel mounts it by itself, as long as debugfs is mounted.
const OLD: &str = "/sys/kernel/debug/tracing";

/// # Errors
///
/// Why it is at none of the places, or may not be read there.
pub(super) fn find() -> Result<Files, Fault> {
    let mut refusal = None;
    let places = [PathBuf::from(USUAL)].into_iter().chain(mounted()).chain([PathBuf::from(OLD)]);
    for place in places {
        match at(&place) {
            Ok(Some(files)) => return Ok(files),
            // An empty folder is only the place to mount it on.
            Ok(None) => {}
            Err(fault) => refusal = refusal.or(Some(fault)),
        }
    }
    if lockdown::is_confidential() {
        // Nothing could be read, and Linux 6.12 falls over when the mount of a tracefs that it
        // left empty at boot goes away again.
        return Err(Fault::LockedDown);
    }
    detached().map_err(|fault| refusal.unwrap_or(fault))
}

fn at(place: &Path) -> Result<Option<Files>, Fault> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let opened = open(place, flags, Mode::empty());
    // What cannot even be pointed at is refused by the folder above.
    let refusing = if opened.is_ok() { place } else { place.parent().unwrap_or(place) };
    match opened.and_then(|root| Files::new(root, Some(place.to_owned()))) {
        Ok(files) => Ok(Some(files)),
        Err(Errno::EACCES | Errno::EPERM) if let Ok(found) = stat(refusing) => {
            Err(unreadable(refusing.display().to_string(), &found))
        }
        Err(_not_there) => Ok(None),
    }
}

fn detached() -> Result<Files, Fault> {
    match sys::detached_mount(c"tracefs").map(|root| Files::new(root, None)) {
        Ok(Ok(files)) => Ok(files),
        // There is a tracefs with nothing in it, or there is none.
        Ok(Err(_)) | Err(Errno::ENODEV) => Err(Fault::NoTracing),
        Err(errno) => Err(Fault::NotMounted {
            why: errno.desc().to_lowercase(),
            forbidden: errno == Errno::EPERM,
        }),
    }
}

/// Where else it is mounted, as this thread sees it.
fn mounted() -> Vec<PathBuf> {
    let mounts = fs::read_to_string("/proc/thread-self/mountinfo").unwrap_or_default();
    mounts.lines().filter_map(mount_point).collect()
}

/// The mount point in a line of mountinfo, if it is one of the whole tracefs; see
/// `proc_pid_mountinfo(5)`.
fn mount_point(line: &str) -> Option<PathBuf> {
    let (mount, file_system) = line.split_once(" - ")?;
    let mut words = mount.split(' ').skip(3);
    let is_whole = words.next()? == "/" && file_system.split(' ').next()? == "tracefs";
    is_whole.then(|| words.next().map(unescaped))?
}

/// Blanks and the like are written as their octal numbers.
fn unescaped(path: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let number = behind.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        let number = number.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        let (byte, behind) = match (first, number) {
            (b'\\', Some(byte)) => (byte, behind.get(3..).unwrap_or_default()),
            _ => (*first, behind),
        };
        bytes.push(byte);
        rest = behind;
    }
    PathBuf::from(OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_of_tracefs_counts() {
        let point = |line| mount_point(line).map(|path| path.display().to_string());
        let usual = "36 25 0:7 / /sys/kernel/tracing rw,nosuid shared:9 - tracefs tracefs rw";
        assert_eq!(point(usual).as_deref(), Some("/sys/kernel/tracing"));
        let blank = r"36 25 0:7 / /mnt/a\040b\134c rw - tracefs none rw";
        assert_eq!(point(blank).as_deref(), Some(r"/mnt/a b\c"));
        assert_eq!(point("36 25 0:7 /events /mnt rw - tracefs none rw"), None, "a part");
        assert_eq!(point("36 25 0:7 / /mnt rw - tmpfs tracefs rw"), None, "another");
        assert_eq!(point("36 25 0:7 /"), None);
    }

    #[test]
    fn a_folder_without_events_is_not_it() {
        let folder = tempfile::TempDir::new().unwrap();
        assert!(at(folder.path()).unwrap().is_none());
        assert!(at(&folder.path().join("none")).unwrap().is_none());
        fs::create_dir(folder.path().join("events")).unwrap();
        assert_eq!(at(folder.path()).unwrap().unwrap().how(), folder.path().to_str().unwrap());
    }
}
