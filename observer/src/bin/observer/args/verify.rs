//! The command line of `observer verify`.

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use observer::source::RingSize;

use super::{BackendName, duration};

/// Compare the live table with /proc, and say whether they agree.
///
/// Again and again /proc is read, a snapshot taken, and /proc read once more. Who was there both
/// times must be in the snapshot, who was there neither time must not, and every column of a
/// process that did not change in between must say what /proc says. What differs is printed;
/// the last line is the summary.
///
/// CPU time may differ by two clock ticks, resident size by what the CPUs have yet to add up. The
/// name of a kernel worker is compared without the part that says what it works on.
///
/// The table that is compared is the best one that these rights allow, see `observer doctor`.
/// Comparing everything needs `CAP_SYS_PTRACE` (or root).
///
/// Exit codes: 0 they agree, 1 something differs or failure, 2 usage, 4 not permitted.
#[derive(Debug, Parser)]
pub(crate) struct VerifyArgs {
    /// Go on for this long, such as 500ms, 10s or 5m; at least one snapshot is compared
    #[arg(
        long = "for",
        value_name = "DURATION",
        default_value = "3s",
        value_parser = duration,
        allow_hyphen_values = true
    )]
    pub(crate) duration: Duration,
    /// Make this many short-lived processes a second meanwhile
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(crate) churn: u32,
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// What keeps the table current
    #[arg(long, value_enum, default_value_t = BackendName::Auto)]
    pub(crate) backend: BackendName,
    /// Size of the ring between kernel and program: a power of two from 4096 up; K, M, G allowed
    #[arg(long, value_name = "BYTES", default_value = "4M")]
    pub(crate) ring: RingSize,
    /// Say on stderr what is going on
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
    /// Load the eBPF programs from this file; for work on them
    #[arg(long, value_name = "FILE")]
    pub(crate) bpf_object: Option<PathBuf>,
}
