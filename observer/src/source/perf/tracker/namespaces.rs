//! A thread gets into other namespaces.

use observer_common::{Kind, NamespaceFacts, ProcessFacts, Record, call};

use super::{
    super::{
        given::{Given, describe},
        told::Told,
    },
    Tracker, With,
};
use crate::{event::ProcessKey, facts::Facts};

/// The flags of clone(2) for other namespaces.
const NEW: u64 = flags(
    libc::CLONE_NEWTIME
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET,
);

const fn flags(bits: libc::c_int) -> u64 {
    bits.cast_unsigned() as u64
}

/// Which thread, and how it got there.
struct Entered {
    tid: u32,
    /// One of [`call`].
    call: u32,
    flags: u64,
}

impl Tracker {
    /// A thread is back from unshare(2) or setns(2).
    pub(super) fn namespace_call_done(
        &mut self,
        key: ProcessKey,
        told: &Told,
        call: u32,
        with: &mut With<'_>,
    ) {
        let Some(life) = self.lives.get_mut(key) else { return };
        let flags = life.calls.remove(&told.tid).unwrap_or_default();
        self.get_to_know(key, with);
        self.enter(key, told, &Entered { tid: told.tid, call, flags }, with);
    }

    /// A thread was created, maybe a process's first.
    pub(super) fn created_in_namespaces(
        &mut self,
        key: ProcessKey,
        told: &Told,
        (tid, flags): (u32, u64),
        with: &mut With<'_>,
    ) {
        if flags & NEW != 0 && self.wanted.has(Kind::NAMESPACE) {
            self.enter(key, told, &Entered { tid, call: call::CLONE, flags }, with);
        }
    }

    /// Looks where the thread is now: no tracepoint tells.
    fn enter(&mut self, key: ProcessKey, told: &Told, entered: &Entered, with: &mut With<'_>) {
        let mut inodes = with.asked.namespaces(key.pid, entered.tid);
        // Asked afterwards: a later life of the pid was not the one that was looked at.
        if self.ask(key, Facts::IDENTITY, with).is_none() {
            inodes = [0; 10];
        }
        let [own @ .., pid_for_children, time_for_children] = inodes;
        let Some(life) = self.lives.get_mut(key) else { return };
        if entered.tid == key.pid {
            life.known.enter(own);
        }
        let described = describe(life, entered.tid);
        let facts = NamespaceFacts {
            process: ProcessFacts { namespaces: own, ..described.facts },
            ids: [0; 10],
            flags: entered.flags,
            for_children: [pid_for_children, time_for_children],
            call: entered.call,
            reserved: 0,
        };
        let given = Given {
            boot_ns: told.boot_ns,
            cpu: told.cpu,
            kind: Kind::NAMESPACE,
            absent: described.absent,
            record: Record::Namespace { facts, cgroup: described.cgroup },
        };
        if self.wanted.has(Kind::NAMESPACE) {
            (with.give)(&given);
        }
    }
}
