//! What /proc knows of a process, by the name of the file.

mod cmdline;
mod stat;

pub(crate) use cmdline::complete;
pub use stat::parents;
