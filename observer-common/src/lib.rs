//! The contract between observer's eBPF programs and its user-space library: what a record in the
//! ring looks like, which kernel offsets the programs are given, and how loss is counted.
//!
//! Both sides compile these same types, so a layout cannot be told in two ways. The crate has no
//! unsafe code, no `std` and no knowledge of aya; unnamed padding does not compile.
//!
//! A record is a [`Header`], a fixed part that its [`Kind`] names, and a tail of bytes whose
//! lengths the fixed part gives. [`decode`] takes it apart.

#![no_std]
#![forbid(unsafe_code)]

mod config;
mod counters;
mod decode;
mod header;
mod kind;
mod layout;
pub mod limits;
mod namespace;
mod process;
mod record;
mod request;
mod task;

pub use config::Config;
pub use counters::Counters;
pub use decode::{CgroupNames, Malformed, Record, decode};
pub use header::Header;
pub use kind::Kind;
pub use layout::{ABSENT, Layout, Place, Wanted};
pub use namespace::{NamespaceFacts, call};
pub use process::{NAMESPACES, ProcessFacts};
pub use record::{ArgsFacts, CgroupFacts, ExecFacts, ExitFacts, ForkFacts, FreeFacts, RenameFacts};
pub use request::{NOBODY, RequestFacts};
pub use task::{TaskArgsFacts, TaskFacts, portion};

/// Raised whenever a record's layout changes, so that a program and an object that do not belong
/// together say so instead of misreading each other.
pub const ABI_VERSION: u16 = 5;
