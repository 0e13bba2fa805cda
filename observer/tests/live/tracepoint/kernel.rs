//! What the kernel itself says of its tracepoints, read where nobody else sees the mount.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use super::heard;
use crate::support::act::say;
use crate::support::sys;

/// The names of all events that can be switched on.
pub(super) fn available() -> BTreeSet<String> {
    heard(&["available"]).lines().map(str::to_owned).collect()
}

pub(super) fn print_available() -> ExitCode {
    sys::private_mounts().expect("own mounts");
    // A machine may have it mounted.
    if !Path::new("/sys/kernel/tracing/events").exists() {
        sys::mount(c"none", c"/sys/kernel/tracing", Some(c"tracefs"), 0).expect("tracefs");
    }
    let path = "/sys/kernel/tracing/available_events";
    say(fs::read_to_string(path).expect("a list of events").trim_end());
    ExitCode::SUCCESS
}
