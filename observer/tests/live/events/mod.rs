//! `observer events`, and the library's stream of the same, against the spawner's own log, `wait4` and
//! /proc.
//!
//! | file | its job |
//! | --- | --- |
//! | `smoke` | a few processes, told whole |
//! | `storm`, `threads`, `shapes`, `death`, `accounting` | who lives and dies in whatever way |
//! | `argv` | arguments of every size |
//! | `cgroup`, `spaces`, `namespace_events` | where a process is, and where it moves |
//! | `requests` | what a container's client asks of its engine |
//! | `loss`, `skipped` | what is missing is told |
//! | `reader`, `output`, `filters` | the command line, and whoever reads what it prints |
//! | `errors`, `lockdown` | who may not, and what is said then |
//! | `killed` | a start that is killed leaves nothing behind |
//! | `library` | the stream for programs |

mod accounting;
mod argv;
pub(crate) mod cgroup;
mod death;
mod errors;
mod filters;
mod killed;
mod library;
mod lockdown;
mod loss;
pub(crate) mod namespace_events;
mod output;
mod reader;
pub(crate) mod requests;
mod shapes;
mod skipped;
mod smoke;
mod spaces;
pub(crate) mod storm;
mod threads;

use crate::support::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
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
        requests::cases(),
        cgroup::cases(),
        loss::cases(),
        reader::cases(),
        output::cases(),
        filters::cases(),
        errors::cases(),
        library::cases(),
        killed::cases(),
        lockdown::cases(),
    ];
    cases.into_iter().flatten().collect()
}
