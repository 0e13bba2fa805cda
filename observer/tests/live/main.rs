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
//! | `OBSERVER_PLACES` | the places of which the tests run, see `support/place.rs`; else all that fit here |
//! | `CI` | `true` or `1`: a test that cannot run fails instead of being skipped |

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test that meets the unexpected stops and says so"
)]

mod backend;
mod docker;
mod doctor;
mod events;
mod ns;
mod ps;
mod psgo;
mod run;
mod support;
mod table;
mod trace;
mod tracepoint;
mod verify;

use std::process::ExitCode;

use support::{act, caller, harness};

fn main() -> ExitCode {
    if let Some(act) = act::asked() {
        return act::perform(&act);
    }
    caller::forget();
    let cases = [
        events::cases(),
        docker::cases(),
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
