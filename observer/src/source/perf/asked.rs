//! Questions to /proc: what no tracepoint tells.

use crate::{
    Error,
    facts::Facts,
    field::Row,
    machine::Machine,
    source::proc::{self, Single, Which},
};

/// Answers questions about processes. /proc does; tests bring their own.
pub(super) trait Asked {
    /// A process as it is now: its identity, and what else is wanted of it. `None` when it has
    /// gone, or may not be looked at.
    fn process(&mut self, pid: u32, wanted: Facts) -> Option<Row>;

    /// Where a thread of a process is now: the inode numbers of its namespaces, in the order of
    /// [`NAMESPACES`](crate::event::NAMESPACES), then of those that its children get, of pids and
    /// of time. All of them 0 when it has gone, or may not be looked at.
    fn namespaces(&mut self, pid: u32, tid: u32) -> [u32; 10];

    /// The ids of its threads now.
    fn threads(&mut self, pid: u32) -> Vec<u32>;

    /// All processes that there are, with identity and number of threads.
    fn all(&mut self) -> Vec<Row>;
}

/// /proc itself.
pub(super) struct Proc {
    single: Single,
    machine: Machine,
}

impl Proc {
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub(super) fn open(machine: Machine) -> Result<Self, Error> {
        Ok(Self { single: Single::open(machine.tick_ns())?, machine })
    }
}

impl Proc {
    /// /proc shows the root for the v1 cgroups of a process that is on its way out.
    fn is_ending(&self, pid: u32) -> bool {
        const PF_EXITING: u32 = 0x4;
        let stat = self.single.read(pid, Facts::TASK).and_then(|row| row.stat);
        stat.is_none_or(|stat| stat.flags & PF_EXITING != 0)
    }
}

impl Asked for Proc {
    fn process(&mut self, pid: u32, wanted: Facts) -> Option<Row> {
        let mut row = self.single.read(pid, wanted | Facts::IDENTITY)?;
        let at_the_root = row.cgroup.as_deref().is_some_and(|cgroup| cgroup.path() == "/");
        if at_the_root && self.is_ending(pid) {
            row.cgroup = None;
        }
        Some(row)
    }

    fn namespaces(&mut self, pid: u32, tid: u32) -> [u32; 10] {
        self.single.namespaces(pid, tid)
    }

    fn threads(&mut self, pid: u32) -> Vec<u32> {
        proc::threads(pid)
    }

    fn all(&mut self) -> Vec<Row> {
        // Where /proc cannot be listed any more, nothing has been found there.
        proc::scan(Which::All, Facts::IDENTITY | Facts::TASK, &self.machine)
            .map_or_else(|_gone| Vec::new(), |scan| scan.rows)
    }
}
