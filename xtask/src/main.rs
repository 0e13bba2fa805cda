//! Every command that building, running and checking `observer` takes: `cargo xtask COMMAND`.
//!
//! This file names the commands and hands each to the file of its name. It depends on no crate of
//! the product, so that it builds whatever state the product is in.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who called it"
)]

mod backports;
mod bench;
mod ebpf;
mod guest;
mod html_check;
mod kernels;
mod kvm;
mod left_behind;
mod live;
mod machine;
mod packages;
mod peers;
mod places;
mod run;
mod setup;
mod shell;
mod sources;
mod tally;
mod test;
mod toolchain;
mod vm;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Run(run::Options),
    Test(test::Options),
    Live(live::Options),
    Vm(vm::Options),
    HtmlCheck(html_check::Options),
    Bench(bench::Options),
    #[command(hide = true)]
    Measured(bench::measured::Options),
    #[command(hide = true)]
    Load(bench::trace::load::Options),
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
        Command::Run(options) => run::run(&options)?,
        Command::Test(options) => return Ok(test::test(&options)),
        Command::Live(options) => live::live(&options)?,
        Command::Vm(options) => vm::vm(&options)?,
        Command::HtmlCheck(options) => html_check::html_check(&options)?,
        Command::Bench(options) => bench::bench(&options)?,
        Command::Measured(options) => bench::measured::measured(&options)?,
        Command::Load(options) => bench::trace::load::load(&options)?,
    }
    Ok(ExitCode::SUCCESS)
}
