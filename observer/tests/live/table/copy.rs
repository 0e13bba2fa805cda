//! A copy of the table that is kept by its changes alone, as a program far away would.

use std::collections::BTreeMap;
use std::sync::Arc;

use observer::monitor::Update;
use observer::snapshot::Snapshot;
use observer::table::{Entry, State};

use super::changes::Changes;

pub(super) struct Copy {
    pub(super) seq: u64,
    entries: BTreeMap<u32, Arc<Entry>>,
}

impl Copy {
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let entries = snapshot.processes().iter();
        Self {
            seq: snapshot.token().seq,
            entries: entries.map(|entry| (entry.process.key.pid, Arc::clone(entry))).collect(),
        }
    }

    /// Whether it knows this life.
    pub(super) fn knows(&self, entry: &Entry) -> bool {
        let key = entry.process.key;
        self.entries.get(&key.pid).is_some_and(|known| known.process.key == key)
    }

    /// Takes the changes up to a snapshot.
    pub(super) fn follow(&mut self, changes: &mut Changes, snapshot: &Snapshot) {
        for update in changes.between(self.seq, snapshot.token().seq) {
            self.take(&update);
        }
    }

    pub(super) fn take(&mut self, update: &Update) {
        assert_eq!(update.seq, self.seq + 1, "a gap or a duplicate: {update:?}");
        self.seq = update.seq;
        let Some(entry) = &update.change.entry else { return };
        if !matches!(entry.state, State::Freed(_)) {
            self.entries.insert(entry.process.key.pid, Arc::clone(entry));
        } else if self.knows(entry) {
            self.entries.remove(&entry.process.key.pid);
        }
    }

    /// Where a snapshot of the same place in the stream says something else.
    pub(super) fn differences(&self, snapshot: &Snapshot) -> Vec<String> {
        assert_eq!(self.seq, snapshot.token().seq, "another place in the stream");
        let theirs = Self::of(snapshot);
        let missing = theirs.entries.keys().filter(|pid| !self.entries.contains_key(*pid));
        let mut wrong: Vec<_> = missing.map(|pid| format!("process {pid} is missing")).collect();
        for (pid, ours) in &self.entries {
            match theirs.entries.get(pid) {
                None => wrong.push(format!("a ghost: {ours:?}")),
                Some(theirs) if theirs != ours => {
                    wrong.push(format!("folded {ours:?}\nbut    {theirs:?}"));
                }
                Some(_) => {}
            }
        }
        wrong
    }
}
