//! Tracepoints → text and JSON: what fired, how often, and how its records are laid out.

mod counts;
mod describe;
mod json;
mod text;

pub(super) use self::json::{FieldValues, RawTexts, WordsOfFields};
pub use self::{
    counts::{Counted, Tally, count_table},
    describe::{described, description, listed, listing},
    json::TraceJson,
    text::TraceText,
};

use crate::tracepoint::{Name, format::Field};

/// A tracepoint, and those of its fields that are printed, in their order.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Which.
    pub name: String,
    /// What of it.
    pub fields: Vec<Field>,
}

impl Shown {
    /// A tracepoint with these fields.
    pub fn new(name: &Name, fields: Vec<Field>) -> Self {
        Self { name: name.to_string(), fields }
    }
}

/// A tracepoint that fired.
#[derive(Clone, Copy, Debug)]
pub struct Firing<'a> {
    /// Which, and what is printed of it.
    pub shown: &'a Shown,
    /// When, in nanoseconds since boot.
    pub boot_ns: u64,
    /// By how much it is older than that: it came when younger ones had been told. Nearly always 0.
    pub late_ns: u64,
    /// The CPU on which it fired.
    pub cpu: u32,
    /// The process on that CPU, in the observer's pid namespace; `None` outside of that, and for
    /// the idle task.
    pub pid: Option<u32>,
    /// Its thread, in the same namespace.
    pub tid: Option<u32>,
    /// The record.
    pub record: &'a [u8],
}

/// Records that found no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Before which moment, in nanoseconds since boot.
    pub boot_ns: u64,
    /// In which CPU's ring.
    pub cpu: u32,
    /// How many.
    pub count: u64,
}

/// Whether the names of the columns stand above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// They do.
    Yes,
    /// They do not.
    No,
}

#[cfg(test)]
mod tests;
