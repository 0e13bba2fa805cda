//! The live table against oracles that are not the table: /proc, what a test has just started
//! itself, `wait4`.

mod act;
mod calls;
pub(crate) mod changes;
mod copy;
mod driver;
mod drop;
mod fold;
mod million;
mod orphans;
mod quiet;
mod repair;
mod scene;
mod seed;
mod shape;
mod tokens;
pub(crate) mod truth;
mod twice;
mod walk;
mod wrap;

pub(crate) use act::perform;

use observer::Monitor;

use crate::support::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
    let cases = [
        seed::cases(),
        million::cases(),
        repair::cases(),
        fold::cases(),
        tokens::cases(),
        orphans::cases(),
        shape::cases(),
        twice::cases(),
        wrap::cases(),
        quiet::cases(),
        driver::cases(),
        drop::cases(),
        walk::cases(),
    ];
    cases.into_iter().flatten().collect()
}

fn monitor() -> Monitor {
    Monitor::builder().start().expect("a monitor")
}
