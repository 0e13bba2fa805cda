//! `observer run`: the command notices nothing, whoever waits for it gets its exit status, and the
//! report has everything that it caused and nothing else.
//!
//! | file | its job |
//! | --- | --- |
//! | `act` | what is run: a storm that keeps its own log |
//! | `command`, `document` | the program, started; its report, read |
//! | `status`, `refusals` | exit codes |
//! | `streams`, `inherited`, `terminal`, `signals` | what a command has as if it ran alone |
//! | `following` | until when |
//! | `destinations` | where the report goes |
//! | `tree`, `storm`, `spaces` | what is in it |

pub(crate) mod act;
mod command;
mod destinations;
mod document;
mod following;
mod inherited;
mod refusals;
mod signals;
mod spaces;
mod status;
mod storm;
mod streams;
mod terminal;
mod tree;

pub(crate) use act::perform;

use crate::support::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        status::cases(),
        refusals::cases(),
        streams::cases(),
        inherited::cases(),
        terminal::cases(),
        signals::cases(),
        following::cases(),
        destinations::cases(),
        tree::cases(),
        storm::cases(),
        spaces::cases(),
    ];
    cases.into_iter().flatten().collect()
}
