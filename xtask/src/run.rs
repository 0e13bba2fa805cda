//! `cargo xtask run`: builds the program and becomes it, as root.

use std::ffi::OsString;
use std::process::Command;

use anyhow::Result;

use crate::machine::Rights;
use crate::product;

/// Builds observer, and returns the command that runs it with `arguments` as they stand.
pub(crate) fn prepare(arguments: &[OsString]) -> Result<Command> {
    let program = product::build_quick()?;
    let mut command = match Rights::detect() {
        Rights::Root | Rights::Unprivileged => Command::new(program),
        Rights::Sudo => {
            let mut command = Command::new("sudo");
            command.arg(program);
            command
        }
    };
    command.args(arguments);
    Ok(command)
}
