//! Programs that want tracefs where it is usually mounted.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

use super::program;

/// Where it is not there yet, the mount is seen by the program alone, and goes with it.
const MOUNT: &str = r#"
test -d /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing || exit
exec "$@""#;

/// A command that becomes `words`, with tracefs, and does not outlive us.
pub(crate) fn command(words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = program::leashed(&["unshare", "--mount", "sh", "-c", MOUNT, "sh"]);
    command.args(words).stdin(Stdio::null());
    command
}
