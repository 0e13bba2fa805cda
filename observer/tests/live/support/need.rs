//! What tests need of the machine, but for what only those of one file do.
//!
//! A need that no guest can meet says so: nothing else has to know what guests lack.

use std::path::Path;

use crate::support::machine::{confidential, in_guest};

/// What keeps a test from running.
#[derive(Debug)]
pub(crate) enum Lack {
    /// Something is not here that may be elsewhere.
    Here(String),
    /// No guest has it, by design.
    InGuests,
}

impl From<&str> for Lack {
    fn from(reason: &str) -> Self {
        Self::Here(reason.to_owned())
    }
}

impl From<String> for Lack {
    fn from(reason: String) -> Self {
        Self::Here(reason)
    }
}

/// Says what a test lacks, if it lacks anything.
pub(crate) type Need = fn() -> Option<Lack>;

/// A need that only the host can meet: no guest is looked at.
pub(crate) fn on_the_host(lack: impl FnOnce() -> Option<String>) -> Option<Lack> {
    if in_guest() { Some(Lack::InGuests) } else { lack().map(Lack::Here) }
}

pub(crate) fn root() -> Option<Lack> {
    let root = nix::unistd::geteuid().is_root();
    (!root).then(|| "not root".into())
}

pub(crate) fn btf() -> Option<Lack> {
    let there = Path::new("/sys/kernel/btf/vmlinux").exists();
    (!there).then(|| "the kernel has no BTF".into())
}

pub(crate) fn unlocked() -> Option<Lack> {
    confidential().then(|| "kernel lockdown is confidentiality".into())
}

pub(crate) fn locked() -> Option<Lack> {
    (!confidential()).then(|| "kernel lockdown is not confidentiality".into())
}

/// What tracepoints need that are read by perf.
pub(crate) fn perf() -> Option<Lack> {
    root().or_else(unlocked)
}

/// What the eBPF programs need.
pub(crate) fn bpf() -> Option<Lack> {
    perf().or_else(btf)
}
