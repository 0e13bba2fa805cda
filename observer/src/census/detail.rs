//! What a walk tells of a process beyond the table, and the row that both make.

use std::{iter::Peekable, sync::Arc};

use bytes::Bytes;
use observer_common::{ABSENT, CgroupNames, Record, TaskFacts, portion};

use super::arguments::Arguments;
use crate::{
    event::{CgroupCache, ProcessKey, divide},
    facts::Facts,
    field::{CpuTime, Identity, Owner, Row, Stat, Status},
    machine::Machine,
    source::{Item, items},
    table::Entry,
};

/// What one walk told of every process, to be taken apart when rows are wanted.
#[derive(Debug)]
pub(crate) struct Details {
    /// Records of tasks, by ascending pid.
    pub(super) tasks: Vec<u8>,
    /// Records of the arguments of those that have memory, likewise, if they were asked for.
    pub(super) arguments: Option<Bytes>,
    /// Rows of those that a walk cannot show, by ascending pid.
    pub(super) hidden: Vec<Row>,
}

/// What it told of one.
struct Detail<'a> {
    facts: TaskFacts,
    cgroup: CgroupNames<'a>,
    /// A kernel thread's name with its NUL, where it is longer than others may be.
    name: &'a [u8],
    groups: &'a [u8],
}

/// What a walk must be asked for.
pub(super) fn portions(wanted: Facts) -> u32 {
    const NAMESPACES: Facts =
        Facts::PIDS.and(Facts::ALL_NAMESPACES).and(Facts::CHILDREN_NAMESPACES);
    const OF: [(Facts, u32); 8] = [
        (Facts::TASK, portion::STAT | portion::CPU_TIME),
        (Facts::CPU_TIME, portion::CPU_TIME),
        (Facts::OWNER.and(Facts::IDS), portion::IDS),
        (Facts::GROUPS, portion::GROUPS),
        (Facts::CAPABILITIES, portion::CAPABILITIES),
        (Facts::MEMORY, portion::MEMORY),
        (NAMESPACES, portion::NAMESPACES),
        (Facts::CGROUP, portion::CGROUP),
    ];
    let asked = OF.iter().filter(|(facts, _)| wanted.have(*facts));
    asked.fold(0, |bits, (_, portion)| bits | portion)
}

impl Details {
    /// One row a process that is both in the table and in the walk: what began later is not yet
    /// known, what ended meanwhile is not any more.
    pub(crate) fn rows(
        &self,
        entries: &[Arc<Entry>],
        wanted: Facts,
        machine: &Machine,
    ) -> Vec<Row> {
        let mut tasks = self.tasks().peekable();
        let mut hidden = self.hidden.iter().peekable();
        let mut reader = RowReader::new(self, wanted, machine);
        let mut rows = Vec::with_capacity(entries.len());
        for entry in entries {
            let key = entry.process.key;
            while tasks.next_if(|task| task.key().pid < key.pid).is_some() {}
            while hidden.next_if(|row| row.pid < key.pid).is_some() {}
            if let Some(task) = tasks.next_if(|task| task.key() == key) {
                rows.push(Row { life: entry.life, ..reader.row(&task, Some(entry)) });
            } else if let Some(row) = hidden.next_if(|row| is_of(row, key, machine)) {
                rows.push(completed(row, entry, wanted));
            }
        }
        rows
    }

    /// One row a process, by ascending pid.
    #[cfg(feature = "ebpf")]
    pub(crate) fn all_rows(&self, wanted: Facts, machine: &Machine) -> Vec<Row> {
        let mut reader = RowReader::new(self, wanted, machine);
        let mut rows: Vec<Row> = self.tasks().map(|task| reader.row(&task, None)).collect();
        rows.extend(self.hidden.iter().cloned());
        rows.sort_by_key(|row| row.pid);
        rows
    }

    /// The pids that were walked over, ascending.
    #[cfg(feature = "ebpf")]
    pub(super) fn pids(&self) -> Vec<u32> {
        self.tasks().map(|task| task.key().pid).collect()
    }

    fn tasks(&self) -> impl Iterator<Item = Detail<'_>> {
        items(&self.tasks).filter_map(|item| match item {
            Item::Record(_, Record::Task { facts, cgroup, name, groups }) => {
                Some(Detail { facts, cgroup, name, groups })
            }
            _ => None,
        })
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

/// Makes rows of tasks that come by ascending pid.
struct RowReader<'a> {
    wanted: Facts,
    machine: &'a Machine,
    cgroups: CgroupCache,
    arguments: Option<(&'a Bytes, Peekable<AllArguments<'a>>)>,
}

type AllArguments<'a> = Box<dyn Iterator<Item = Arguments<'a>> + 'a>;

impl<'a> RowReader<'a> {
    fn new(details: &'a Details, wanted: Facts, machine: &'a Machine) -> Self {
        let arguments = details.arguments.as_ref().map(|records| {
            let all: AllArguments<'_> = Box::new(Arguments::all(records));
            (records, all.peekable())
        });
        Self { wanted, machine, cgroups: CgroupCache::default(), arguments }
    }

    fn row(&mut self, task: &Detail<'_>, entry: Option<&Arc<Entry>>) -> Row {
        let asked = self.wanted.have(Facts::ARGUMENTS);
        let arguments = if asked { self.arguments(task.key(), entry) } else { None };
        let cgroup = self.wanted.have(Facts::CGROUP).then(|| self.cgroups.get(task.cgroup));
        Row { arguments, cgroup, ..task.row(self.wanted, self.machine) }
    }

    /// As they are in memory, if they were read, else as at its exec.
    fn arguments(&mut self, key: ProcessKey, entry: Option<&Arc<Entry>>) -> Option<Bytes> {
        let at_exec = || entry.and_then(|entry| entry.arguments());
        let Some((records, all)) = &mut self.arguments else {
            return at_exec();
        };
        while all.next_if(|arguments| arguments.key().pid < key.pid).is_some() {}
        match all.next_if(|arguments| arguments.key() == key) {
            Some(arguments) => arguments.take(records).or_else(at_exec),
            // Nothing is told of what has no memory.
            None => Some(Bytes::new()),
        }
    }
}

impl Detail<'_> {
    fn key(&self) -> ProcessKey {
        ProcessKey { pid: self.facts.process.pid, start_ns: self.facts.process.start_ns }
    }

    fn groups(&self) -> Option<Box<[u32]>> {
        let words = self.groups.chunks_exact(4).filter_map(|bytes| bytes.try_into().ok());
        let groups: Box<[u32]> = words.map(u32::from_ne_bytes).collect();
        // Of very many a walk tells only the first.
        (groups.len() == self.facts.groups_count as usize).then_some(groups)
    }

    /// A row of what was asked for, but arguments and cgroup.
    fn row(&self, wanted: Facts, machine: &Machine) -> Row {
        let TaskFacts { process, .. } = &self.facts;
        Row {
            pid: process.pid,
            owner: wanted
                .have(Facts::OWNER)
                .then_some(Owner { uid: process.euid, gid: process.egid }),
            identity: Some(self.identity()),
            stat: wanted.have(Facts::TASK).then(|| self.stat(machine)),
            cpu_time: wanted.have(Facts::CPU_TIME).then(|| self.cpu_time()),
            status: wanted.have(Facts::STATUS).then(|| self.status(wanted, machine)),
            namespaces: process.namespaces.map(|inode| (inode != 0).then_some(inode)),
            for_children: self.facts.for_children.map(|inode| (inode != 0).then_some(inode)),
            ..Row::default()
        }
    }

    fn identity(&self) -> Identity {
        let process = &self.facts.process;
        let comm = process.comm.split(|byte| *byte == 0).next().unwrap_or_default();
        Identity {
            comm: self.name.strip_suffix(b"\0").unwrap_or(comm).into(),
            parent: process.parent_pid,
            start_ns: process.start_ns,
            zombie: self.facts.exit_state != 0,
        }
    }

    fn cpu_time(&self) -> CpuTime {
        let TaskFacts { user_ns, system_ns, runtime_ns, .. } = self.facts;
        let (user_ns, system_ns) = divide(user_ns, system_ns, runtime_ns);
        CpuTime { user_ns, system_ns }
    }

    fn stat(&self, machine: &Machine) -> Stat {
        /// The kernel's priorities of normal processes begin behind 100 real-time ones.
        const REAL_TIME: i64 = 100;
        const NICE_ZERO: i64 = 120;
        let facts = &self.facts;
        Stat {
            state: state(facts.state, facts.exit_state),
            pgid: facts.pgid.cast_signed(),
            sid: facts.sid.cast_signed(),
            tty: facts.tty,
            tpgid: if facts.tty == 0 { -1 } else { facts.tpgid.cast_signed() },
            flags: facts.flags,
            minor_faults: facts.minor_faults,
            major_faults: facts.major_faults,
            priority: i64::from(facts.prio.cast_signed()) - REAL_TIME,
            nice: i64::from(facts.static_prio.cast_signed()) - NICE_ZERO,
            threads: facts.threads,
            virtual_size: facts.virtual_pages * machine.page_size,
            processor: facts.processor,
            real_time_priority: facts.rt_priority,
            policy: facts.policy,
            exit_status: (facts.exit_state != 0).then_some(facts.status),
        }
    }

    fn status(&self, wanted: Facts, machine: &Machine) -> Status {
        let facts = &self.facts;
        let process = &facts.process;
        let has_memory = facts.virtual_pages != 0;
        let kib = |pages: u64| has_memory.then_some(pages * machine.page_size / 1024);
        let security = wanted.have(Facts::CAPABILITIES);
        Status {
            tgid: Some(process.pid),
            uids: wanted.have(Facts::IDS).then_some([
                process.uid,
                process.euid,
                facts.suid,
                facts.fsuid,
            ]),
            gids: wanted.have(Facts::IDS).then_some([
                process.gid,
                process.egid,
                facts.sgid,
                facts.fsgid,
            ]),
            groups: if wanted.have(Facts::GROUPS) { self.groups() } else { None },
            pids: if wanted.have(Facts::PIDS) { [process.vpid].into() } else { [].into() },
            resident_kib: kib(facts.resident_pages),
            locked_kib: kib(facts.locked_pages),
            capabilities: facts.capabilities.map(|mask| security.then_some(mask)),
            no_new_privileges: security.then_some(facts.no_new_privs == 1),
            seccomp: security.then_some(facts.seccomp),
            seccomp_filters: (security && facts.seccomp_filters != ABSENT)
                .then_some(facts.seccomp_filters),
            ..Status::default()
        }
    }
}

/// The letter that /proc has for a state, by the kernel's `task_state_index`.
fn state(state: u32, exit_state: u32) -> u8 {
    const UNINTERRUPTIBLE: u32 = 0x2;
    const REPORTED: u32 = 0x7f;
    const IDLE: u32 = 0x402;
    const RTLOCK_WAIT: u32 = 0x1000;
    const FROZEN: u32 = 0x8000;
    const LETTERS: [u8; 8] = *b"RSDTtXZP";
    if state & IDLE == IDLE {
        return b'I';
    }
    let mut reported = (state | exit_state) & REPORTED;
    if state & (RTLOCK_WAIT | FROZEN) != 0 {
        reported = UNINTERRUPTIBLE;
    }
    let index = u32::BITS - reported.leading_zeros();
    LETTERS.get(index as usize).copied().unwrap_or(b'?')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_letters_of_proc() {
        let check = |kernel: u32, exit: u32, letter: u8| {
            assert_eq!(
                char::from(state(kernel, exit)),
                char::from(letter),
                "{kernel:#x} {exit:#x}"
            );
        };
        check(0, 0, b'R');
        check(1, 0, b'S');
        check(2, 0, b'D');
        check(4, 0, b'T');
        check(8, 0, b't');
        check(0, 0x10, b'X');
        check(0x80, 0x20, b'Z');
        check(0x40, 0, b'P');
        check(0x402, 0, b'I');
        check(0x1000, 0, b'D');
        // TASK_KILLABLE
        check(0x102, 0, b'D');
    }
}
