//! Rings of one size for all CPUs, as large as the limit of locked memory allows.

use std::os::fd::BorrowedFd;

use nix::{
    errno::Errno,
    unistd::{SysconfVar, sysconf},
};

use super::{explain::Attempt, opening::fault};
use crate::{Error, sys::PerfRing};

/// The largest ring of a CPU.
const MAX: usize = 1 << 30;

/// Maps a ring for each event: `bytes` of them, or half of that, and so on, if the memory may not
/// be locked.
pub(super) fn map(events: &[BorrowedFd<'_>], bytes: usize) -> Result<Vec<PerfRing>, Error> {
    let page = page_size()?;
    if !bytes.is_power_of_two() || !(page..=MAX).contains(&bytes) {
        return Err(Error::RingSize(bytes as u64));
    }
    let mut bytes = bytes;
    loop {
        match map_all(events, bytes, page) {
            Ok(rings) => return Ok(rings),
            Err(Errno::EPERM) if bytes > page => bytes /= 2,
            Err(errno) => return Err(fault(Attempt::Map { bytes, cpus: events.len() }, errno)),
        }
    }
}

fn map_all(events: &[BorrowedFd<'_>], bytes: usize, page: usize) -> Result<Vec<PerfRing>, Errno> {
    events.iter().map(|event| PerfRing::map(*event, bytes, page)).collect()
}

fn page_size() -> Result<usize, Error> {
    let page = sysconf(SysconfVar::PAGE_SIZE);
    let page = page.map_err(Error::system("cannot read the size of a page"))?;
    Ok(page.and_then(|page| usize::try_from(page).ok()).unwrap_or(MAX))
}
