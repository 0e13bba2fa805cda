//! A program that a process started to run.

use bytes::Bytes;

use crate::event::Args;

/// A program that a process started to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exec {
    /// When, in nanoseconds since boot.
    pub boot_ns: u64,
    /// The file name as it was given to execve(2).
    pub filename: Bytes,
    /// Its arguments; `None` where it was gone before they could be read.
    pub args: Option<Args>,
}
