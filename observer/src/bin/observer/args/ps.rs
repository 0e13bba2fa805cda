//! The command line of `observer ps`.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use observer::source::RingSize;

use super::{BackendName, ColorName, duration};

/// Show processes, each with the columns that are asked for.
///
/// The columns are psgo's and podman's, by name or AIX code, and more; --list names them.
/// Without -o they are user,pid,ppid,pcpu,etime,tty,time,args.
///
/// Processes are read from /proc. No privileges are needed; without `CAP_SYS_PTRACE` (or root)
/// some columns of other users' processes are unknown, and what was hidden is said on stderr.
///
/// With --every a live table is kept between the listings, which needs `CAP_BPF` and `CAP_PERFMON`
/// (or root) and a kernel from 5.18 with BTF; elsewhere /proc is read each time.
///
/// Exit codes: 0 fine, 1 nothing matched or failure, 2 usage, 4 not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct PsArgs {
    /// Columns: names or codes such as %C; NAME=HEADER renames one, NAME= leaves its header empty
    #[arg(short = 'o', long = "format", alias = "output", value_name = "COLUMN,…")]
    pub(crate) format: Vec<String>,
    /// Print the names of all columns
    #[arg(long)]
    pub(crate) list: bool,
    /// Only these processes, in this order
    #[arg(
        short = 'p',
        long = "pids",
        alias = "pid",
        value_name = "PID,…",
        allow_hyphen_values = true
    )]
    pub(crate) pids: Vec<String>,
    /// All processes in the pid namespaces of these, as they see themselves
    #[arg(long)]
    pub(crate) join: bool,
    /// With --join: translate host ids by the caller's own user namespace
    #[arg(long)]
    pub(crate) fill_mappings: bool,
    /// Only processes in this container, by name, id, or the id's beginning
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) container: Option<String>,
    /// Only processes with this value in a column; of several values of one column any, of
    /// several columns each must match
    #[arg(long = "filter", value_name = "COLUMN=VALUE")]
    pub(crate) filters: Vec<String>,
    /// Order by these columns; - before a name: largest first
    #[arg(long, value_name = "[-]COLUMN,…", allow_hyphen_values = true)]
    pub(crate) sort: Vec<String>,
    /// Whose words to write times in
    #[arg(long, value_enum, default_value_t = TimeStyleName::Psgo, value_name = "STYLE")]
    pub(crate) time_style: TimeStyleName,
    /// One JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the names of the columns
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Print a listing now and then every so often, such as 500ms, 10s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) every: Option<Duration>,
    /// With --every: end after this many listings
    #[arg(short = 'n', long = "count", value_name = "COUNT", requires = "every")]
    pub(crate) count: Option<u64>,
    /// Where processes are read from
    ///
    /// auto: /proc; with --every the best live table that works here. bpf: the kernel's own list of
    /// tasks in one pass, with --every a table kept by eBPF. perf: with --every a table kept by
    /// tracepoints. proc: /proc.
    #[arg(long, value_enum, default_value_t = BackendName::Auto)]
    pub(crate) backend: BackendName,
    /// Size of the ring between kernel and program: a power of two from 4096 up; K, M, G allowed
    #[arg(long, value_name = "BYTES", default_value = "4M")]
    pub(crate) ring: RingSize,
    /// Load the eBPF programs from this file; for work on them
    #[arg(long, value_name = "FILE")]
    pub(crate) bpf_object: Option<PathBuf>,
    /// Say on stderr what is going on
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TimeStyleName {
    /// Go's words, as psgo: 1h2m3.45s
    Psgo,
    /// As ps(1): 01:02:03
    Ps,
}
