//! The command line of `observer verify`.

use std::time::Duration;

use clap::Parser;

use super::{SourceArgs, duration};

const BACKEND: &str = "What keeps the table current";

/// Compare the live table with /proc, and say whether they agree.
///
/// Repeatedly, /proc is read, a snapshot is taken, and /proc is read again. A process seen both
/// times must be in the snapshot; one seen neither time must not be. Every column of a process that
/// did not change in between must have the value that /proc gives. Differences are printed, one per
/// line; the last line is a summary.
///
/// CPU time may differ by two clock ticks, and the resident size by pages that the CPUs have not
/// added up yet. The name of a kernel worker is compared without the part that says what it works
/// on.
///
/// The table compared is the best one that works with the privileges at hand; see `observer
/// doctor`. Comparing everything needs `CAP_SYS_PTRACE` (or root).
///
/// Exit codes: 0 they agree, 1 failure or a difference, 2 wrong usage, 4 not permitted.
#[derive(Debug, Parser)]
#[command(mut_arg("backend", |arg| arg.help(BACKEND)))]
pub(crate) struct VerifyArgs {
    /// Keep comparing for this long, for example 500ms, 10s or 5m; at least one snapshot is
    /// compared
    #[arg(
        long = "for",
        value_name = "DURATION",
        default_value = "3s",
        value_parser = duration,
        allow_hyphen_values = true
    )]
    pub(crate) duration: Duration,
    /// Meanwhile, start this many short-lived processes per second
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(crate) churn: u32,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}
