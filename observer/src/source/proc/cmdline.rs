//! `/proc/PID/cmdline`: the arguments as they stand in the process's memory now.

use std::{
    fs::File,
    io::{self, Read as _},
};

use super::stat;
use crate::event::{Args, ProcessKey};

/// The list whose beginning `args` holds, where a piece of it found no room in the ring. `None`
/// when the process has ended, runs another program, or has rewritten its arguments since.
pub(crate) fn complete(key: ProcessKey, args: &Args) -> Option<Args> {
    let cmdline = read(key.pid, args.wanted_size()).ok()?;
    let same_life = stat::start_ticks(key.pid)? == stat::ticks(key.start_ns)?;
    let same_list =
        cmdline.len() as u64 == args.wanted_size() && cmdline.starts_with(args.captured());
    (same_life && same_list).then(|| Args::new(cmdline.into(), args.size(), args.wanted_size()))
}

/// The whole list of a process; `None` when that life of the pid is over.
pub(crate) fn whole(key: ProcessKey) -> Option<bytes::Bytes> {
    /// The kernel's own limit is 6 MiB.
    const MOST: u64 = 16 << 20;
    let cmdline = read(key.pid, MOST).ok()?;
    let same_life = stat::start_ticks(key.pid)? == stat::ticks(key.start_ns)?;
    same_life.then(|| cmdline.into())
}

fn read(pid: u32, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(format!("/proc/{pid}/cmdline"))?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn own_key() -> ProcessKey {
        let pid = std::process::id();
        let ticks = stat::start_ticks(pid).unwrap();
        let start_ns = ticks * (1_000_000_000 / stat::ticks(1_000_000_000).unwrap());
        ProcessKey { pid, start_ns }
    }

    fn own_args() -> Vec<u8> {
        std::fs::read("/proc/self/cmdline").unwrap()
    }

    #[test]
    fn a_list_cut_short_is_completed() {
        let all = own_args();
        let size = all.len() as u64;
        let cut = Args::new(Bytes::copy_from_slice(&all[..3]), size, size);
        let complete = complete(own_key(), &cut).unwrap();
        assert_eq!(complete.captured(), &all);
        assert!(!complete.is_truncated());
    }

    #[test]
    fn another_list_or_another_life_is_not() {
        let all = own_args();
        let size = all.len() as u64;
        let other = Args::new(Bytes::from_static(b"not this"), size, size);
        assert_eq!(complete(own_key(), &other), None);
        let longer = Args::new(Bytes::copy_from_slice(&all[..3]), size + 1, size + 1);
        assert_eq!(complete(own_key(), &longer), None);
        let cut = Args::new(Bytes::copy_from_slice(&all[..3]), size, size);
        let key = own_key();
        let earlier = ProcessKey { start_ns: key.start_ns - 1_000_000_000, ..key };
        assert_eq!(complete(earlier, &cut), None);
    }
}
