//! Programs that want tracefs where it is usually mounted.

use std::ffi::OsStr;
use std::process::{Command, Stdio};

/// Where it is not there yet, the mount is seen by the program alone, and goes with it.
const MOUNT: &str = r#"
test -d /sys/kernel/tracing/events || mount -t tracefs tracefs /sys/kernel/tracing || exit
exec "$@""#;

/// A command that becomes `words`, with tracefs.
pub(crate) fn command(words: &[impl AsRef<OsStr>]) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", MOUNT, "sh"]).args(words).stdin(Stdio::null());
    command
}
