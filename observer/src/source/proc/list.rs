//! Which processes there are.

use std::fs;

use super::Directory;
use crate::{Error, field::Status};

/// The pids of all processes that /proc lists, ascending.
pub(crate) fn all() -> Result<Vec<u32>, Error> {
    let failed = |source| Error::System { what: "cannot list /proc", source };
    let mut pids = Vec::with_capacity(512);
    for entry in fs::read_dir("/proc").map_err(failed)? {
        let name = entry.map_err(failed)?.file_name();
        pids.extend(name.to_str().and_then(|name| name.parse::<u32>().ok()));
    }
    pids.sort_unstable();
    Ok(pids)
}

/// Those pids that are a process's, and how many are not.
pub(super) fn processes_among(proc: &Directory, pids: &[u32]) -> (Vec<u32>, u64) {
    let mut buffer = Vec::new();
    let mut is_process = |pid: u32| {
        // Threads can be opened by their id, although no listing has them.
        let folder = proc.process(pid).ok()?;
        let status = Status::parse(folder.read(c"status", &mut buffer).ok()?);
        Some(status.tgid? == pid)
    };
    let found: Vec<u32> =
        pids.iter().copied().filter(|pid| is_process(*pid).unwrap_or(false)).collect();
    let others = pids.len().saturating_sub(found.len());
    (found, u64::try_from(others).unwrap_or(u64::MAX))
}
