//! The pid namespaces that were asked for.

use std::{
    os::fd::{AsFd as _, OwnedFd},
    sync::Arc,
};

use nix::{errno::Errno, fcntl::OFlag};

use super::lineage::{inode, open};
use crate::{Error, facts::Facts, field::Status, names::Names, source::proc::Directory};

/// A pid namespace to list, seen from the process that was named.
pub(super) struct Target {
    /// Its number.
    pub(super) inode: u32,
    /// How many pid namespaces lie between the caller's and this one.
    pub(super) level: usize,
    /// The user namespace of the process that was named.
    pub(super) user_namespace: u32,
    /// What the files of that process call users and groups.
    pub(super) names: Arc<Names>,
    _held: OwnedFd,
}

/// The namespaces of these processes, each once.
pub(super) fn find(proc: &Directory, pids: &[u32], wanted: Facts) -> Result<Vec<Target>, Error> {
    let mut targets: Vec<Target> = Vec::new();
    for pid in pids {
        let known = |inode| targets.iter().any(|target| target.inode == inode);
        match target(proc, *pid, wanted, known) {
            Ok(found) => targets.extend(found),
            Err(Errno::ENOENT | Errno::ESRCH) => {}
            Err(errno) => return Err(Error::JoinRefused { pid: *pid, source: errno.into() }),
        }
    }
    Ok(targets)
}

/// `None` for a namespace that is known already.
fn target(
    proc: &Directory,
    pid: u32,
    wanted: Facts,
    known: impl Fn(u32) -> bool,
) -> Result<Option<Target>, Errno> {
    let folder = proc.process(pid)?;
    let held = open(&folder, c"ns/pid")?;
    let number = inode(&held)?;
    if known(number) {
        return Ok(None);
    }
    let mut buffer = Vec::new();
    let status = Status::parse(folder.read(c"status", &mut buffer)?);
    Ok(Some(Target {
        inode: number,
        level: status.pids.len().saturating_sub(1),
        user_namespace: inode(&open(&folder, c"ns/user")?)?,
        names: Arc::new(names(&folder, wanted)?),
        _held: held,
    }))
}

/// Only if some were asked for.
fn names(folder: &Directory, wanted: Facts) -> Result<Names, Errno> {
    if !wanted.have(Facts::NAMES) {
        return Ok(Names::default());
    }
    let root = folder.open(c"root", OFlag::O_PATH | OFlag::O_DIRECTORY)?;
    Ok(Names::of_root(root.as_fd()))
}
