//! What a walk tells of each process → what the table wants to know, or a row.

use observer_common::{ABSENT, CgroupNames, Record, TaskFacts, portion};

use super::{
    lift::{cgroup_of, divide, process},
    records::records,
};
use crate::{
    event::{CgroupCache, ProcessKey, Status as Ending},
    facts::Facts,
    field::{CpuTime, Identity, Owner, Row, Stat, Status},
    machine::Machine,
    table::Seen,
};

/// What one walk says of every process, to be taken apart when it is wanted.
#[derive(Debug)]
pub struct Tasks(pub(super) Vec<u8>);

impl Tasks {
    /// One process after the other, by ascending pid.
    pub fn iter(&self) -> impl Iterator<Item = Task<'_>> {
        records(&self.0).filter_map(|record| match record {
            Ok((header, Record::Task { facts, cgroup, name, groups })) => {
                Some(Task { boot_ns: header.boot_ns, facts, cgroup, name, groups })
            }
            _ => None,
        })
    }

    /// About how many there are, for whoever makes room for them.
    pub(crate) fn size_hint(&self) -> usize {
        self.0.len() / size_of::<TaskFacts>()
    }
}

/// What a walk says of one process, borrowed from its records.
#[derive(Debug)]
pub struct Task<'a> {
    boot_ns: u64,
    facts: TaskFacts,
    cgroup: CgroupNames<'a>,
    /// A kernel thread's name with its NUL, where it is longer than others may be.
    name: &'a [u8],
    groups: &'a [u8],
}

/// What a walk must be asked for, as bits of [`portion`].
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

impl Task<'_> {
    /// Which process it is.
    pub fn key(&self) -> ProcessKey {
        ProcessKey { pid: self.facts.process.pid, start_ns: self.facts.process.start_ns }
    }

    /// Everything that the walk says of it: a row of the facts that were asked for, without
    /// arguments.
    pub fn describe(&self, wanted: Facts, machine: &Machine) -> Row {
        self.row(wanted, machine, &mut CgroupCache::default())
    }

    /// Whether it has begun to exit, which zombies have as well.
    pub(crate) fn is_dying(&self) -> bool {
        /// The kernel's `PF_EXITING`.
        const EXITING: u32 = 0x4;
        self.facts.flags & EXITING != 0
    }

    /// As the table wants it. `cgroups` remembers those that it has seen.
    pub(crate) fn seen(&self, cgroups: &mut CgroupCache) -> Seen {
        let zombie = self.facts.exit_state != 0;
        Seen {
            process: process(&self.facts.process, cgroup_of(cgroups, self.cgroup)),
            boot_ns: self.boot_ns,
            zombie,
            status: zombie.then(|| Ending::from_wait(self.facts.status)),
            program: None,
            start_is_exact: true,
        }
    }

    fn groups(&self) -> Option<Box<[u32]>> {
        let words = self.groups.chunks_exact(4).filter_map(|bytes| bytes.try_into().ok());
        let groups: Box<[u32]> = words.map(u32::from_ne_bytes).collect();
        // Of very many a walk tells only the first.
        (groups.len() == self.facts.groups_count as usize).then_some(groups)
    }

    /// A row of what was asked for, but arguments. `cgroups` remembers those that it has seen.
    pub(crate) fn row(&self, wanted: Facts, machine: &Machine, cgroups: &mut CgroupCache) -> Row {
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
            cgroup: wanted.have(Facts::CGROUP).then(|| cgroup_of(cgroups, self.cgroup)),
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
