//! Tracepoints of the running kernel, as the library reads them.

mod formats;
mod kernel;
mod lockdown;
mod names;
mod places;

use std::process::ExitCode;

use observer::tracepoint::{Fault, Tracefs};
use observer::{Error, tracepoint::Name};

use crate::child::act;
use crate::harness::{Case, soon};
use crate::observed::output;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [places::cases(), names::cases(), formats::cases(), lockdown::cases()];
    cases.into_iter().flatten().collect()
}

/// What this program does as a child of these tests: `tracepoint WORDS…`.
pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["open", place, user] => places::open(place, user),
        ["available"] => kernel::print_available(),
        other => panic!("unknown act tracepoint {other:?}"),
    }
}

/// All that an act of these says.
fn heard(words: &[&str]) -> String {
    let (status, out, errors) = output(act(&["tracepoint"]).args(words), soon());
    assert!(status.success(), "{words:?}: {status:?}, stderr: {errors}");
    out
}

fn tracefs() -> Tracefs {
    Tracefs::open().expect("tracefs")
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

fn fault<T>(result: Result<T, Error>) -> Fault {
    match result.map(drop) {
        Err(Error::Tracepoint(fault)) => fault,
        other => panic!("{other:?}"),
    }
}
