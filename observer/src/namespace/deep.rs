//! What else a process may hold: threads that are elsewhere, open files, sockets.

use std::{
    ffi::CString,
    fs,
    os::{
        fd::{AsFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

use nix::errno::Errno;

use super::{Holder, NamespaceKind, drafts::Drafts, handle::Handle, mounts::of_link};
use crate::{field::Row, source::proc::Directory, sys::namespace};

/// Adds what processes but the caller hold; returns of how many that may not be known.
pub(super) fn find(
    proc: &Directory,
    rows: &[Row],
    caller: Option<u32>,
    drafts: &mut Drafts,
) -> u64 {
    let mut refused = 0;
    for row in rows.iter().filter(|row| Some(row.pid) != caller) {
        find_threads(proc, row, drafts);
        // With any other error it has ended.
        if let Err(Errno::EACCES | Errno::EPERM) = find_files(row, drafts) {
            refused += 1;
        }
    }
    refused
}

fn find_threads(proc: &Directory, row: &Row, drafts: &mut Drafts) {
    if row.stat.as_ref().is_none_or(|stat| stat.threads <= 1) {
        return;
    }
    let pid = row.pid;
    let Ok(folder) = proc.process(pid) else { return };
    for tid in numbers(&format!("/proc/{pid}/task")).unwrap_or_default() {
        for (kind, own) in NamespaceKind::ALL.into_iter().zip(row.namespaces) {
            let link = CString::new(format!("task/{tid}/ns/{}", kind.name()));
            let target = link.ok().and_then(|link| folder.link(&link).ok());
            let found = target.and_then(|target| of_link(target.as_bytes()));
            if let Some((kind, inode)) =
                found.filter(|(_, inode)| own.map(u64::from) != Some(*inode))
            {
                drafts.hold(kind, inode, Holder::Thread { pid, tid });
            }
        }
    }
}

fn find_files(row: &Row, drafts: &mut Drafts) -> Result<(), Errno> {
    let pid = row.pid;
    let folder = format!("/proc/{pid}/fd");
    let mut process = None;
    for fd in numbers(&folder)? {
        let Ok(target) = fs::read_link(format!("{folder}/{fd}")) else { continue };
        let target = target.as_os_str().as_bytes();
        if let Some((kind, inode)) = of_link(target) {
            drafts.hold(kind, inode, Holder::File { pid, fd });
        } else if target.starts_with(b"socket:[") {
            find_socket(row, fd, &mut process, drafts);
        }
    }
    Ok(())
}

/// Adds the network namespace of a socket, where that is another than its process's.
fn find_socket(row: &Row, fd: u32, process: &mut Option<OwnedFd>, drafts: &mut Drafts) {
    if process.is_none() {
        *process = namespace::process(row.pid).ok();
    }
    let Some(process) = process else { return };
    let socket = namespace::descriptor_of(process.as_fd(), fd);
    let network = socket.and_then(|socket| namespace::of_socket(socket.as_fd()));
    let Ok(network) = network.and_then(Handle::new) else { return };
    let own = row.namespaces.get(NamespaceKind::Network.index()).copied().flatten();
    if own.map(u64::from) != Some(network.id.inode) {
        let draft = drafts.opened(network);
        draft.holders.push(Holder::Socket { pid: row.pid, fd });
    }
}

/// The entries of a folder of /proc that are numbers.
fn numbers(folder: &str) -> Result<Vec<u32>, Errno> {
    let failed = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(0));
    let entries = fs::read_dir(Path::new(folder)).map_err(failed)?;
    Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
}
