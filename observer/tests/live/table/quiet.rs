//! Later.
use crate::harness::Case;
pub(crate) fn cases() -> Vec<Case> {
    Vec::new()
}
pub(super) fn perform(_: usize) -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
