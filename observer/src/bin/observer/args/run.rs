//! The command line of `observer run`.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use clap::Parser;

use super::{ColorName, SourceArgs, duration};

/// Run a command, then show every process that it started, directly or indirectly.
///
/// The command gets stdin, stdout, stderr and the terminal as if it ran alone. The report covers
/// its descendants and, across a container engine, the processes of the containers that it started,
/// with the engine's helpers that led to them. When the command has ended, the processes that it
/// left behind are followed until they have ended too; --for and --until-exit stop that earlier,
/// and so do Ctrl-C and SIGTERM. The report goes to stderr, or to files with --output.
///
/// Signals from the terminal reach the command directly; SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1
/// and SIGUSR2 sent to observer alone are passed on to it.
///
/// Needs `CAP_BPF` and `CAP_PERFMON` (or root) and Linux 5.18 or later with BTF. Where eBPF cannot
/// be used, events come from tracepoints, with fewer details. If nothing can be observed, the
/// command is not run. `observer doctor` shows what works on this machine.
///
/// Exit codes: the command's own; 128 + N if signal N killed it; 125 if observer failed (wrong
/// usage, not permitted, a report cannot be written, events were lost with --strict), 126 if the
/// command cannot be executed, 127 if it was not found.
#[derive(Debug, Parser)]
pub(crate) struct RunArgs {
    /// The command and its arguments
    #[arg(trailing_var_arg = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
    /// Write the report to this file: an HTML page if its name ends in .html, JSON if in .json,
    /// otherwise text; - means stdout; may be repeated
    #[arg(long = "output", value_name = "FILE")]
    pub(crate) outputs: Vec<PathBuf>,
    /// Write JSON, whatever the name of the file
    #[arg(long, requires = "outputs")]
    pub(crate) json: bool,
    /// Do not shorten arguments to the width of the terminal
    #[arg(long)]
    pub(crate) full: bool,
    /// Stop following leftover processes this long after the start, for example 500ms, 10s or 5m
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) duration: Option<Duration>,
    /// Stop when the command has ended, whatever it left running
    #[arg(long)]
    pub(crate) until_exit: bool,
    /// When to use colours
    #[arg(long, value_enum, default_value_t = ColorName::Auto, value_name = "WHEN")]
    pub(crate) color: ColorName,
    /// Exit with code 125 if events were lost
    #[arg(long)]
    pub(crate) strict: bool,
    /// Keep at most this many bytes of each process's arguments [default: all]
    #[arg(long, value_name = "BYTES")]
    pub(crate) args_max: Option<u64>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
}
