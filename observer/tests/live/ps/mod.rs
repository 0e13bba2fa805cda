//! `observer ps` against oracles that are not the program: ps(1), /proc, the `procfs` crate, what
//! a test has just started itself.

mod act;
mod bytes;
pub(crate) mod calls;
pub(crate) mod churn;
mod cli;
mod contained;
mod every;
pub(crate) mod hidden;
mod hostile;
mod json;
mod limits;
mod oracle;
mod replaced;
pub(crate) mod scene;
mod select;
pub(crate) mod snapshot;
mod special;
pub(crate) mod truth;
pub(crate) mod width;

pub(crate) use act::perform;

use crate::support::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        cli::cases(),
        select::cases(),
        every::cases(),
        width::cases(),
        json::cases(),
        oracle::cases(),
        churn::cases(),
        bytes::cases(),
        special::cases(),
        replaced::cases(),
        hidden::cases(),
        limits::cases(),
        hostile::cases(),
    ];
    cases.into_iter().flatten().collect()
}
