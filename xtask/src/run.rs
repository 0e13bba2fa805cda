//! `cargo xtask run`: builds the program as a user would and becomes it.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::machine::Rights;
use crate::{shell, workspace};

/// Build observer in release mode, with stable Rust only, and run it as root.
///
/// Everything after `run` is passed on as it stands. When you are not root, observer is started
/// through `sudo`, unless `OBSERVER_NO_SUDO` is set. Its exit status becomes ours.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Options {
    /// Arguments of observer, for example `events --json`
    #[arg(value_name = "ARGS", trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let program = build_release()?;
    let mut command = match Rights::detect() {
        Rights::Root | Rights::Unprivileged => Command::new(&program),
        Rights::Sudo => {
            let mut command = Command::new("sudo");
            command.arg(&program);
            command
        }
    };
    let error = command.args(&options.arguments).exec();
    Err(error).with_context(|| format!("cannot start {}", shell::describe(&command)))
}

/// Builds the release binary with what every user has and returns its path.
pub(crate) fn build_release() -> Result<PathBuf> {
    build_release_with(shell::cargo())
}

/// The same with a cargo of the caller's choice.
pub(crate) fn build_release_with(mut cargo: Command) -> Result<PathBuf> {
    let target = workspace::target()?;
    cargo
        .args(["build", "--release", "--package", "observer", "--locked", "--target-dir"])
        .arg(&target)
        .current_dir(workspace::root()?)
        .stdin(Stdio::null());
    shell::run(&mut cargo)?;
    Ok(target.join("release/observer"))
}
