//! Every source behaves the same, less what it declares that it does not know.
//!
//! Everything here lives for a moment, so that also a source that only lists /proc sees it.

pub(crate) mod act;
mod behaviour;
mod perf;
mod perf_ends;
mod perf_loss;
pub(crate) mod proc;

use std::process::Command;
use std::time::Duration;

use observer::facts::{EventFacts, Surety};
use observer::source::{self, Options, Source as _};

use crate::events::cgroup::v2;
use crate::support::harness::Case;
use crate::support::machine::in_guest;
use crate::support::need::{self, Need};
use crate::support::observed::{Observed, bare_events};
use crate::support::place::Place;

/// A source, and how it is asked for.
pub(crate) struct Backend {
    pub(crate) name: &'static str,
    kind: source::Backend,
}

const BPF: Backend = Backend { name: "bpf", kind: source::Backend::Bpf };
const PERF: Backend = Backend { name: "perf", kind: source::Backend::Perf };
const PROC: Backend = Backend { name: "proc", kind: source::Backend::Proc };

/// Every behaviour from this source, which needs something; a move needs somewhere to go as well. How
/// lives end and which program is run by whom, `perf_ends` shows on every kernel.
macro_rules! on {
    ($backend:ident, $module:literal, $place:ident, [$($need:path),*]) => {{
        const NEEDS: &[Need] = &[$($need),*];
        const MOVE: &[Need] = &[$($need,)* v2];
        on!($backend, $module,
            a_life: $place NEEDS,
            a_code: Host NEEDS,
            a_kill: Host NEEDS,
            a_name: Host NEEDS,
            an_exec_by_a_thread: Host NEEDS,
            an_orphan: $place NEEDS,
            a_move: $place MOVE,
            the_table_is_proc: $place NEEDS,
            verify_agrees: $place NEEDS,
        )
    }};
    ($backend:ident, $module:literal, $($behaviour:ident: $place:ident $needs:ident),* $(,)?) => {
        vec![$(Case {
            module: concat!("live::backend::", $module),
            name: stringify!($behaviour),
            place: Place::$place,
            needs: $needs,
            run: || behaviour::$behaviour(&$backend),
        }),*]
    };
}

/// What a kernel version changes for the eBPF programs other tests show, and for /proc those of
/// `ps`.
pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        on!(BPF, "bpf", Host, [need::bpf]),
        on!(PERF, "perf", EveryKernel, [need::perf]),
        on!(PROC, "proc", Host, []),
        perf::cases(),
        perf_ends::cases(),
        perf_loss::cases(),
        proc::cases(),
    ];
    cases.into_iter().flatten().collect()
}

impl Backend {
    /// `observer events --json` by this source.
    pub(crate) fn observe(&self, events: &str) -> Observed {
        Observed::of(&mut self.command(events))
    }

    fn command(&self, events: &str) -> Command {
        bare_events(&["--json", "--backend", self.name, "-e", events])
    }

    fn options(&self) -> Options {
        Options { backend: self.kind, ..Options::for_a_table() }
    }

    /// What it declares, once it is open.
    fn facts(&self) -> EventFacts {
        source::open(&self.options()).expect("a source").source.facts()
    }
}

/// Whether a life of a moment has it.
fn known(surety: Surety) -> bool {
    surety != Surety::Never
}

/// As long as a source takes that lists /proc, three times over.
pub(crate) fn moment() -> Duration {
    Duration::from_millis(if in_guest() { 3000 } else { 400 })
}
