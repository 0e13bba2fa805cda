//! How the program ends: exit codes as a type, errors as one line.

use std::{error::Error as _, process::ExitCode};

use observer::{Error, render::Escaped, tracepoint::filter::FilterError};
use unicode_width::UnicodeWidthStr as _;

/// An end without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// All is well.
    Fine,
    /// Nothing matched.
    Nothing,
    /// What was compared is not the same.
    Differs,
    /// Events were lost, and `--strict` was given.
    Lost,
    /// As the command that was run.
    Command(u8),
}

/// What the codes of failures mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codes {
    /// Those of every command but one.
    Usual,
    /// Those below 125 are the ones of the command that is run.
    Run,
}

impl Codes {
    /// By the first word after the program's name, for even what makes no sense has a code.
    pub(crate) fn of_command_line() -> Self {
        let is_run = std::env::args_os().nth(1).is_some_and(|word| word == "run");
        if is_run { Self::Run } else { Self::Usual }
    }

    fn code(self, usual: u8) -> u8 {
        match self {
            Self::Run if (1..OWN_FAILURE).contains(&usual) => OWN_FAILURE,
            _ => usual,
        }
    }
}

/// As env(1), timeout(1) and docker-run(1) have it.
pub(crate) const OWN_FAILURE: u8 = 125;

impl Outcome {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Nothing | Self::Differs => 1,
            Self::Lost => 3,
            Self::Command(code) => code,
        }
    }
}

/// Why the program failed, and with which exit code.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was typed makes no sense: what, and what to do.
    Usage(String),
    /// What was asked for is not there: what, and what to do.
    NoMatch(String),
    /// What was asked for is kept from the caller: what, and what to do.
    Forbidden(String),
    /// An expression that is no filter: where, why, and what to write instead.
    Filter(Box<FilterError>),
    /// Help was asked for, or is the best answer: to `--help`, `--version` or nothing at all.
    Help(clap::Error),
    /// A command could not be run, or not be reported on: what, what to do, and the code.
    Run(String, u8),
    /// The library gave up.
    Library(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl From<FilterError> for Failure {
    fn from(error: FilterError) -> Self {
        Self::Filter(Box::new(error))
    }
}

impl Failure {
    /// Tells the user and returns the exit code.
    #[expect(clippy::print_stderr, reason = "the one place where errors are printed")]
    pub(crate) fn report(self, codes: Codes) -> ExitCode {
        let pointer = match &self {
            Self::Filter(error) => pointer(error),
            _ => String::new(),
        };
        let (line, code) = match self {
            Self::Help(error) => {
                // Help that nobody reads to its end is no failure.
                let _closed = error.print();
                return ExitCode::from(codes.code(if error.use_stderr() { 2 } else { 0 }));
            }
            Self::Usage(line) => (line, 2),
            Self::Filter(error) => {
                (format!("cannot use the filter: {error}; {}", error.remedy()), 2)
            }
            Self::NoMatch(line) => (line, 1),
            Self::Forbidden(line) => (line, 4),
            Self::Run(line, code) => (line, code),
            Self::Library(error) => {
                (describe(&error), if error.is_not_permitted() { 4 } else { 1 })
            }
        };
        eprintln!("observer: {}{pointer}", Escaped(line.as_bytes()));
        ExitCode::from(codes.code(code))
    }
}

/// Two more lines: the expression, and a caret below the mistake.
fn pointer(error: &FilterError) -> String {
    let (before, _) = error.expression.split_at_checked(error.column).unwrap_or_default();
    let width = Escaped(before.as_bytes()).to_string().width();
    format!("\n  {}\n  {:width$}^", Escaped(error.expression.as_bytes()), "")
}

/// What failed: why; what to do.
pub(crate) fn describe(error: &Error) -> String {
    let mut line = why(error);
    if let Some(remedy) = error.remedy() {
        line.push_str("; ");
        line.push_str(&remedy);
    }
    line
}

/// What failed: why.
pub(crate) fn why(error: &Error) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        next = cause.source();
    }
    line
}
