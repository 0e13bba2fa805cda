//! /proc → rows: a one-shot scan, what the other sources cannot know, and the source that only lists
//! /proc again and again.
//!
//! Only files that the asked-for facts need are opened, relative to the process's own directory:
//! a pid that is given to another process meanwhile cannot mix two of them. Nothing is trusted
//! that a process writes; the mount of /proc is the caller's, never a container's.

#[cfg(feature = "ebpf")]
mod cmdline;
#[cfg(feature = "perf")]
mod described;
#[cfg(feature = "snapshot")]
mod directory;
#[cfg(feature = "ebpf")]
mod held;
#[cfg(feature = "snapshot")]
mod join;
#[cfg(feature = "snapshot")]
mod list;
#[cfg(feature = "perf")]
mod name;
#[cfg(feature = "perf")]
mod poll;
#[cfg(feature = "snapshot")]
mod reader;
#[cfg(feature = "snapshot")]
mod scan;
#[cfg(feature = "perf")]
mod single;
mod stat;
#[cfg(feature = "snapshot")]
mod status;

#[cfg(feature = "ebpf")]
pub(crate) use cmdline::{complete, whole as arguments};
#[cfg(feature = "perf")]
pub(crate) use described::{Described, Subject};
#[cfg(feature = "snapshot")]
pub(crate) use directory::Directory;
#[cfg(feature = "ebpf")]
pub(crate) use held::Held;
#[cfg(feature = "snapshot")]
pub use join::join;
#[cfg(feature = "ebpf")]
pub(crate) use list::all as pids;
#[cfg(feature = "perf")]
pub(crate) use name::{task_name, without_work};
#[cfg(feature = "perf")]
pub use poll::ProcSource;
#[cfg(feature = "perf")]
pub(crate) use scan::add_what_no_walk_tells;
#[cfg(feature = "perf")]
pub(crate) use scan::now;
#[cfg(feature = "snapshot")]
pub(crate) use scan::scan_known;
#[cfg(feature = "snapshot")]
pub use scan::{Scan, Which, scan};
#[cfg(feature = "perf")]
pub(crate) use single::{Single, threads};
pub use stat::parents;
