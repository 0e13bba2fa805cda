//! What one walk over all tasks of the machine saw.

use super::Program;
use crate::event::{Process, ProcessKey, Status};

/// One walk over all tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Walk {
    /// When it began, in nanoseconds since boot.
    pub began_ns: u64,
    /// When it ended.
    pub ended_ns: u64,
    /// The processes that it saw, by ascending pid.
    pub tasks: Vec<Seen>,
    /// Pids that it cannot see: never to be taken for gone.
    pub hidden: Vec<u32>,
    /// Those that ran still, but were on their way out: their end may have been told before anybody
    /// listened.
    pub dying: Vec<ProcessKey>,
}

/// A process that a walk saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The process.
    pub process: Process,
    /// When it was seen, in nanoseconds since boot.
    pub boot_ns: u64,
    /// Whether it has ended.
    pub zombie: bool,
    /// How it ended, if it did and that was told.
    pub status: Option<Status>,
    /// Its program, if somebody read it.
    pub program: Option<Program>,
    /// Whether its start is known to the nanosecond, or to the clock tick only.
    pub start_is_exact: bool,
}

/// How far the table was from what a walk saw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mended {
    /// Processes that it did not know.
    pub added: u64,
    /// Processes that had ended without its knowledge.
    pub removed: u64,
    /// Processes of which it knew something else.
    pub changed: u64,
}
