//! Black-box tests of `observer events`, `observer ps`, `observer ns`, `observer trace` and
//! `observer run` against a running kernel.
//!
//! They drive the real program and compare with oracles that are not the program: the spawner's
//! own log, `wait4`'s status and resource usage, /proc. The whole machine is in view, so nothing
//! here assumes silence: events are picked by identity or by an argument that only one test uses.
//!
//! The same file is its own child (`--act NAME ARGS…`), so that it runs in a guest as it stands.
//!
//! | variable | meaning |
//! | --- | --- |
//! | `OBSERVER_BIN` | the program under test, else the one cargo built |
//! | `OBSERVER_BPF_OBJECT` | passed on as `--bpf-object` |
//! | `OBSERVER_PSGO` | the psgo to compare with |
//! | `OBSERVER_SCALE` | factor on the counts of storms |
//! | `OBSERVER_GUEST` | set in an emulated guest: more patience |
//! | `OBSERVER_PLACES` | the places of which the tests run, see `place.rs`; else all that fit here |
//! | `CI` | `true` or `1`: a test that cannot run fails instead of being skipped |

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that meets the unexpected stops and says so"
)]

mod accounting;
mod act;
mod argv;
mod backend;
mod cgroup;
mod child;
mod death;
mod docker;
mod doctor;
mod engine;
mod errors;
mod event;
mod filters;
mod harness;
mod library;
mod lockdown;
mod loss;
mod namespace_events;
mod ns;
mod ns_follow;
mod observed;
mod output;
mod place;
mod ps;
mod psgo;
mod reader;
mod requests;
mod run;
mod shapes;
mod skipped;
mod smoke;
mod spaces;
mod storm;
mod sys;
mod table;
mod threads;
mod trace;
mod tracepoint;
mod verify;
mod walk;

use std::process::ExitCode;

fn main() -> ExitCode {
    if let Some(act) = act::asked() {
        return act::perform(&act);
    }
    let cases = [
        smoke::cases(),
        storm::cases(),
        skipped::cases(),
        argv::cases(),
        shapes::cases(),
        threads::cases(),
        accounting::cases(),
        death::cases(),
        spaces::cases(),
        namespace_events::cases(),
        ns_follow::cases(),
        requests::cases(),
        cgroup::cases(),
        loss::cases(),
        reader::cases(),
        output::cases(),
        filters::cases(),
        errors::cases(),
        library::cases(),
        docker::cases(),
        lockdown::cases(),
        walk::cases(),
        verify::cases(),
        backend::cases(),
        doctor::cases(),
        table::cases(),
        trace::cases(),
        tracepoint::cases(),
        ps::cases(),
        psgo::cases(),
        ns::cases(),
        run::cases(),
    ];
    let cases: Vec<_> = cases.into_iter().flatten().collect();
    harness::run(&cases)
}
