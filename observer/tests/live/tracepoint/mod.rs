//! Tracepoints of the running kernel, as the library reads them.

mod accounts;
mod formats;
mod hotplug;
mod kernel;
mod library;
mod load;
mod lockdown;
mod names;
mod opening;
mod places;
mod reading;

#[path = "../../../examples/exec_snoop.rs"]
mod exec_snoop;

use std::process::ExitCode;

use observer::Error;
use observer::tracepoint::reader::{Options, Reader, Request};
use observer::tracepoint::{Fault, Name, Tracefs};

use crate::support::child::act;
use crate::support::harness::Case;
use crate::support::machine::soon;
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        places::cases(),
        names::cases(),
        formats::cases(),
        lockdown::cases(),
        reading::cases(),
        accounts::cases(),
        opening::cases(),
        library::cases(),
        hotplug::cases(),
    ];
    cases.into_iter().flatten().collect()
}

/// What this program does as a child of these tests: `tracepoint WORDS…`.
pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["open", place, user] => places::open(place, user),
        ["available"] => kernel::print_available(),
        ["snoop"] => exec_snoop::main().map_or(ExitCode::FAILURE, |()| ExitCode::SUCCESS),
        ["count-execs", prefix, last] => reading::count_execs(prefix, last),
        ["load"] => load::perform(),
        ["few-files"] => opening::with_few_files(),
        ["little-memory"] => opening::with_little_memory(),
        ["call", count] => accounts::call(count),
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

fn request(tracefs: &Tracefs, text: &str) -> Request {
    let name = name(text);
    Request { id: tracefs.format(&name).expect("a format").id, filter: None, name }
}

fn reader(names: &[&str], options: &Options) -> Reader {
    let tracefs = tracefs();
    let requests: Vec<_> = names.iter().map(|name| request(&tracefs, name)).collect();
    Reader::open(&requests, options).expect("a reader")
}
