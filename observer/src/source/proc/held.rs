//! Processes whose files are held open, to be read again and again without another look at their
//! names.

use super::{Directory, reader::Reader};
use crate::{Error, facts::Facts, field::Row};

/// A process whose files are open. It goes on standing for that process when its pid is given to
/// another: then nothing can be read any more.
#[derive(Debug)]
pub(crate) struct Held {
    pid: u32,
    folder: Directory,
    tick_ns: u64,
}

impl Held {
    /// Opens those that are there.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub(crate) fn open_all(
        pids: impl Iterator<Item = u32>,
        tick_ns: u64,
    ) -> Result<Vec<Self>, Error> {
        let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
        let open = |pid| {
            let mut folder = proc.process(pid).ok()?;
            folder.hold(&[c"stat", c"status", c"cmdline", c"cgroup"]).ok()?;
            Some(Self { pid, folder, tick_ns })
        };
        Ok(pids.filter_map(open).collect())
    }

    /// Reads what is wanted; `None` when the process has gone.
    pub(crate) fn read(&mut self, wanted: Facts) -> Option<Row> {
        Reader::new(&self.folder, wanted, self.tick_ns).read_in(&self.folder, self.pid).ok()
    }
}
