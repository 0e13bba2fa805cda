//! The command line of `observer doctor`.

use clap::Parser;

use super::ColorName;

/// Show what works on this machine with the privileges at hand, and how to make the rest work.
///
/// Each source of events is actually started, then stopped: `bpf` (eBPF programs, the most
/// complete), `perf` (tracepoints, with details read from /proc), `proc` (repeated listings of
/// /proc: needs no privileges, misses short-lived processes). For a source that does not work, the
/// report says why, and what would make it work. Nothing is changed, and no privileges are needed.
///
/// Exit codes: 0 success, whatever works or does not, 1 failure, 2 wrong usage.
#[derive(Debug, Parser)]
pub(crate) struct DoctorArgs {
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the column headers
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
}
