//! The command line of `observer ps`.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use super::{ColorName, SourceArgs, duration};

const BACKEND: &str = "Where processes are read from";
const BACKENDS: &str = "Where processes are read from\n\n\
    auto: /proc, or with --every the best live table that works here. bpf: the kernel's own \
    list of tasks, or with --every a table kept current by eBPF. perf: only with --every, a \
    table kept current by tracepoints. proc: /proc.";

/// Show the running processes, with the columns of your choice.
///
/// The columns are those of psgo and podman, by name or AIX code, and more; --list shows them all.
/// The default columns are user,pid,ppid,pcpu,etime,tty,time,args.
///
/// Processes are read from /proc. No privileges are needed, but without `CAP_SYS_PTRACE` (or root)
/// some columns of other users' processes are unknown; a note on stderr says how many processes
/// are affected.
///
/// With --every, a live table is kept between the listings if possible: this needs `CAP_BPF` and
/// `CAP_PERFMON` (or root) and Linux 5.18 or later with BTF. Otherwise /proc is read each time.
///
/// Exit codes: 0 success, 1 failure or no process matched, 2 wrong usage, 4 not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
#[command(mut_arg("backend", |arg| arg.help(BACKEND).long_help(BACKENDS)))]
pub(crate) struct PsArgs {
    /// Columns to show: names, or codes such as %C; NAME=HEADER sets a column's header, NAME=
    /// leaves it empty
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
    /// All processes in the pid namespaces of the given processes, as seen from inside
    #[arg(long)]
    pub(crate) join: bool,
    /// With --join: translate host ids with the id maps of the caller's own user namespace
    #[arg(long)]
    pub(crate) fill_mappings: bool,
    /// Only processes in this container, given by name, id or the beginning of an id
    #[arg(long, value_name = "NAME|ID")]
    pub(crate) container: Option<String>,
    /// Only processes with this value in this column; repeat it for more values (any of them may
    /// match) or more columns (each must match)
    #[arg(long = "filter", value_name = "COLUMN=VALUE")]
    pub(crate) filters: Vec<String>,
    /// Sort by these columns; a - before a name sorts the largest first
    #[arg(long, value_name = "[-]COLUMN,…", allow_hyphen_values = true)]
    pub(crate) sort: Vec<String>,
    /// Time format
    #[arg(long, value_enum, default_value_t = TimeStyleName::Psgo, value_name = "STYLE")]
    pub(crate) time_style: TimeStyleName,
    /// Print one JSON document
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the column headers
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Print a listing now, then again at this interval, for example 500ms, 10s or 5m
    #[arg(long, value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) every: Option<Duration>,
    /// With --every: stop after this many listings
    #[arg(short = 'n', long = "count", value_name = "COUNT", requires = "every")]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TimeStyleName {
    /// As Go and psgo write it: 1h2m3.45s
    Psgo,
    /// As ps(1) writes it: 01:02:03
    Ps,
}
