//! The command line of `observer ns`.

use std::{path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use observer::source::RingSize;

use super::{BackendName, ColorName, TimeName, duration};

/// Show namespaces: who is in them, to whom they belong, and what keeps them alive.
///
/// All eight kinds, as a tree: each below the user namespace to which it belongs. --tree says by
/// what else; -o shows a table of the columns that are asked for, lsns's names among them, and
/// --list names them all. Namespaces that nobody is in are shown too, with what keeps them: where
/// they are mounted, whose children will be in them, with --deep which threads, open files and
/// sockets.
///
/// Read from /proc; nothing is entered. Without `CAP_SYS_PTRACE` (or root) the namespaces of other
/// users' processes stay unknown; how many processes that are is said on stderr.
///
/// Exit codes: 0 fine, 1 nothing matched or failure, 2 usage, 3 events were lost (with --follow and
/// --strict), 4 not permitted.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct NsArgs {
    /// Arrange them as a tree by this
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
    /// Columns, by name
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
    /// Only the namespaces that this process is in
    #[arg(short = 'p', long = "pid", value_name = "PID")]
    pub(crate) pid: Option<u32>,
    /// Name everybody who is in them: pids, behind them those in the pid namespaces inside; z marks
    /// a zombie, k a kernel thread
    #[arg(long)]
    pub(crate) members: bool,
    /// Say which of them this program, and the first process, are in too; without -p, of its own
    #[arg(long)]
    pub(crate) mine: bool,
    /// Look at all threads, open files and sockets as well
    #[arg(long)]
    pub(crate) deep: bool,
    /// Go on and tell when namespaces come, are entered, left, and go
    #[arg(
        short = 'f',
        long,
        conflicts_with_all = ["tree", "columns", "list", "members", "mine", "deep"]
    )]
    pub(crate) follow: bool,
    /// With --follow: end after this many events
    #[arg(short = 'n', value_name = "COUNT", requires = "follow")]
    pub(crate) limit: Option<u64>,
    /// With --follow: end after this long, such as 500ms, 10s or 5m
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
    /// With --follow: exit with 3 if events were lost
    #[arg(long, requires = "follow")]
    pub(crate) strict: bool,
    /// One JSON document; with --follow one object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Do not print the names of the columns
    #[arg(long, aliases = ["no-header", "noheadings"])]
    pub(crate) no_headers: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Where processes are read from
    ///
    /// auto: /proc; with --follow the best live table that works here. bpf: the kernel's own list
    /// of tasks, with --follow a table kept by eBPF. perf: with --follow a table kept by
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RelationName {
    /// All kinds below the user namespaces to which they belong
    Owner,
    /// User namespaces, each below the one around it
    #[value(alias = "parent")]
    User,
    /// Pid namespaces, each below the one around it
    Pid,
    /// Each namespace with the processes in it, children below their parents
    Process,
}
