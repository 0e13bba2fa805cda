//! The command line of `observer trace`.

use std::{path::PathBuf, time::Duration};

use clap::Parser;
use observer::source::RingSize;

use super::{ColorName, TimeName, duration};

/// Show what happens at any tracepoint of the kernel, with every field by its name.
///
/// EVENT is `system:name`; in globs `*`, `?` and `[ab]` stand for parts of it. --list shows what
/// there is, --show the fields of one, --count which events happen at all. To close an event takes the
/// kernel some 40 ms: after `syscalls:*` it takes half a minute to end.
///
/// Columns: TIME CPU PID EVENT, then the fields as NAME=VALUE, with the words that the kernel has
/// for a number. PID is the process as this program's pid namespace knows it, `-` outside of it;
/// pids among the fields are those of the initial one. Events of this program itself are left out.
///
/// --filter takes the kernel's filter language: comparisons such as `prev_pid == 0`, `comm ~ "sh*"`,
/// `bytes_req >= 0x1000`, `gfp_flags & 1`, joined with `&&`, `||`, `!` and parentheses. The text
/// behind a pointer into the process is `filename.ustring`. The kernel itself passes over what does
/// not match, at little cost. `comm` and `cpu` are there for every event. In a glob write `[1]*` for
/// `1*`, and `*[s]h` for `*sh`: the kernel takes these two for something else.
///
/// Needs tracefs, and `CAP_PERFMON` with `CAP_DAC_READ_SEARCH` (or root).
///
/// Exit codes: 0 fine, 1 no such event or failure, 2 usage, 3 events were lost (with --strict), 4
/// not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct TraceArgs {
    /// Events to show, as system:name; globs allowed
    #[arg(value_name = "EVENT", required_unless_present_any = ["list", "show"])]
    pub(crate) events: Vec<String>,
    /// Only events for which this holds, in the kernel's filter language
    #[arg(long, value_name = "EXPR", allow_hyphen_values = true)]
    pub(crate) filter: Option<String>,
    /// Only these fields, in this order; only so `common_pid` and the like are shown
    #[arg(long, value_delimiter = ',', value_name = "FIELD,…")]
    pub(crate) fields: Vec<String>,
    /// Print the names of all events, or of those that match
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
    /// Only of this process, its threads and what it starts from now on
    #[arg(short = 'p', long = "pid", value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// Only of processes in this cgroup, by its directory
    #[arg(long, value_name = "PATH", conflicts_with = "pid")]
    pub(crate) cgroup: Option<PathBuf>,
    /// How to print times
    #[arg(long, value_enum, default_value_t = TimeName::Local)]
    pub(crate) time: TimeName,
    /// One JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the names of the columns
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// End after this many events, or tables with --count
    #[arg(short = 'n', value_name = "COUNT")]
    pub(crate) limit: Option<u64>,
    /// End after this long, such as 500ms, 10s or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Exit with 3 if events were lost
    #[arg(long)]
    pub(crate) strict: bool,
    /// Size of each CPU's ring: a power of two from 4096 up; K, M, G allowed
    #[arg(long, value_name = "BYTES", default_value = "2M")]
    pub(crate) ring: RingSize,
    /// Say on stderr what is going on
    #[arg(short = 'v', long)]
    pub(crate) verbose: bool,
}
