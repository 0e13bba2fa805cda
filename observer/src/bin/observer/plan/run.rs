//! What `observer run` will do.

use std::{ffi::OsString, path::PathBuf, time::Duration};

use observer::{event::Kind, source::Options};

use super::sourced;
use crate::args::{ColorName, RunArgs};

/// A command and how it is observed.
#[derive(Debug)]
pub(crate) struct RunPlan {
    pub(crate) command: Vec<OsString>,
    pub(crate) source: Options,
    /// How long to follow what outlives the command.
    pub(crate) following: Following,
    /// Where the report goes.
    pub(crate) reports: Vec<Report>,
    pub(crate) color: ColorName,
    /// Whether arguments are cut at the width of a terminal.
    pub(crate) cut: bool,
    pub(crate) strict: bool,
    pub(crate) verbose: bool,
}

/// How long the processes are followed that outlive the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Following {
    /// Until all have ended.
    All,
    /// All, until this long after the start at most.
    AtMost(Duration),
    /// Not at all.
    No,
}

/// One report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) shape: Shape,
    pub(crate) place: Place,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Json,
    Html,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Stderr,
    Stdout,
    File(PathBuf),
}

/// Decides what was left open.
pub(crate) fn run(args: &RunArgs) -> RunPlan {
    let table = Options::for_a_table();
    RunPlan {
        command: args.command.clone(),
        source: sourced(
            &args.source,
            Options {
                args_max: args.args_max,
                // Requests to engines are reported only for the clients that are overheard.
                kinds: [&table.kinds[..], &[Kind::REQUEST]].concat(),
                ..table
            },
        ),
        following: following(args),
        reports: reports(args),
        color: args.color,
        cut: !args.full,
        strict: args.strict,
        verbose: args.source.verbose,
    }
}

fn following(args: &RunArgs) -> Following {
    match args.duration {
        _ if args.until_exit => Following::No,
        Some(duration) => Following::AtMost(duration),
        None => Following::All,
    }
}

fn reports(args: &RunArgs) -> Vec<Report> {
    if args.outputs.is_empty() {
        return vec![Report { shape: Shape::Text, place: Place::Stderr }];
    }
    args.outputs.iter().map(|output| report(output, args)).collect()
}

fn report(output: &PathBuf, args: &RunArgs) -> Report {
    let extension = output.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let shape = match extension.as_deref() {
        _ if args.json => Shape::Json,
        Some("json") => Shape::Json,
        Some("html" | "htm") => Shape::Html,
        _ => Shape::Text,
    };
    let place =
        if output.as_os_str() == "-" { Place::Stdout } else { Place::File(output.to_owned()) };
    Report { shape, place }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn planned(arguments: &[&str]) -> RunPlan {
        let arguments = [&["run"], arguments, &["--", "true"]].concat();
        run(&RunArgs::try_parse_from(arguments).unwrap())
    }

    fn shapes(arguments: &[&str]) -> Vec<Shape> {
        planned(arguments).reports.iter().map(|report| report.shape).collect()
    }

    #[test]
    fn the_name_of_a_file_says_what_is_in_it() {
        let all = ["--output", "a.html", "--output", "b.JSON", "--output", "c", "--output", "-"];
        assert_eq!(shapes(&all), [Shape::Html, Shape::Json, Shape::Text, Shape::Text]);
        assert_eq!(shapes(&[&all[..], &["--json"]].concat()), [Shape::Json; 4]);
        assert_eq!(planned(&all).reports[3].place, Place::Stdout);
        assert_eq!(planned(&[]).reports, [Report { shape: Shape::Text, place: Place::Stderr }]);
    }

    #[test]
    fn what_the_command_is_given_stays_its_own() {
        let arguments = ["run", "-v", "make", "-j2", "--json", "--", "--help"];
        let args = RunArgs::try_parse_from(arguments).unwrap();
        assert_eq!(args.command, ["make", "-j2", "--json", "--", "--help"]);
        assert!(args.source.verbose && !args.json);
    }

    #[test]
    fn an_end_with_the_command_is_the_shortest() {
        assert_eq!(planned(&[]).following, Following::All);
        let second = Following::AtMost(Duration::from_secs(1));
        assert_eq!(planned(&["--for", "1s"]).following, second);
        assert_eq!(planned(&["--for", "1s", "--until-exit"]).following, Following::No);
    }
}
