//! Headless Chromium: opens a page and says what became of it.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::machine::is_root;
use crate::shell;

/// Debian's small one, which `cargo xtask setup test` installs, and the whole browser.
const PROGRAMS: [&str; 4] =
    ["chromium-headless-shell", "chrome-headless-shell", "chromium", "google-chrome"];
/// A page takes a fraction of a second.
const DEADLINE: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct Browser {
    program: PathBuf,
}

impl Browser {
    pub(crate) fn find() -> Result<Self> {
        let program = PROGRAMS.iter().find_map(|name| shell::find_program(name));
        let program = program.context("no headless Chromium: run `cargo xtask setup test`")?;
        Ok(Self { program })
    }

    /// The page as it stands once it is loaded.
    pub(crate) fn dump(&self, page: &Path) -> Result<String> {
        let page = page.canonicalize().with_context(|| cannot_open(page))?;
        let home = tempfile::tempdir().context("cannot make a folder for the browser")?;
        let said = home.path().join("stderr");
        let errors = File::create(&said).context("cannot make a file for the browser")?;
        let mut command = Command::new(&self.program);
        command.env("HOME", home.path()).stderr(errors);
        command.args(["--headless", "--disable-gpu", "--no-first-run", "--disable-extensions"]);
        command.args(["--host-resolver-rules=MAP * ~NOTFOUND", "--dump-dom"]);
        command.arg(format!("--user-data-dir={}", home.path().join("profile").display()));
        if is_root() {
            // Its sandbox is built of user namespaces, and refuses to be root's.
            command.arg("--no-sandbox");
        }
        command.arg(address(&page));
        let mut dump = String::new();
        let status = shell::stream(&mut command, DEADLINE, |line| {
            dump.push_str(line);
            dump.push('\n');
        });
        status.and_then(|status| shell::expect_success(&command, status)).with_context(|| {
            let said = fs::read(&said).unwrap_or_default();
            format!("the browser said: {}", String::from_utf8_lossy(&said).trim())
        })?;
        Ok(dump)
    }
}

fn cannot_open(page: &Path) -> String {
    format!("cannot open `{}`", page.display())
}

fn address(path: &Path) -> String {
    let mut address = "file://".to_owned();
    for byte in path.as_os_str().as_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.".contains(byte) {
            address.push(char::from(*byte));
        } else {
            let _infallible = write!(address, "%{byte:02X}");
        }
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_has_an_address() {
        assert_eq!(address(Path::new("/tmp/a b#1.html")), "file:///tmp/a%20b%231.html");
    }
}
