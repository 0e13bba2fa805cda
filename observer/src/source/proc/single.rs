//! Processes read one at a time, by who wants to know of one now.

use std::fs;

use super::{Directory, reader::Reader};
use crate::{Error, facts::Facts, field::Row};

/// /proc, open to be asked of single processes.
#[derive(Debug)]
pub(crate) struct Single {
    proc: Directory,
    tick_ns: u64,
}

impl Single {
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub(crate) fn open(tick_ns: u64) -> Result<Self, Error> {
        let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
        Ok(Self { proc, tick_ns })
    }

    /// Reads what is wanted of one process: all of it of the same life. `None` when it has gone or
    /// may not be looked at.
    pub(crate) fn read(&self, pid: u32, wanted: Facts) -> Option<Row> {
        Reader::new(&self.proc, wanted, self.tick_ns).read(pid).ok()
    }
}

/// The ids of a process's threads; none when it has gone.
pub(crate) fn threads(pid: u32) -> Vec<u32> {
    let Ok(folder) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_and_its_threads() {
        let own = std::process::id();
        let single = Single::open(10_000_000).unwrap();
        let row = single.read(own, Facts::IDENTITY).unwrap();
        assert!(row.identity.is_some() && row.status.is_none());
        assert!(single.read(u32::MAX, Facts::IDENTITY).is_none());
        let tid = std::thread::spawn(|| (nix::unistd::gettid(), threads(std::process::id())));
        let (tid, threads) = tid.join().unwrap();
        assert!(threads.contains(&own) && threads.contains(&tid.as_raw().cast_unsigned()));
    }
}
