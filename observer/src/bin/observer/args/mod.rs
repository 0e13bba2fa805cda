//! What was typed. Syntax only: nothing here asks the system anything.

mod doctor;
mod events;
mod ns;
mod ps;
mod run;
mod source;
mod trace;
mod verify;

use std::time::Duration;

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};

pub(crate) use self::{
    doctor::DoctorArgs,
    events::{EventsArgs, Filters, TimeName},
    ns::{NsArgs, RelationName},
    ps::{PsArgs, TimeStyleName},
    run::RunArgs,
    source::{BackendName, SourceArgs},
    trace::TraceArgs,
    verify::VerifyArgs,
};
use crate::exit::Failure;

/// A live process observer for Linux.
#[derive(Debug, Parser)]
#[command(name = "observer", version, infer_long_args = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Ps(PsArgs),
    Events(EventsArgs),
    Run(RunArgs),
    Trace(TraceArgs),
    Ns(NsArgs),
    Verify(VerifyArgs),
    Doctor(DoctorArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ColorName {
    Auto,
    Always,
    Never,
}

/// Parses the command line.
pub(crate) fn parse() -> Result<Args, Failure> {
    let command = std::env::args().nth(1).unwrap_or_default();
    Args::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => Failure::Help(error),
        _ => Failure::Usage(one_line(&error, &command)),
    })
}

/// clap's message without its layout: what, the values it could have been, what to do.
fn one_line(error: &clap::Error, command: &str) -> String {
    let text = error.to_string();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let said: Vec<_> = lines
        .filter(|line| !line.starts_with("Usage:") && !line.starts_with("For more information"))
        .map(|line| line.trim_start_matches("error: ").trim_start_matches("tip: "))
        .collect();
    let program = Args::command();
    let known = program.find_subcommand(command).map(clap::Command::get_name);
    let help = known.map_or_else(String::new, |name| format!("{name} "));
    let said = said.join("; ").replace(":; ", ": ");
    format!("{said}; see `observer {help}--help`")
}

/// `500ms`, `10s`, `5m`, `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)];
    let wrong = || "expected a duration such as 500ms, 10s or 5m".to_owned();
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_not_a_number| wrong())?;
    number.checked_mul(*factor).map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_holds_together() {
        Args::command().debug_assert();
    }

    #[test]
    fn durations() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(duration("5m"), Ok(Duration::from_mins(5)));
        for wrong in ["", "5", "s", "-1s", "1.5s", "1d", "99999999999999999999s"] {
            assert!(duration(wrong).is_err(), "`{wrong}` was accepted");
        }
    }

    #[test]
    fn an_error_is_one_line_that_names_the_choices() {
        let error = Args::try_parse_from(["observer", "events", "-e", "forks"]).unwrap_err();
        let line = one_line(&error, "events");
        assert!(!line.contains('\n'), "{line}");
        for word in ["forks", "fork, exec, exit", "--help"] {
            assert!(line.contains(word), "`{word}` is missing: {line}");
        }
    }
}
