//! Which pid namespaces lie around one another.

use std::{
    ffi::CStr,
    os::fd::{AsFd as _, OwnedFd},
};

use hashbrown::HashMap;
use nix::{errno::Errno, fcntl::OFlag, sys::stat::fstat};

use crate::{source::proc::Directory, sys};

/// Namespaces by number, each with those around it, inside out. Asked once for each.
pub(super) struct Lineage<'a> {
    proc: &'a Directory,
    own: u32,
    known: HashMap<u32, Vec<u32>>,
}

impl<'a> Lineage<'a> {
    /// For a caller in that pid namespace, which lies around all that it can see.
    pub(super) fn new(proc: &'a Directory, own: u32) -> Self {
        Self { proc, own, known: HashMap::from([(own, Vec::new())]) }
    }

    /// The namespaces around the one of that number, which is the process's.
    pub(super) fn of(&mut self, inode: u32, pid: u32) -> &[u32] {
        let Self { proc, own, known } = self;
        known.entry(inode).or_insert_with(|| {
            let mut around = around(proc, pid);
            if !around.contains(own) {
                around.push(*own);
            }
            around
        })
    }
}

/// As far as the kernel tells them: to the caller's own.
fn around(proc: &Directory, pid: u32) -> Vec<u32> {
    let mut inodes = Vec::new();
    let first = proc.process(pid).and_then(|folder| open(&folder, c"ns/pid"));
    let mut next = first.and_then(|namespace| sys::namespace::parent(namespace.as_fd()));
    while let Ok(namespace) = next {
        inodes.extend(inode(&namespace));
        next = sys::namespace::parent(namespace.as_fd());
    }
    inodes
}

/// Opens a namespace; while it is open the kernel gives its number to no other.
pub(super) fn open(process: &Directory, name: &CStr) -> Result<OwnedFd, Errno> {
    process.open(name, OFlag::O_RDONLY)
}

/// The number of a namespace, which fits in 32 bits.
pub(super) fn inode(namespace: &OwnedFd) -> Result<u32, Errno> {
    u32::try_from(fstat(namespace)?.st_ino).map_err(|_too_large| Errno::EOVERFLOW)
}
