//! What links below /proc and the kernel itself say of namespaces, read as simply as can be.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::calls;
use crate::support::act::unescaped;
use crate::support::proc::Stat;
use crate::support::sys;

pub(super) const KINDS: [&str; 8] = ["pid", "mnt", "net", "user", "uts", "ipc", "cgroup", "time"];

/// A namespace, by its kind and inode number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Space {
    pub(super) kind: String,
    pub(super) inode: u64,
}

impl Space {
    /// Of a text such as `net:[4026531833]`.
    pub(super) fn of_link(text: &str) -> Option<Self> {
        let (kind, inode) = text.strip_suffix(']')?.split_once(":[")?;
        let inode = KINDS.contains(&kind).then(|| inode.parse().ok())??;
        Some(Self { kind: kind.to_owned(), inode })
    }

    /// What a link leads to.
    pub(super) fn at(link: &Path) -> Option<Self> {
        Self::of_link(fs::read_link(link).ok()?.to_str()?)
    }

    /// The one that a process is in.
    pub(super) fn of(pid: u32, kind: &str) -> Option<Self> {
        Self::at(Path::new(&format!("/proc/{pid}/ns/{kind}")))
    }

    /// All that a process is in.
    pub(super) fn all_of(pid: u32) -> Vec<Self> {
        KINDS.iter().filter_map(|kind| Self::of(pid, kind)).collect()
    }
}

/// The entries of a folder that are numbers.
pub(super) fn numbers(folder: &str) -> Vec<u32> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

/// Everything that a walk finds, with a path that leads to it.
pub(super) fn found() -> BTreeMap<Space, PathBuf> {
    let mut found = BTreeMap::new();
    for pid in numbers("/proc") {
        let mut folders = vec![format!("/proc/{pid}/ns"), format!("/proc/{pid}/fd")];
        let threads = numbers(&format!("/proc/{pid}/task"));
        folders.extend(threads.iter().map(|tid| format!("/proc/{pid}/task/{tid}/ns")));
        for folder in folders {
            for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if let Some(space) = Space::at(&path) {
                    found.entry(space).or_insert(path);
                }
            }
        }
        for (space, path) in mounted(pid) {
            found.entry(space).or_insert(path);
        }
    }
    found
}

/// What a process has mounted onto files.
fn mounted(pid: u32) -> Vec<(Space, PathBuf)> {
    let text = fs::read(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
    let lines = text.split(|byte| *byte == b'\n').map(|line| String::from_utf8_lossy(line));
    let nsfs = lines.filter(|line| line.contains(" - nsfs "));
    let place = |line: &str| {
        let words: Vec<_> = line.split(' ').collect();
        let path = OsString::from_vec(unescaped(&words[4].replace("\\040", "%20")));
        let path = Path::new(&path).strip_prefix("/").expect("rooted").to_owned();
        Some((Space::of_link(words[3])?, Path::new(&format!("/proc/{pid}/root")).join(path)))
    };
    nsfs.filter_map(|line| place(&line)).collect()
}

/// What the kernel says of one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) owner: Option<u64>,
    pub(super) parent: Option<u64>,
    pub(super) creator: Option<u32>,
    pub(super) kernel_id: Option<u64>,
    pub(super) mounts: Option<u64>,
}

/// Asks of the namespace that a path leads to, if that is still this one.
pub(super) fn asked(space: &Space, path: &Path) -> Option<Said> {
    let file = OwnedFd::from(File::open(path).ok()?);
    if inode(&file) != space.inode {
        return None;
    }
    let relative = |answer: io::Result<OwnedFd>| answer.ok().map(|file| inode(&file));
    Some(Said {
        owner: relative(calls::owner(&file)),
        parent: relative(calls::parent(&file)),
        creator: calls::creator(&file).ok(),
        kernel_id: sys::namespace_id(&file).ok(),
        mounts: calls::mounts(&file).ok(),
    })
}

fn inode(file: &OwnedFd) -> u64 {
    let file = File::from(file.try_clone().expect("a copy"));
    file.metadata().expect("an open file").ino()
}

/// Members of namespaces: a pid, and whether that is a zombie, or a thread of the kernel.
pub(super) type Members = BTreeMap<Space, BTreeSet<(u32, bool, bool)>>;

pub(super) fn members() -> Members {
    /// The kernel's `PF_KTHREAD`.
    const KERNEL_THREAD: u32 = 0x0020_0000;
    let mut members = Members::new();
    for pid in numbers("/proc") {
        let Some(stat) = Stat::of(pid) else { continue };
        let flags: u32 = stat.field(9).parse().expect("flags");
        let member = (pid, stat.state() == "Z", flags & KERNEL_THREAD != 0);
        for space in Space::all_of(pid) {
            members.entry(space).or_default().insert(member);
        }
    }
    members
}

/// Processes that are there, and those of them that may not be looked into.
pub(super) fn closed() -> BTreeSet<u32> {
    let refused = |pid: &u32| {
        let link = fs::read_link(format!("/proc/{pid}/ns/user"));
        link.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
    };
    numbers("/proc").into_iter().filter(refused).collect()
}

/// User namespaces as `userns_overview` has them: the one around each, and pids in it.
pub(super) type Overview = BTreeMap<u64, (Option<u64>, Vec<u32>)>;

/// Of each process the user namespace, and all those around it.
pub(super) fn overview() -> Overview {
    let mut all = Overview::new();
    let mut pids = numbers("/proc");
    pids.sort_unstable();
    for pid in pids {
        let Ok(file) = File::open(format!("/proc/{pid}/ns/user")) else { continue };
        let mut file = OwnedFd::from(file);
        let own = inode(&file);
        // Up to one that is known, with all those around it.
        while !all.contains_key(&inode(&file)) {
            let around = calls::parent(&file).ok();
            all.insert(inode(&file), (around.as_ref().map(inode), Vec::new()));
            let Some(around) = around else { break };
            file = around;
        }
        all.get_mut(&own).expect("one that was just added").1.push(pid);
    }
    all
}
