//! The command line of `observer events`.

use std::time::Duration;

use clap::{
    Parser, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use observer::event::EventKind;

use super::{ColorName, SourceArgs, duration};

/// Show every program that starts and every process that ends, as it happens.
///
/// Columns: TIME EVENT PID PPID UID CONTAINER STATUS ARGS. UID is the effective user. STATUS is
/// an exit code or the signal that killed the process. An event must match every filter given;
/// within one filter, any of its values.
///
/// Needs `CAP_BPF` and `CAP_PERFMON` (or root) and Linux 5.18 or later with BTF. Where eBPF cannot
/// be used, events come from tracepoints, with fewer details. `--backend proc` needs no privileges,
/// but misses short-lived processes. `observer doctor` shows what works on this machine.
///
/// Exit codes: 0 success, 1 failure, 2 wrong usage, 3 events were lost (with --strict), 4 not
/// permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct EventsArgs {
    /// Events to show
    #[arg(short = 'e', long = "events", value_delimiter = ',', value_name = "EVENT,…", value_parser = event_kinds())]
    pub(crate) events: Vec<EventKind>,
    #[command(flatten)]
    pub(crate) filters: Filters,
    /// Keep at most this many bytes of each process's arguments [default: all]
    #[arg(long, value_name = "BYTES")]
    pub(crate) args_max: Option<u64>,
    /// How to print times
    #[arg(long, value_enum, default_value_t = TimeName::Local)]
    pub(crate) time: TimeName,
    /// Print one JSON object per line
    #[arg(long, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Print event, pid and file name, separated by tabs; only exec events unless -e says otherwise
    #[arg(long)]
    pub(crate) plain: bool,
    /// Do not print the column headers
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Stop after this many events
    #[arg(short = 'n', long = "count", value_name = "COUNT")]
    pub(crate) count: Option<u64>,
    /// Stop after this long, for example 500ms, 10s or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Exit with code 3 if events were lost
    #[arg(long)]
    pub(crate) strict: bool,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
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
    /// Only children of these processes
    #[arg(long = "ppid", value_delimiter = ',', value_name = "PID,…")]
    pub(crate) parents: Vec<u32>,
    /// Only processes of these effective users, by name or number
    #[arg(short = 'u', long = "user", value_delimiter = ',', value_name = "USER,…")]
    pub(crate) users: Vec<String>,
    /// Only processes with these names
    #[arg(short = 'C', long = "comm", value_delimiter = ',', value_name = "COMM,…")]
    pub(crate) comms: Vec<String>,
    /// Only processes in these containers, given by name, id or the beginning of an id; a container
    /// that does not exist yet is waited for
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
    /// Local time, HH:MM:SS.mmm
    Local,
    /// UTC, HH:MM:SS.mmm
    Utc,
    /// Seconds since 1970
    Unix,
    /// Seconds since boot
    Boot,
    /// Seconds since the previous event
    Delta,
    /// No time
    None,
}
