//! The command line of `observer events`.

use std::{path::PathBuf, time::Duration};

use clap::{
    Parser, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use observer::{event::EventKind, source::RingSize};

use super::{ColorName, duration};

/// Show every program that starts and every process that ends, as it happens.
///
/// Columns: TIME EVENT PID PPID UID CONTAINER STATUS ARGS. UID is the effective user. STATUS is
/// an exit code or the signal that killed the process. Different filters must all match; of
/// several values of one, any.
///
/// Needs `CAP_BPF` and `CAP_PERFMON` (or root) and a kernel from 5.18 with BTF; without eBPF
/// tracepoints tell less. `--backend proc` needs nothing, and misses short lives. `observer doctor`
/// says what works here.
///
/// Exit codes: 0 fine, 1 failure, 2 usage, 3 events were lost (with --strict), 4 not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct EventsArgs {
    /// Events to show
    #[arg(short = 'e', long = "events", value_delimiter = ',', value_name = "EVENT,…", value_parser = event_kinds())]
    pub(crate) events: Vec<EventKind>,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Take at most this many bytes of a process's arguments [default: all]
    #[arg(long, value_name = "BYTES")]
    pub(crate) args_max: Option<u64>,
    /// How to print times
    #[arg(long, value_enum, default_value_t = TimeName::Local)]
    pub(crate) time: TimeName,
    /// One JSON object a line
    #[arg(long, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Event, pid and file name with tabs between; only exec unless -e says more
    #[arg(long)]
    pub(crate) plain: bool,
    /// Do not print the names of the columns
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// End after this many events
    #[arg(short = 'n', long = "count", value_name = "COUNT")]
    pub(crate) count: Option<u64>,
    /// End after this long, such as 500ms, 10s or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Exit with 3 if events were lost
    #[arg(long)]
    pub(crate) strict: bool,
    /// Where events come from
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
    /// Make the eBPF programs wait for so many rounds in the middle of each record; for tests
    #[arg(long, value_name = "ROUNDS", default_value_t = 0, hide = true)]
    pub(crate) linger: u32,
    /// Load no second copies of the eBPF programs; for tests
    #[arg(long, hide = true)]
    pub(crate) single: bool,
}

#[derive(Debug, Default, clap::Args)]
pub(crate) struct Filters {
    /// Only these processes
    #[arg(short = 'p', long = "pids", value_delimiter = ',', value_name = "PID,…")]
    pub(crate) pids: Vec<u32>,
    /// Only children of these
    #[arg(long = "ppid", value_delimiter = ',', value_name = "PID,…")]
    pub(crate) parents: Vec<u32>,
    /// Only processes of these effective users, by name or number
    #[arg(short = 'u', long = "user", value_delimiter = ',', value_name = "USER,…")]
    pub(crate) users: Vec<String>,
    /// Only processes of these names
    #[arg(short = 'C', long = "comm", value_delimiter = ',', value_name = "COMM,…")]
    pub(crate) comms: Vec<String>,
    /// Only processes in these containers, by name, id or its beginning; one that is not there yet
    /// is waited for
    #[arg(long = "container", value_delimiter = ',', value_name = "NAME|ID,…")]
    pub(crate) containers: Vec<String>,
    /// Only this process and its descendants
    #[arg(long = "tree", value_name = "PID")]
    pub(crate) tree: Option<u32>,
}

/// Takes the names of those kinds of event that can be asked for.
fn event_kinds() -> impl TypedValueParser<Value = EventKind> {
    let value =
        |kind: EventKind| PossibleValue::new(kind.name()).help(kind.doc().unwrap_or_default());
    let names = PossibleValuesParser::new(EventKind::asked_for().map(value));
    names.try_map(|name| EventKind::named(&name).ok_or("no such event"))
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum TimeName {
    /// Hour to millisecond in the local zone
    Local,
    /// The same in UTC
    Utc,
    /// Seconds since 1970
    Unix,
    /// Seconds since boot
    Boot,
    /// Seconds since the event before
    Delta,
    /// No time
    None,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum BackendName {
    /// bpf where it works, else perf
    Auto,
    /// eBPF programs: tells everything
    Bpf,
    /// Tracepoints, and /proc at once after them: no eBPF needed
    Perf,
    /// Listings of /proc: no rights needed; short lives are missed
    Proc,
}
