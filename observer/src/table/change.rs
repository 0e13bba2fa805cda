//! What an event or a walk did to the table.

use std::sync::Arc;

use super::Entry;
use crate::event::{Event, What};

/// One thing that happened, and the process after it.
///
/// To keep a copy of the table, put `entry` in the place of the entry with its pid, and remove it
/// once its state is freed. One thing is not reported: a second account of one exit, which comes if
/// two threads were both the last, can raise what a zombie used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What happened. [`What::Found`] comes again for a process that is there already when more
    /// has become known of it than any other event tells: its program, its credentials, its
    /// namespaces, or its exact start.
    pub event: Event,
    /// The process afterwards; `None` for losses, repairs and the end of a process that was
    /// unknown.
    pub entry: Option<Arc<Entry>>,
    /// Whether the change was inferred, not reported by the kernel. What such an exit used is
    /// unknown: it is 0 in the event and `None` in the entry.
    pub inferred: bool,
}

impl Change {
    /// An event that no table has taken in.
    #[cfg(feature = "perf")]
    pub(crate) fn of_event(event: Event) -> Self {
        Self { event, entry: None, inferred: false }
    }

    pub(super) fn told(event: Event, entry: &Arc<Entry>) -> Self {
        Self { event, entry: Some(Arc::clone(entry)), inferred: false }
    }

    pub(super) fn inferred(boot_ns: u64, what: What, entry: &Arc<Entry>) -> Self {
        let event = Event { boot_ns, cpu: 0, what };
        Self { event, entry: Some(Arc::clone(entry)), inferred: true }
    }

    /// More has become known of a process that is there.
    pub(super) fn known_better(boot_ns: u64, entry: &Arc<Entry>) -> Self {
        Self::inferred(boot_ns, What::Found { process: entry.process.clone() }, entry)
    }
}
