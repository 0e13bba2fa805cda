//! Debian packages: which version apt offers, and installing without starting their services.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::machine::{self, Rights};
use crate::shell;

/// How long to wait for another user of apt, in seconds.
const LOCK: &str = "DPkg::Lock::Timeout=300";
/// Asked by every package that wants to start a service.
const POLICY: &str = "/usr/sbin/policy-rc.d";
/// Tells our answer to it from an administrator's.
const OURS: &str = "# made by `cargo xtask setup` for as long as it runs";

/// Root's rights to install, on a machine with apt where nobody has to be asked in vain.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Installer(Rights);

impl Installer {
    /// `None` when the commands can only be printed.
    pub(crate) fn find() -> Option<Self> {
        let rights = Rights::detect();
        let may = match rights {
            Rights::Root => true,
            Rights::Sudo => machine::is_interactive(),
            Rights::Unprivileged => false,
        };
        (may && machine::has_apt()).then_some(Self(rights))
    }

    /// Reads anew what apt offers. A repository that does not answer is no reason to stop: the
    /// packages may come from another.
    pub(crate) fn update(self) {
        if let Err(error) = shell::run(self.apt().arg("update")) {
            eprintln!("going on without fresh package lists: {error:#}");
        }
    }

    /// Installs `packages` and nothing they only recommend. No service is started.
    pub(crate) fn install(self, packages: &[String]) -> Result<()> {
        let _refused = ServicesRefused::ask(self.0)?;
        shell::run(self.apt().args(["install", "--yes", "--no-install-recommends"]).args(packages))
    }

    fn apt(self) -> Command {
        let mut command = self.0.command("apt-get", &[("DEBIAN_FRONTEND", "noninteractive")]);
        command.args(["-q", "-o", LOCK]);
        command
    }
}

/// The commands that [`Installer`] would run, for a person to run.
pub(crate) fn commands(packages: &[String]) -> Vec<String> {
    let sudo = if Rights::detect() == Rights::Sudo { "sudo " } else { "" };
    vec![
        format!("{sudo}apt-get update"),
        format!("{sudo}apt-get install --no-install-recommends {}", packages.join(" ")),
    ]
}

/// Whether apt knows a package of that name.
pub(crate) fn is_offered(package: &str) -> bool {
    policy(package).is_some()
}

/// The package that the meta package `name` stands for now, and its version.
pub(crate) fn newest_behind(name: &str) -> Option<(String, String)> {
    let depends = shell::ask(Command::new("apt-cache").args(["depends", "--important", name]))?;
    let package = dependencies(&depends).next()?.to_owned();
    let version = policy(&package)?;
    Some((package, version))
}

/// The LLVM behind the distribution's compiler for BPF, before it is installed.
pub(crate) fn llvm_behind(package: &str) -> Option<u32> {
    let mut query = Command::new("apt-cache");
    query.args(["depends", "--recurse", "--important", package]);
    library_major(&shell::ask(&mut query)?, "libllvm")
}

/// Fetches one package's archive into `folder`; needs no rights.
pub(crate) fn download(package: &str, folder: &Path) -> Result<()> {
    if !machine::has_apt() {
        bail!("cannot fetch `{package}`: there is no apt here");
    }
    let mut command = Command::new("apt-get");
    command.args(["-q", "-o", "APT::Sandbox::User=", "download", package]).current_dir(folder);
    shell::run(&mut command)
}

/// While this lives, packages start no service.
struct ServicesRefused {
    ours: Option<Rights>,
}

impl ServicesRefused {
    /// A policy that is there already stays: it is the administrator's.
    fn ask(rights: Rights) -> Result<Self> {
        if fs::read_to_string(POLICY).is_ok_and(|text| !text.contains(OURS)) {
            return Ok(Self { ours: None });
        }
        let script = "printf %s \"$1\" > \"$2\" && chmod 755 \"$2\"";
        shell::run(rights.command("sh", &[]).args(["-c", script, "sh", &refusal(), POLICY]))?;
        Ok(Self { ours: Some(rights) })
    }
}

impl Drop for ServicesRefused {
    fn drop(&mut self) {
        let Some(rights) = self.ours else { return };
        if let Err(error) = shell::run(rights.command("rm", &[]).args(["-f", POLICY])) {
            eprintln!("remove `{POLICY}` by hand: {error:#}");
        }
    }
}

/// Refuses every service, and does so no longer once we are gone.
fn refusal() -> String {
    format!("#!/bin/sh\n{OURS}\n[ -d /proc/{} ] && exit 101\nexit 0\n", std::process::id())
}

fn policy(package: &str) -> Option<String> {
    let text = shell::ask(Command::new("apt-cache").args(["policy", package]))?;
    candidate(&text).map(str::to_owned)
}

/// The version in the answer of `apt-cache policy`.
pub(crate) fn candidate(policy: &str) -> Option<&str> {
    policy
        .lines()
        .find_map(|line| line.trim().strip_prefix("Candidate: "))
        .filter(|version| *version != "(none)")
}

/// The packages in the answer of `apt-cache depends`.
pub(crate) fn dependencies(depends: &str) -> impl Iterator<Item = &str> {
    depends.lines().filter_map(|line| line.trim().strip_prefix("Depends: "))
}

/// The number behind `stem` in the first package name that is `stem` and a number.
fn library_major(depends: &str, stem: &str) -> Option<u32> {
    depends.split_whitespace().find_map(|word| word.strip_prefix(stem)?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_candidate_is_read() {
        let known = "cpio:\n  Installed: (none)\n  Candidate: 2.13+dfsg-7.1\n  Version table:\n";
        assert_eq!(candidate(known), Some("2.13+dfsg-7.1"));
        assert_eq!(candidate("x:\n  Installed: (none)\n  Candidate: (none)\n"), None);
        assert_eq!(candidate(""), None);
    }

    #[test]
    fn the_package_behind_a_meta_package_is_read() {
        let depends = "linux-image-cloud-amd64\n  Depends: linux-image-6.1.0-56-cloud-amd64\n";
        let first = |depends| dependencies(depends).next();
        assert_eq!(first(depends), Some("linux-image-6.1.0-56-cloud-amd64"));
        assert_eq!(first("linux-image-cloud-amd64\n"), None);
    }

    #[test]
    fn the_llvm_behind_a_compiler_is_read() {
        let depends = "rustc-web\n  Depends: libstd-rust-web-dev\nlibstd-rust-web-1.96\n  \
            Depends: libllvm22\n  Depends: libllvm-fake\n";
        assert_eq!(library_major(depends, "libllvm"), Some(22));
        assert_eq!(library_major("rustc-web\n", "libllvm"), None);
    }
}
