//! Processes that /proc lists and no walk shows: on some kernels the first one. Their files are
//! held open, so that later looks open nothing.

use std::sync::Arc;

use super::account::{self, Beside, DESCRIPTION};
use crate::{
    Error,
    facts::Facts,
    field::Row,
    machine::{Machine, boot_ns},
    source::proc::{self, Held},
    table::Seen,
};

/// Upper bound; kernels that hide more are not supported.
const MAX: usize = 64;

#[derive(Debug)]
pub(super) struct Hidden {
    machine: Arc<Machine>,
    held: Vec<Held>,
}

impl Hidden {
    pub(super) fn new(machine: Arc<Machine>) -> Self {
        Self { machine, held: Vec::new() }
    }

    /// Finds those that were there before the walk began and that it did not see. `walked` are the
    /// pids that it saw, ascending.
    pub(super) fn find(&mut self, walked: &[u32], began_ns: u64) -> Result<(), Error> {
        let missing = proc::pids()?.into_iter().filter(|pid| walked.binary_search(pid).is_err());
        let mut held = Held::open_all(missing.take(MAX), self.machine.tick_ns())?;
        held.retain_mut(|process| {
            // Another that came while the walk was on its way is not hidden.
            let row = process.read(Facts::IDENTITY);
            let start = row.as_ref().and_then(Row::key).map(|key| key.start_ns);
            start.is_some_and(|start| start + self.machine.tick_ns() < began_ns)
        });
        self.held = held;
        Ok(())
    }

    /// As the table wants them.
    pub(super) fn seen(&mut self, walked: &[Seen]) -> Vec<Seen> {
        let tick_ns = self.machine.tick_ns();
        let rows = self.rows(DESCRIPTION | Facts::ARGUMENTS);
        rows.iter().filter_map(|row| seen(row, walked, tick_ns)).collect()
    }

    /// Rows with the wanted facts; those that have ended are let go.
    pub(super) fn rows(&mut self, wanted: Facts) -> Vec<Row> {
        let mut rows = Vec::with_capacity(self.held.len());
        self.held.retain_mut(|process| {
            let row = process.read(wanted | Facts::IDENTITY);
            let lives = row.is_some();
            rows.extend(row);
            lives
        });
        rows
    }
}

fn seen(row: &Row, walked: &[Seen], tick_ns: u64) -> Option<Seen> {
    let identity = row.identity.as_ref()?;
    let parent = walked.iter().find(|seen| seen.process.key.pid == identity.parent);
    let beside = Beside {
        parent: parent.map(|seen| seen.process.key),
        exact_start_ns: exact_start(row.pid, identity.start_ns, walked, tick_ns),
        boot_ns: boot_ns().ok()?,
    };
    account::seen(row, beside)
}

/// The start that a child says its parent has, if it is in the clock tick that /proc knows.
fn exact_start(pid: u32, start_ns: u64, walked: &[Seen], tick_ns: u64) -> Option<u64> {
    let parents = walked.iter().filter_map(|seen| seen.process.parent);
    let mut starts = parents.filter(|parent| parent.pid == pid).map(|parent| parent.start_ns);
    starts.find(|exact| exact / tick_ns == start_ns / tick_ns)
}
