//! Questions to /proc: what no tracepoint tells.

use crate::{
    Error,
    facts::Facts,
    field::Row,
    machine::Machine,
    source::proc::{self, Single, Which},
};

/// Who answers. /proc does; tests bring their own.
pub(super) trait Asked {
    /// A process as it is now: its identity, and what else is wanted of it. `None` when it has
    /// gone, or may not be looked at.
    fn process(&mut self, pid: u32, wanted: Facts) -> Option<Row>;

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

impl Asked for Proc {
    fn process(&mut self, pid: u32, wanted: Facts) -> Option<Row> {
        self.single.read(pid, wanted | Facts::IDENTITY)
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
