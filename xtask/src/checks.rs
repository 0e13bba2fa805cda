//! Every command that building and checking `observer` takes: `cargo xtask COMMAND`.
//!
//! This file names the commands and hands each to the file of its name; [`delegate`] has those that
//! are elsewhere.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who called it"
)]

mod backports;
mod ebpf;
mod guest;
mod html_check;
mod kernels;
mod kvm;
mod left_behind;
mod live;
mod packages;
mod places;
mod setup;
mod tally;
mod test;
mod toolchain;
mod vm;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{delegate, machine, peers, product, shell, workspace};

/// Builds, runs and checks observer.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Setup(setup::Options),
    BuildEbpf(ebpf::Options),
    /// Build observer, with stable Rust only, and run it as root
    ///
    /// Everything after `run` is passed on as it stands. When you are not root, observer is started
    /// through `sudo`, unless `OBSERVER_NO_SUDO` is set. Its exit status becomes ours.
    Run(Elsewhere),
    Test(test::Options),
    Live(live::Options),
    Vm(vm::Options),
    HtmlCheck(html_check::Options),
    /// Measure observer beside others that do the same
    Bench(Elsewhere),
}

/// A command that another program has.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
struct Elsewhere {
    /// Its arguments
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

fn main() -> ExitCode {
    dispatch(Cli::parse().command).unwrap_or_else(|error| {
        eprintln!("xtask: {error:#}");
        ExitCode::FAILURE
    })
}

fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Setup(options) => setup::setup(&options)?,
        Command::BuildEbpf(options) => ebpf::build_ebpf(&options)?,
        Command::Run(rest) => rest.start("run")?,
        Command::Test(options) => return Ok(test::test(&options)),
        Command::Live(options) => live::live(&options)?,
        Command::Vm(options) => vm::vm(&options)?,
        Command::HtmlCheck(options) => html_check::html_check(&options)?,
        Command::Bench(rest) => rest.start("bench")?,
    }
    Ok(ExitCode::SUCCESS)
}

impl Elsewhere {
    fn start(self, command: &str) -> anyhow::Result<()> {
        let words: Vec<_> = std::iter::once(command.into()).chain(self.arguments).collect();
        delegate::start(&words).map(|never| match never {})
    }
}
