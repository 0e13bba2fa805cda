//! The sources below eBPF: each tells what it declares, and no less.

pub(crate) mod act;
mod perf;
mod perf_ends;
mod perf_loss;

use crate::harness::Case;

pub(crate) fn cases() -> Vec<Case> {
    [perf::cases(), perf_ends::cases(), perf_loss::cases()].into_iter().flatten().collect()
}
