//! The `observer` program: what was typed ([`args`]) → what will happen ([`plan`]) → the command
//! ([`cmd`]) → how it ended ([`exit`]).

mod args;
mod cmd;
mod container;
mod drive;
mod exit;
mod filter;
mod hidden;
#[cfg(feature = "log")]
mod logger;
mod output;
mod plan;
mod refusals;
mod signals;
mod totals;
mod tree;
mod until;

use std::process::ExitCode;

use crate::exit::{Codes, Outcome};

fn main() -> ExitCode {
    #[cfg(feature = "log")]
    logger::install();
    let outcome = args::parse().and_then(|args| match args.command {
        args::Command::Ps(ps) if ps.list => cmd::ps::print_list(),
        args::Command::Ps(ps) => cmd::ps::run(&plan::ps(&ps)?),
        args::Command::Events(events) => cmd::events::run(&plan::events(&events)?),
        args::Command::Run(run) => cmd::run::run(&plan::run(&run)),
        args::Command::Ns(ns) if ns.list => cmd::ns::print_list(),
        args::Command::Ns(ns) if ns.follow => cmd::ns::follow(&plan::follow(&ns)?),
        args::Command::Ns(ns) => cmd::ns::run(&plan::ns(&ns)?),
        args::Command::Trace(trace) => cmd::trace::run(&plan::trace(&trace)),
        args::Command::Verify(verify) => cmd::verify::run(&plan::verify(&verify)),
        args::Command::Doctor(doctor) => cmd::doctor::run(&plan::doctor(&doctor)),
    });
    match outcome {
        Ok(outcome) => outcome.into(),
        Err(failure) => failure.report(Codes::of_command_line()),
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome.code())
    }
}
