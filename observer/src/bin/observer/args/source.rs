//! Where what is shown comes from: the options that every command with an event source has.

use std::path::PathBuf;

use clap::ValueEnum;
use observer::source::RingSize;

/// Which source, and how it is opened.
#[derive(Debug, clap::Args)]
pub(crate) struct SourceArgs {
    /// Where events come from
    #[arg(long, value_enum, default_value_t = BackendName::Auto)]
    pub(crate) backend: BackendName,
    /// Size of the ring buffer between the kernel and observer: a power of two, at least 4096; K, M
    /// and G are understood
    #[arg(long, value_name = "BYTES", default_value = "4M")]
    pub(crate) ring: RingSize,
    /// Print progress messages on stderr
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
    /// Load the eBPF programs from this file (for development)
    #[arg(long, value_name = "FILE")]
    pub(crate) bpf_object: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BackendName {
    /// bpf if it works here, otherwise perf
    Auto,
    /// eBPF programs: the most complete
    Bpf,
    /// Tracepoints, with details read from /proc right after each event: no eBPF needed
    Perf,
    /// Repeated listings of /proc: needs no privileges, misses short-lived processes
    Proc,
}
