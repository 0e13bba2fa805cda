//! `observer trace` against what a test makes happen, the kernel's own judgement, and bpftrace.

pub(crate) mod act;
mod counts;
mod effects;
mod ends;
mod filters;
mod lines;
mod probe;
mod refusals;
mod rights;
mod spaces;
pub(crate) mod values;

use std::process::Command;

use observer::tracepoint::{Name, Tracefs};

pub(crate) use act::perform;

use crate::support::harness::Case;
use crate::support::observed::Observed;
use crate::support::program::observer_with;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        lines::cases(),
        ends::cases(),
        counts::cases(),
        refusals::cases(),
        filters::cases(),
        effects::cases(),
        probe::cases(),
        values::cases(),
        spaces::cases(),
        rights::cases(),
    ];
    cases.into_iter().flatten().collect()
}

/// `observer trace`, not started yet.
fn trace(arguments: &[&str]) -> Command {
    observer_with(&[&["trace"], arguments].concat())
}

/// `observer trace --json`, ready.
fn traced(arguments: &[&str]) -> Observed {
    Observed::of(trace(&["--json"]).args(arguments))
}

fn tracefs() -> Tracefs {
    Tracefs::open().expect("tracefs")
}

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// The running kernel's version, less the patch.
fn kernel() -> (u32, u32) {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").expect("a release");
    let mut numbers = text.split(['.', '-']).map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    (next(), next())
}
