//! The command line of `observer ns`.

use std::time::Duration;

use clap::{Parser, ValueEnum};

use super::{ColorName, SourceArgs, TimeName, duration};

const BACKEND: &str = "Where processes are read from";
const BACKENDS: &str = "Where processes are read from\n\n\
    auto: /proc, or with --follow the best live table that works here. bpf: the kernel's own \
    list of tasks, or with --follow a table kept current by eBPF. perf: only with --follow, \
    a table kept current by tracepoints. proc: /proc.";

/// Show the namespaces: which processes are in them, who owns them, and what keeps them alive.
///
/// All eight kinds are shown as a tree, each namespace below the user namespace that owns it.
/// --tree arranges them differently; -o prints a table with the columns of your choice, those of
/// lsns among them (--list shows them all). Namespaces without processes are shown too, with what
/// keeps them alive: a mount, or a process whose children will be in it; with --deep also threads,
/// open files and sockets.
///
/// Namespaces are read from /proc; none is entered. Without `CAP_SYS_PTRACE` (or root) the
/// namespaces of other users' processes stay unknown; a note on stderr says how many processes
/// are affected.
///
/// Exit codes: 0 success, 1 failure or no namespace matched, 2 wrong usage, 3 events were lost
/// (with --follow and --strict), 4 not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
#[command(mut_arg("backend", |arg| arg.help(BACKEND).long_help(BACKENDS)))]
pub(crate) struct NsArgs {
    /// Draw a tree of this relation
    #[arg(short = 'T', long, value_enum, value_name = "RELATION")]
    pub(crate) tree: Option<RelationName>,
    /// Only these kinds: pid, mnt, net, user, uts, ipc, cgroup, time
    #[arg(
        short = 't',
        long = "kind",
        alias = "type",
        value_name = "KIND,…",
        value_delimiter = ','
    )]
    pub(crate) kinds: Vec<String>,
    /// Print a table with these columns
    #[arg(
        short = 'o',
        long = "columns",
        aliases = ["output", "format"],
        value_name = "COLUMN,…",
        value_delimiter = ','
    )]
    pub(crate) columns: Vec<String>,
    /// Print the names of all columns
    #[arg(long)]
    pub(crate) list: bool,
    /// Only the namespaces of this process
    #[arg(short = 'p', long = "pid", value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// List the member processes: pid, then in parentheses the pids in inner pid namespaces; z
    /// marks a zombie, k a kernel thread
    #[arg(long)]
    pub(crate) members: bool,
    /// Show whether observer itself and pid 1 are in each; without -p, of observer's own namespaces
    #[arg(long)]
    pub(crate) mine: bool,
    /// Also look for namespaces held by threads, open files and sockets
    #[arg(long)]
    pub(crate) deep: bool,
    /// Keep running and report namespaces created, entered, left and destroyed
    #[arg(
        short = 'f',
        long,
        conflicts_with_all = ["tree", "columns", "list", "members", "mine", "deep"]
    )]
    pub(crate) follow: bool,
    /// With --follow: stop after this many events
    #[arg(short = 'n', value_name = "COUNT", requires = "follow")]
    pub(crate) limit: Option<u64>,
    /// With --follow: stop after this long, for example 500ms, 10s or 5m
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        allow_hyphen_values = true,
        requires = "follow"
    )]
    pub(crate) duration: Option<Duration>,
    /// With --follow: how to print times
    #[arg(long, value_enum, default_value_t = TimeName::Local, requires = "follow")]
    pub(crate) time: TimeName,
    /// With --follow: exit with code 3 if events were lost
    #[arg(long, requires = "follow")]
    pub(crate) strict: bool,
    /// Print one JSON document; with --follow, one JSON object per line
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the column headers
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RelationName {
    /// All kinds, each below the user namespace that owns it
    Owner,
    /// User namespaces, each below the one around it
    #[value(alias = "parent")]
    User,
    /// Pid namespaces, each below the one around it
    Pid,
    /// Each namespace with the processes in it, children below their parents
    Process,
}
