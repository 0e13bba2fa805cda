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
}

impl Outcome {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Fine => 0,
            Self::Nothing | Self::Differs => 1,
            Self::Lost => 3,
        }
    }
}

/// An end with one.
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
    pub(crate) fn report(self) -> ExitCode {
        let pointer = match &self {
            Self::Filter(error) => pointer(error),
            _ => String::new(),
        };
        let (line, code) = match self {
            Self::Help(error) => {
                // Help that nobody reads to its end is no failure.
                let _closed = error.print();
                return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
            }
            Self::Usage(line) => (line, 2),
            Self::Filter(error) => {
                (format!("cannot use the filter: {error}; {}", error.remedy()), 2)
            }
            Self::NoMatch(line) => (line, 1),
            Self::Forbidden(line) => (line, 4),
            Self::Library(error) => {
                (describe(&error), if error.is_not_permitted() { 4 } else { 1 })
            }
        };
        eprintln!("observer: {}{pointer}", Escaped(line.as_bytes()));
        ExitCode::from(code)
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
