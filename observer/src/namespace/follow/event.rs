//! What becomes of namespaces.

use crate::{
    event::{Comm, Loss, NamespaceCall, ProcessKey},
    namespace::NamespaceId,
};

/// What is reported about namespaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// What became of one.
    Event(NamespaceEvent),
    /// So many events of the kernel were lost here: what they told is found by the next look.
    Lost {
        /// How many.
        count: u64,
        /// Why.
        loss: Loss,
        /// The CPU that lost them, if they found no room.
        cpu: u32,
        /// When, in nanoseconds since boot.
        boot_ns: u64,
    },
}

/// Something that became of a namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamespaceEvent {
    /// When, in nanoseconds since boot; of what a look found, the time of that look.
    pub boot_ns: u64,
    /// What.
    pub what: Fate,
    /// Of which.
    pub namespace: NamespaceId,
    /// The process that did it; `None` for what a look found.
    pub actor: Option<Actor>,
    /// Whether a look at all namespaces found it, and no event of the kernel told it.
    pub inferred: bool,
}

/// What becomes of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was made, by clone(2) or unshare(2).
    Created,
    /// A thread got into one that was there: by setns(2), or as a child of one that had asked for
    /// that.
    Entered,
    /// A thread got out of it, into another.
    Left,
    /// It is no more: nobody is in it and nothing keeps it.
    Gone,
}

impl Fate {
    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Entered => "entered",
            Self::Left => "left",
            Self::Gone => "gone",
        }
    }
}

/// The thread that did something to a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Its process.
    pub key: ProcessKey,
    /// 1; 2, 3… for a later life of the same pid in the same clock tick.
    pub life: u32,
    /// The thread.
    pub tid: u32,
    /// The process's name.
    pub comm: Comm,
    /// The system call; `None` where looks alone tell of it.
    pub call: Option<NamespaceCall>,
}
