//! One record on its way to the reader, and what it says of its process.

use observer_common::{CgroupNames, Kind, ProcessFacts, Record};
use zerocopy::FromZeros as _;

use super::tracker::Life;

/// A record, and what of its header is known where it is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Given<'a> {
    pub(super) boot_ns: u64,
    pub(super) cpu: u32,
    pub(super) kind: Kind,
    /// Bits of [`observer_common::absent`].
    pub(super) absent: u32,
    pub(super) record: Record<'a>,
}

/// What a record says of its process.
pub(super) struct Described<'a> {
    pub(super) facts: ProcessFacts,
    pub(super) absent: u32,
    pub(super) cgroup: CgroupNames<'a>,
}

/// `tid` is the thread that acted.
pub(super) fn describe(life: &Life, tid: u32) -> Described<'_> {
    let mut facts = ProcessFacts::new_zeroed();
    facts.pid = life.key.pid;
    facts.start_ns = life.key.start_ns;
    facts.tid = tid;
    facts.comm = life.comm;
    if let Some(parent) = life.parent {
        (facts.parent_pid, facts.parent_start_ns) = (parent.pid, parent.start_ns);
    }
    let absent = life.known.write(&mut facts);
    Described { facts, absent, cgroup: life.known.names() }
}
