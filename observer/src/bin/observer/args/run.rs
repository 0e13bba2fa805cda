//! The command line of `observer run`.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::Parser;
use observer::source::RingSize;

use super::{BackendName, ColorName, duration};

/// Run a command, then show everything that it caused to run.
///
/// The command has stdin, stdout, stderr and the terminal as if it ran alone. What belongs to it
/// are its descendants, and across the boundary of a container engine the processes of the
/// containers that it started, with the engine's helpers that led to them. When it has ended, what
/// it left is followed until that has ended as well; --for and --until-exit end that sooner, and so
/// do Ctrl-C and SIGTERM. The report goes to stderr, or to files with --output.
///
/// Signals: what the terminal sends reaches the command by itself; SIGTERM, SIGHUP, SIGINT,
/// SIGQUIT, SIGUSR1 and SIGUSR2 that are sent to observer alone are passed on.
///
/// Needs `CAP_BPF` and `CAP_PERFMON` (or root) and a kernel from 5.18 with BTF; without eBPF
/// tracepoints tell less. If nothing can be observed, the command is not run. `observer doctor`
/// says what works here.
///
/// Exit codes: the command's own; 128 + N if signal N killed it; 125 observer failed (usage, not
/// permitted, a report cannot be written, events were lost with --strict), 126 the command cannot
/// be executed, 127 it was not found.
#[derive(Debug, Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag on the command line")]
pub(crate) struct RunArgs {
    /// The command and its arguments
    #[arg(trailing_var_arg = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
    /// Write the report to this file: .html a page, .json JSON, else text; - is stdout; repeatable
    #[arg(long = "output", value_name = "FILE")]
    pub(crate) outputs: Vec<PathBuf>,
    /// JSON, whatever the name of the file
    #[arg(long, requires = "outputs")]
    pub(crate) json: bool,
    /// Do not cut arguments at the width of the terminal
    #[arg(long)]
    pub(crate) full: bool,
    /// From the start on follow for at most this long what outlives the command, such as 500ms, 10s
    /// or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// End when the command has ended, whatever it left
    #[arg(long)]
    pub(crate) until_exit: bool,
    /// When to colour
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Exit with 125 if events were lost
    #[arg(long)]
    pub(crate) strict: bool,
    /// Take at most this many bytes of a process's arguments [default: all]
    #[arg(long, value_name = "BYTES")]
    pub(crate) args_max: Option<u64>,
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
}
