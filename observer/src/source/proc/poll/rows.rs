//! What /proc said of the processes in a listing when it was last asked.

use hashbrown::HashMap;

use super::{super::scan::read_all, Directory};
use crate::{event::ProcessKey, facts::Facts, field::Row, machine::Machine};

/// What can change without a trace in a listing.
const CHANGING: Facts = Facts::IDENTITY.and(Facts::IDS).and(Facts::PIDS).and(Facts::CGROUP);

/// What is read of whoever is new, and again after its exec.
const DESCRIPTION: Facts = CHANGING.and(Facts::ALL_NAMESPACES);

/// Rows by pid.
#[derive(Debug)]
pub(super) struct Rows {
    machine: Machine,
    by_pid: HashMap<u32, Row>,
}

impl Rows {
    pub(super) fn new(machine: Machine) -> Self {
        Self { machine, by_pid: HashMap::new() }
    }

    /// Reads who is new, or runs another program, and what is wanted beyond that; the pids of those
    /// in another cgroup than before.
    pub(super) fn describe(&mut self, proc: &Directory, pids: &[u32], beyond: Facts) -> Vec<u32> {
        let mut moved = Vec::new();
        for row in self.read(proc, pids, DESCRIPTION | beyond) {
            if let Some(known) = self.by_pid.get(&row.pid)
                && has_moved(known, &row)
            {
                moved.push(row.pid);
            }
            self.by_pid.insert(row.pid, row);
        }
        moved
    }

    /// Reads users and cgroups again; the pids of those in another cgroup than before.
    pub(super) fn renew(&mut self, proc: &Directory, pids: &[u32]) -> Vec<u32> {
        let mut moved = Vec::new();
        for row in self.read(proc, pids, CHANGING) {
            let known = self.by_pid.get_mut(&row.pid).filter(|known| known.key() == row.key());
            let Some(known) = known else { continue };
            if has_moved(known, &row) {
                moved.push(row.pid);
            }
            *known = Row { namespaces: known.namespaces, ..row };
        }
        moved
    }

    fn read(&self, proc: &Directory, pids: &[u32], wanted: Facts) -> Vec<Row> {
        read_all(proc, pids, wanted, &self.machine).rows
    }

    /// What it said of this life.
    pub(super) fn of(&self, key: ProcessKey) -> Option<&Row> {
        self.by_pid.get(&key.pid).filter(|row| row.key() == Some(key))
    }

    /// One list of arguments may be megabytes: once told they are not kept.
    pub(super) fn forget_arguments(&mut self, pid: u32) {
        if let Some(row) = self.by_pid.get_mut(&pid) {
            row.arguments = None;
        }
    }

    /// Of a life that is over; a later one of its pid may have been read already.
    pub(super) fn forget(&mut self, key: ProcessKey) {
        if self.of(key).is_some() {
            self.by_pid.remove(&key.pid);
        }
    }
}

/// Whether two accounts of one life put it into different cgroups.
fn has_moved(one: &Row, other: &Row) -> bool {
    let cgroups = one.cgroup.as_deref().zip(other.cgroup.as_deref());
    one.key() == other.key() && cgroups.is_some_and(|(one, other)| one != other)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{event::Cgroup, field::Identity};

    fn row(start_ns: u64, path: &str) -> Row {
        let cgroup = Cgroup { v2: path.to_owned(), ..Cgroup::default() };
        let identity = Identity { start_ns, ..Identity::default() };
        Row { pid: 5, identity: Some(identity), cgroup: Some(Arc::new(cgroup)), ..Row::default() }
    }

    #[test]
    fn only_the_same_life_can_have_moved() {
        assert!(has_moved(&row(1, "/a"), &row(1, "/b")));
        assert!(!has_moved(&row(1, "/a"), &row(1, "/a")));
        assert!(!has_moved(&row(1, "/a"), &row(2, "/b")));
        assert!(!has_moved(&row(1, "/a"), &Row { cgroup: None, ..row(1, "/b") }));
    }

    #[test]
    fn a_row_is_of_one_life() {
        let own = std::process::id();
        let mut rows = Rows::new(Machine::read().unwrap());
        assert_eq!(rows.describe(&Directory::proc().unwrap(), &[own], Facts::ARGUMENTS), [0; 0]);
        let key = rows.by_pid[&own].key().unwrap();
        assert!(rows.of(key).unwrap().arguments.is_some());
        rows.forget_arguments(own);
        assert!(rows.of(key).unwrap().arguments.is_none());
        rows.forget(ProcessKey { start_ns: key.start_ns + 1, ..key });
        assert!(rows.of(key).is_some());
        rows.forget(key);
        assert!(rows.of(key).is_none());
    }
}
