//! What this machine lets us do: whether we are root, can become root, and have apt.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal as _};
use std::process::Command;

use crate::shell;

/// How a command gets root's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rights {
    /// We are root already.
    Root,
    /// We are not, but `sudo` is there.
    Sudo,
    /// Neither.
    Unprivileged,
}

impl Rights {
    /// What this process has. `OBSERVER_NO_SUDO` in the environment rules `sudo` out.
    pub fn detect() -> Self {
        if is_root() {
            Self::Root
        } else if env::var_os("OBSERVER_NO_SUDO").is_none() && shell::find_program("sudo").is_some()
        {
            Self::Sudo
        } else {
            Self::Unprivileged
        }
    }

    /// `program` to be run with these rights and with `variables` in its environment.
    pub fn command(self, program: impl AsRef<OsStr>, variables: &[(&str, &str)]) -> Command {
        match self {
            Self::Root | Self::Unprivileged => {
                let mut command = Command::new(program);
                command.envs(variables.iter().copied());
                command
            }
            Self::Sudo => {
                let mut command = Command::new("sudo");
                command.args(["-E", "env"]);
                command.args(variables.iter().map(|(name, value)| format!("{name}={value}")));
                command.arg(program);
                command
            }
        }
    }
}

/// Whether packages come from apt here.
pub fn has_apt() -> bool {
    shell::find_program("apt-get").is_some() && shell::find_program("dpkg-deb").is_some()
}

/// Whether a person can be asked for a password.
pub fn is_interactive() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether this is a continuous integration run, where nothing may be left out.
pub fn is_ci() -> bool {
    env::var("CI").is_ok_and(|value| !matches!(value.as_str(), "" | "0" | "false"))
}

/// Whether we are root.
pub fn is_root() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| effective_uid(&status) == Some(0))
}

fn effective_uid(status: &str) -> Option<u32> {
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_uid_is_the_second_number() {
        let status = "Name:\tx\nUid:\t1000\t0\t1000\t1000\nGid:\t5\t5\t5\t5\n";
        assert_eq!(effective_uid(status), Some(0));
        assert_eq!(effective_uid("Name:\tx\n"), None);
    }

    #[test]
    fn sudo_passes_the_variables_on() {
        let command = Rights::Sudo.command("/bin/live", &[("A", "b c")]);
        let words: Vec<_> = command.get_args().collect();
        assert_eq!(words, ["-E", "env", "A=b c", "/bin/live"]);
    }
}
