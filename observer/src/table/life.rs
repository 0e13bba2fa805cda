//! An entry with what the table must remember of it and nobody else needs.

use std::sync::Arc;

use super::{End, Entry, State, heirs::Heirs, programs::Programs};
use crate::event::{Process, ProcessKey};

/// One life of a process, living or in its grave.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) entry: Arc<Entry>,
    pub(super) programs: Programs,
    pub(super) heirs: Heirs,
    pub(super) told: Told,
    /// Whether its start is known to the clock tick only.
    pub(super) approximate: bool,
    /// Boot time of what told its namespaces last: not every account does.
    namespaces_ns: u64,
}

/// What has been handed on, so that nothing is handed on twice.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) fork: bool,
    pub(super) exit: bool,
    pub(super) free: bool,
    /// Boot times of the last of those that can happen again.
    pub(super) exec_ns: Option<u64>,
    pub(super) rename_ns: Option<u64>,
    pub(super) cgroup_ns: Option<u64>,
    /// And which of its threads it was.
    pub(super) namespaces: Option<(u64, u32)>,
}

impl Life {
    pub(super) fn new(process: Process, told_ns: u64, life: u32, heirs: Heirs) -> Self {
        let entry =
            Entry { process, program: None, state: State::Running, life, told_ns, inferred: false };
        Self {
            entry: Arc::new(entry),
            programs: Programs::default(),
            heirs,
            told: Told::default(),
            approximate: false,
            namespaces_ns: 0,
        }
    }

    pub(super) fn key(&self) -> ProcessKey {
        self.entry.process.key
    }

    /// The entry, to be changed: its own copy if a snapshot holds on to it.
    pub(super) fn edit(&mut self) -> &mut Entry {
        Arc::make_mut(&mut self.entry)
    }

    /// Takes its namespaces from an account that tells them, unless a later one did.
    pub(super) fn learn_namespaces(&mut self, process: &Process, at_ns: u64) {
        if process.namespaces == [0; 8] || at_ns < self.namespaces_ns {
            return;
        }
        self.namespaces_ns = at_ns;
        if self.entry.process.namespaces != process.namespaces {
            self.edit().process.namespaces = process.namespaces;
        }
    }

    /// Its start has become known to the nanosecond.
    pub(super) fn take_key(&mut self, key: ProcessKey) {
        self.approximate = false;
        self.edit().process.key = key;
    }

    pub(super) fn is_running(&self) -> bool {
        self.entry.state == State::Running
    }

    /// It ended like this, says somebody: what was not known yet is added.
    pub(super) fn end(&mut self, end: End) {
        let state = match self.entry.state {
            State::Running => State::Exited(end),
            State::Exited(known) => State::Exited(known.join(end)),
            // The usage told with the end is the final one.
            State::Freed(known) if self.told.free => {
                State::Freed(End { usage: known.usage, ..known.join(end) })
            }
            State::Freed(known) => State::Freed(known.join(end)),
        };
        self.edit().state = state;
    }

    /// The kernel has let go of it.
    pub(super) fn free(&mut self, end: End) {
        let end = match self.entry.state.end() {
            Some(known) => End { usage: end.usage.or(known.usage), ..known.join(end) },
            None => end,
        };
        self.edit().state = State::Freed(end);
    }

    /// Lets the entry show what it runs; whether that was news.
    pub(super) fn show_program(&mut self) -> bool {
        let current = self.programs.current(self.entry.process.exec_id);
        if current.map(Arc::as_ptr) == self.entry.program.as_ref().map(Arc::as_ptr) {
            return false;
        }
        let current = current.cloned();
        self.edit().program = current;
        true
    }
}
