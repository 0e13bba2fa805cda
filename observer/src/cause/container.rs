//! One container of the set.

use crate::event::ProcessKey;

/// A container that a process of the set asked an engine to start, or to run something in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausedContainer {
    /// The runtime's own id, see [`Container::id`](crate::container::Container::id).
    pub id: String,
    /// What made it, as far as a cgroup told: see [`Runtime::name`](crate::container::Runtime::name).
    pub runtime: Option<&'static str>,
    /// Its name, as far as an engine told.
    pub name: Option<String>,
    /// Its image as it was asked for, as far as an engine told.
    pub image: Option<String>,
    /// What else of it the engine's helpers may name, as far as an engine told: its addresses, the
    /// place of its network namespace.
    pub marks: Vec<String>,
    /// The process of the set that asked for it. `None` of a container that runs in one of the set's.
    pub client: Option<ProcessKey>,
    /// Whether that it was this client was concluded, see
    /// [`Because::inferred`](super::Because::inferred).
    pub inferred: bool,
    /// Whether the command started it; of one that was there before, only what was run in it since
    /// belongs to the set.
    pub started: bool,
}

impl CausedContainer {
    /// One of which nothing more is known.
    pub(super) fn new(id: String, client: Option<ProcessKey>) -> Self {
        Self {
            id,
            runtime: None,
            name: None,
            image: None,
            marks: Vec::new(),
            client,
            inferred: false,
            started: false,
        }
    }
}
