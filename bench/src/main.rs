//! `cargo xtask bench`: what observing costs, beside others that do the same.
//!
//! It measures and never judges by its exit status: a slow machine is no failed test.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool talks to the person who called it"
)]

mod aim;
mod crowd;
mod elf;
mod events;
mod first;
mod measured;
mod ns;
mod page;
mod program;
mod ps;
mod quiet;
mod ready;
mod run;
mod score;
mod setting;
mod sources;
mod stats;
mod subject;
mod table;
mod trace;
mod tracefs;
mod usage;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use self::subject::Extent;

#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bench(subject::Options),
    #[command(hide = true)]
    Measured(measured::Options),
    #[command(hide = true)]
    Load(trace::load::Options),
}

fn main() -> ExitCode {
    match dispatch(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &Command) -> anyhow::Result<()> {
    match command {
        Command::Bench(options) => subject::bench(options),
        Command::Measured(options) => measured::measured(options),
        Command::Load(options) => trace::load::load(options),
    }
}
