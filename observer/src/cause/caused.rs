//! One process of the set: what it was, why it is there, what it ran and how it ended.

use super::{Exec, Role};
use crate::{
    event::{Process, ProcessKey, Status},
    table::End,
};

/// A process that the command caused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caused {
    /// As it was last told.
    pub process: Process,
    /// Which life of its pid in that clock tick, see [`Entry::life`](crate::table::Entry::life).
    pub life: u32,
    /// What part it plays.
    pub role: Role,
    /// Why it belongs to the set.
    pub because: Because,
    /// What it ran, in order; empty of one that only ever ran its creator's program.
    pub execs: Vec<Exec>,
    /// How it ended; `None` while it runs.
    pub end: Option<End>,
}

impl Caused {
    /// How long it has lived, or lived, in nanoseconds.
    pub fn duration_ns(&self, now_ns: u64) -> u64 {
        let until_ns = self.end.map_or(now_ns, |end| end.boot_ns);
        until_ns.saturating_sub(self.process.key.start_ns)
    }

    /// Whether it ended in any other way than by exit(2) with 0.
    pub fn has_failed(&self) -> bool {
        let status = self.end.and_then(|end| end.status);
        status.is_some_and(|status| status != Status::Code(0))
    }
}

/// The fact that a process belongs to the set by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because {
    /// Which kind of fact.
    pub fact: Fact,
    /// What it is joined to by it.
    pub of: Cause,
    /// Whether what joins the container to the command was concluded: not all that a client wrote
    /// was heard, and of the containers that began meanwhile this alone is nobody else's.
    pub inferred: bool,
}

/// A kind of fact, see the [module](super).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the module's documentation says what each means")]
pub enum Fact {
    Parent,
    Cgroup,
    Socket,
    Argv,
}

impl Fact {
    /// As the JSON has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Cgroup => "cgroup",
            Self::Socket => "socket",
            Self::Argv => "argv",
        }
    }
}

/// What a process or a container is joined to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// A process of the set, or of the command itself the one that spawned it.
    Process(ProcessKey),
    /// The container with this id.
    Container(String),
}
