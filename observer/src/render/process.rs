//! A process → the JSON's types for it, as streams and reports share them.

use super::{
    display::signal_name,
    schema::{
        Base64, Creation, Digits, Executable, Exit, Id, Linux, Namespaces, Number, Process, Raw,
    },
    time::rfc3339,
};
use crate::{
    event::{self, Cgroup, Status, Usage},
    machine::{Machine, WallClock},
};

/// What turns facts of the kernel into those of the JSON.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProcessFacts<'m> {
    pub(super) machine: &'m Machine,
    pub(super) clock: WallClock,
}

impl ProcessFacts<'_> {
    /// A process in this life of its pid, without what it runs and how it ended.
    pub(super) fn process<'a>(&self, process: &'a event::Process, life: u32) -> Process<'a> {
        let comm = process.comm.as_bytes();
        let credentials = process.credentials;
        Process {
            id: self.machine.life_id(process.key, life),
            pid: process.key.pid,
            vpid: process.vpid,
            parent_pid: process.parent.map(|parent| parent.pid),
            parent_id: process.parent.map(|parent| self.machine.process_id(parent)),
            comm: String::from_utf8_lossy(comm),
            executable: None,
            command_args: None,
            args_truncated: None,
            args_size: None,
            args_captured: None,
            creation: self.creation(process.key.start_ns),
            exit: None,
            user: credentials.map(|ids| Id { id: ids.effective_uid }),
            real_user: credentials.map(|ids| Id { id: ids.real_uid }),
            group: credentials.map(|ids| Id { id: ids.effective_gid }),
            real_group: credentials.map(|ids| Id { id: ids.real_gid }),
            ns: namespaces(process.namespaces.map(|inode| (inode != 0).then_some(inode))),
            linux: process.cgroup.as_deref().map(Cgroup::path).map(|cgroup| Linux { cgroup }),
            raw: str::from_utf8(comm)
                .is_err()
                .then(|| Raw { comm: Some(Base64(comm)), ..Raw::default() }),
        }
    }

    /// A beginning, given in nanoseconds since boot.
    pub(super) fn creation(&self, boot_ns: u64) -> Creation {
        Creation { time: rfc3339(self.clock.unix_ns(boot_ns)), boot_ns: Digits(boot_ns) }
    }

    /// In bytes.
    pub(super) fn max_rss(&self, usage: Usage) -> Number {
        Number(usage.max_rss_pages.saturating_mul(self.machine.page_size))
    }
}

pub(super) fn executable(filename: &[u8]) -> Option<Executable<'_>> {
    let path = String::from_utf8_lossy(filename);
    (!path.is_empty()).then_some(Executable { path })
}

pub(super) fn exit(status: Status) -> Exit {
    match status {
        Status::Code(code) => Exit::Code { code },
        Status::Signal { number, core_dumped } => {
            Exit::Signal { signal: number, name: signal_name(number), core_dumped }
        }
    }
}

pub(super) fn namespaces(inodes: [Option<u32>; 8]) -> Namespaces {
    let [pid, mnt, net, user, uts, ipc, cgroup, time] = inodes;
    Namespaces { pid, mnt, net, user, uts, ipc, cgroup, time }
}
