//! The command line of `observer doctor`.

use clap::Parser;

use super::ColorName;

/// Say what this kernel and these rights allow, and what to do about the rest.
///
/// Each source of events is really started, and stopped again: `bpf` (eBPF programs, tells
/// everything), `perf` (tracepoints, and /proc at once after them), `proc` (listings of /proc, needs
/// no rights, misses short lives). Of one that does not work it says why, and what would make it
/// work. It changes nothing and needs no rights.
///
/// Exit codes: 0 it could answer, whatever the answer, 1 failure, 2 usage.
#[derive(Debug, Parser)]
pub(crate) struct DoctorArgs {
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the names of the columns
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
}
