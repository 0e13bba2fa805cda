//! What a look found out about each process beyond the table, and the row that both make.

#[cfg(feature = "ebpf")]
use std::iter::Peekable;
use std::sync::Arc;

#[cfg(feature = "ebpf")]
use bytes::Bytes;

#[cfg(feature = "ebpf")]
use super::ArgumentsOf;
#[cfg(feature = "ebpf")]
use crate::{
    Error,
    event::CgroupCache,
    source::{
        Walks,
        bpf::{AllArguments, Arguments, Task, Tasks},
    },
};
use crate::{
    event::ProcessKey,
    facts::Facts,
    field::{Identity, Row},
    machine::Machine,
    table::Entry,
};

/// What one look found out about every process.
#[derive(Debug)]
pub(crate) struct Details {
    #[cfg(feature = "ebpf")]
    walked: Option<Walked>,
    /// Rows of /proc, by ascending pid: of all processes, or of those that a walk cannot show.
    pub(super) rows: Vec<Row>,
}

/// What one walk told, to be taken apart when rows are wanted.
#[cfg(feature = "ebpf")]
#[derive(Debug)]
struct Walked {
    tasks: Tasks,
    /// Those that are in memory, if they were asked for.
    arguments: Option<AllArguments>,
}

impl Details {
    /// Of a listing of /proc.
    pub(super) fn listed(rows: Vec<Row>) -> Self {
        Self {
            #[cfg(feature = "ebpf")]
            walked: None,
            rows,
        }
    }

    /// One row a process that is both in the table and in the look: what began later is not yet
    /// known, what ended meanwhile is not any more.
    pub(crate) fn rows(
        &self,
        entries: &[Arc<Entry>],
        wanted: Facts,
        machine: &Machine,
    ) -> Vec<Row> {
        #[cfg(feature = "ebpf")]
        let mut walked = self.walked.as_ref().map(|walked| Rows::new(walked, wanted, machine));
        let mut listed = self.rows.iter().peekable();
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = entry.process.key;
            #[cfg(feature = "ebpf")]
            if let Some(row) = walked.as_mut().and_then(|walked| walked.row(entry)) {
                rows.push(row);
                continue;
            }
            while listed.next_if(|row| row.pid < key.pid).is_some() {}
            if let Some(row) = listed.next_if(|row| is_of(row, key, machine)) {
                rows.push(completed(row, entry, wanted));
            }
        }
        rows
    }
}

/// Whether /proc, which knows the clock tick of a start, means this life.
fn is_of(row: &Row, key: ProcessKey, machine: &Machine) -> bool {
    let ticks = |key: ProcessKey| (key.pid, machine.ticks(key.start_ns));
    row.key().map(ticks) == Some(ticks(key))
}

/// A row of /proc with what the table knows better.
fn completed(row: &Row, entry: &Entry, wanted: Facts) -> Row {
    let start_ns = entry.process.key.start_ns;
    let mut row = Row { life: entry.life, ..row.clone() };
    row.identity = row.identity.map(|identity| Identity { start_ns, ..identity });
    if wanted.have(Facts::ARGUMENTS) && row.arguments.is_none() {
        row.arguments = entry.arguments();
    }
    row
}

#[cfg(feature = "ebpf")]
impl Details {
    /// Of a walk of the source's own.
    pub(super) fn walked(
        walks: &mut dyn Walks,
        wanted: Facts,
        arguments: ArgumentsOf,
    ) -> Result<Self, Error> {
        let tasks = walks.tasks(wanted)?;
        let reads = arguments == ArgumentsOf::Memory && wanted.have(Facts::ARGUMENTS);
        let arguments = reads.then(|| walks.arguments()).transpose()?;
        Ok(Self { walked: Some(Walked { tasks, arguments }), rows: Vec::new() })
    }

    /// One row a process, by ascending pid.
    pub(crate) fn all_rows(&self, wanted: Facts, machine: &Machine) -> Vec<Row> {
        let mut rows = Vec::new();
        if let Some(walked) = &self.walked {
            let mut reader = Rows::new(walked, wanted, machine);
            rows.extend(walked.tasks.iter().map(|task| reader.of(&task, None)));
        }
        rows.extend(self.rows.iter().cloned());
        rows.sort_by_key(|row| row.pid);
        rows
    }

    /// The pids that were walked over, ascending.
    pub(super) fn pids(&self) -> Vec<u32> {
        let walked = self.walked.iter();
        walked.flat_map(|walked| walked.tasks.iter().map(|task| task.key().pid)).collect()
    }
}

/// Makes rows of what a walk told, by ascending pid.
#[cfg(feature = "ebpf")]
struct Rows<'a> {
    wanted: Facts,
    machine: &'a Machine,
    cgroups: CgroupCache,
    tasks: Peekable<Box<dyn Iterator<Item = Task<'a>> + 'a>>,
    arguments: Option<Peekable<Box<dyn Iterator<Item = Arguments<'a>> + 'a>>>,
}

#[cfg(feature = "ebpf")]
impl<'a> Rows<'a> {
    fn new(walked: &'a Walked, wanted: Facts, machine: &'a Machine) -> Self {
        let tasks: Box<dyn Iterator<Item = _>> = Box::new(walked.tasks.iter());
        let arguments = walked.arguments.as_ref().map(|all| {
            let arguments: Box<dyn Iterator<Item = _>> = Box::new(all.iter());
            arguments.peekable()
        });
        let cgroups = CgroupCache::default();
        Self { wanted, machine, cgroups, tasks: tasks.peekable(), arguments }
    }

    /// That of an entry, if the walk saw it.
    fn row(&mut self, entry: &Arc<Entry>) -> Option<Row> {
        let key = entry.process.key;
        while self.tasks.next_if(|task| task.key().pid < key.pid).is_some() {}
        let task = self.tasks.next_if(|task| task.key() == key)?;
        Some(Row { life: entry.life, ..self.of(&task, Some(entry)) })
    }

    fn of(&mut self, task: &Task<'_>, entry: Option<&Arc<Entry>>) -> Row {
        let asked = self.wanted.have(Facts::ARGUMENTS);
        let arguments = if asked { self.arguments(task.key(), entry) } else { None };
        Row { arguments, ..task.row(self.wanted, self.machine, &mut self.cgroups) }
    }

    /// As they are in memory, if they were read, else as at its exec.
    fn arguments(&mut self, key: ProcessKey, entry: Option<&Arc<Entry>>) -> Option<Bytes> {
        let at_exec = || entry.and_then(|entry| entry.arguments());
        let Some(all) = &mut self.arguments else { return at_exec() };
        while all.next_if(|arguments| arguments.key().pid < key.pid).is_some() {}
        match all.next_if(|arguments| arguments.key() == key) {
            Some(arguments) => arguments.take().or_else(at_exec),
            // A walk reports no arguments of what has no memory.
            None => Some(Bytes::new()),
        }
    }
}
