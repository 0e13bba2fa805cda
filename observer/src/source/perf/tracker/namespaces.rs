//! A thread gets into other namespaces.

use super::{super::told::Told, Tracker, With};
use crate::{
    event::{Kind, NamespaceCall, ProcessKey, ThreadNamespaces, What},
    facts::Facts,
};

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
    call: NamespaceCall,
    flags: u64,
}

impl Tracker {
    /// A thread is back from unshare(2) or setns(2).
    pub(super) fn namespace_call_done(
        &mut self,
        key: ProcessKey,
        told: &Told,
        call: NamespaceCall,
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
            self.enter(key, told, &Entered { tid, call: NamespaceCall::Clone, flags }, with);
        }
    }

    /// Looks where the thread is now: no tracepoint tells.
    fn enter(&mut self, key: ProcessKey, told: &Told, entered: &Entered, with: &mut With<'_>) {
        let mut inodes = with.asked.namespaces(key.pid, entered.tid);
        // Asked afterwards: a later life of the pid was not the one that was looked at.
        if self.ask(key, Facts::IDENTITY, with).is_none() {
            inodes = [0; 10];
        }
        let [own @ .., _, _] = inodes;
        let Some(life) = self.lives.get_mut(key) else { return };
        let is_leader = entered.tid == key.pid;
        if is_leader {
            life.known.enter(own);
        }
        let mut process = life.process(entered.tid);
        // Those of a thread say nothing of its process.
        process.namespaces = if is_leader { own } else { [0; 8] };
        let namespaces = Box::new(ThreadNamespaces::of(inodes, [0; 10]));
        let Entered { call, flags, .. } = *entered;
        let what = What::Namespaces { process, call, flags, namespaces };
        self.give(Kind::NAMESPACE, told, what, with);
    }
}
