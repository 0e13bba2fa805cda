//! The command line of `observer trace`.

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use observer::source::RingSize;

use super::{ColorName, TimeName, duration};

/// Show the events of any tracepoint of the kernel, with all fields by name.
///
/// EVENT is `system:name`, or a glob with `*`, `?` and `[ab]`. --list shows all events, --show the
/// fields of one, --count how often each happens. The kernel takes some 40 ms to close an event:
/// stopping after `syscalls:*` takes half a minute.
///
/// Columns: TIME CPU PID EVENT, then the fields as NAME=VALUE, in the kernel's words where it has
/// words for a number. PID is the process id in observer's own pid namespace, or `-` for a process
/// outside it; pids among the fields are those of the initial pid namespace. Events caused by
/// observer itself are left out.
///
/// --filter takes an expression in the kernel's filter language: comparisons such as
/// `prev_pid == 0`, `comm ~ "sh*"`, `bytes_req >= 0x1000`, `gfp_flags & 1`, joined with `&&`, `||`,
/// `!` and parentheses. Filtering happens in the kernel, at little cost. `comm` and `cpu` work for
/// every event; `filename.ustring` is the text that the pointer `filename` points to. In a glob,
/// write `[1]*` for `1*` and `*[s]h` for `*sh`, which the kernel would misunderstand.
///
/// Needs tracefs, and `CAP_PERFMON` with `CAP_DAC_READ_SEARCH` (or root).
///
/// Exit codes: 0 success, 1 failure or no such event, 2 wrong usage, 3 events were lost (with
/// --strict), 4 not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct TraceArgs {
    /// Events to show, as system:name or a glob
    #[arg(value_name = "EVENT", required_unless_present_any = ["list", "show"])]
    pub(crate) events: Vec<String>,
    /// Only events that match this expression in the kernel's filter language
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    pub(crate) filter: Option<String>,
    /// Only these fields, in this order (the only way to see `common_pid` and the like)
    #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
    pub(crate) fields: Vec<String>,
    /// Print the names of all events, or of those that match the glob
    #[arg(
        long,
        value_name = "GLOB",
        num_args = 0..=1,
        default_missing_value = "*:*",
        conflicts_with_all = ["events", "show", "filter", "fields", "count"]
    )]
    pub(crate) list: Option<String>,
    /// Print the fields of an event with their types
    #[arg(
        long,
        value_name = "EVENT",
        conflicts_with_all = ["events", "filter", "fields", "count"]
    )]
    pub(crate) show: Option<String>,
    /// Print how often each event happens, once a second
    #[arg(long, conflicts_with_all = ["fields", "strict", "ring", "time"])]
    pub(crate) count: bool,
    /// Only events of this process, its threads and the processes that it starts from now on
    #[arg(short = 'p', long = "pid", value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// Only events of processes in this cgroup, given by its directory
    #[arg(long, value_name = "PATH", conflicts_with = "pid")]
    pub(crate) cgroup: Option<PathBuf>,
    /// How to print times
    #[arg(long, value_enum, default_value_t = TimeName::Local)]
    pub(crate) time: TimeName,
    /// Print one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the column headers
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Stop after this many events, or with --count after this many tables
    #[arg(short = 'n', value_name = "COUNT")]
    pub(crate) limit: Option<u64>,
    /// Stop after this long, for example 500ms, 10s or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Exit with code 3 if events were lost
    #[arg(long)]
    pub(crate) strict: bool,
    /// Size of each CPU's ring buffer: a power of two, at least 4096; K, M and G are understood
    #[arg(long, value_name = "BYTES", default_value = "2M")]
    pub(crate) ring: RingSize,
    /// Print progress messages on stderr
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
}
