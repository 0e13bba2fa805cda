//! The machine of the tests: what its kernel does, and how slow it is.

use std::env;
use std::fs;
use std::time::Duration;

/// Whether this is a guest of `cargo xtask vm`: slow, and nobody else's.
pub(crate) fn in_guest() -> bool {
    env::var_os("OBSERVER_GUEST").is_some()
}

/// A count of a storm, by the scale of this machine.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of some thousands"
)]
pub(crate) fn scaled(count: usize) -> usize {
    let scale = env::var("OBSERVER_SCALE")
        .map_or(1.0, |text| text.parse::<f64>().expect("OBSERVER_SCALE should be a number"));
    ((count as f64 * scale).ceil() as usize).max(1)
}

/// How long to wait for what should take `expected`: ten times that, and more where instructions
/// are emulated.
pub(crate) fn patience(expected: Duration) -> Duration {
    expected * if in_guest() { 100 } else { 10 }
}

/// The patience for one ordinary answer.
pub(crate) fn soon() -> Duration {
    patience(Duration::from_secs(2))
}

/// How far CPU time may differ: a clock tick of the slowest kind. Emulated ticks come late.
pub(crate) fn tick_ns() -> u64 {
    if in_guest() { 100_000_000 } else { 10_000_000 }
}

/// Whether this kernel preempts tracepoint programs: it may skip them, and they have second copies.
pub(crate) fn preempts() -> bool {
    const SINCE: u32 = 7;
    let names = nix::sys::utsname::uname().expect("a kernel");
    let release = names.release().to_string_lossy();
    let major = release.split('.').next().and_then(|major| major.parse().ok());
    major.is_some_and(|major: u32| major >= SINCE)
}

/// Whether kernel lockdown forbids reading kernel memory.
pub(crate) fn confidential() -> bool {
    fs::read_to_string("/sys/kernel/security/lockdown")
        .is_ok_and(|text| text.contains("[confidentiality]"))
}
