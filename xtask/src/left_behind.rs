//! Finds processes that tests started and did not end.
//!
//! Everything the live tests start inherits one variable of our making; whoever still has it when
//! they are done was left behind. Processes whose environment we may not read are not seen.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::shell;

/// The variable; its value is ours alone.
pub(crate) const MARK: &str = "OBSERVER_TEST_RUN";

/// The value of [`MARK`] in this run.
pub(crate) fn mark() -> String {
    format!("xtask-{}", std::process::id())
}

/// Kills what was left behind, and fails if there was any.
pub(crate) fn check() -> Result<()> {
    let mark = format!("{MARK}={}", mark());
    let mut names = Vec::new();
    for pid in processes().filter(|pid| carries(pid, mark.as_bytes())) {
        names.push(format!("{pid} `{}`", command_line(&pid)));
        shell::run(Command::new("sh").args(["-c", "kill -9 \"$1\" || true", "sh", &pid]))?;
    }
    if names.is_empty() {
        return Ok(());
    }
    bail!("the tests left running: {}", names.join(", "))
}

fn processes() -> impl Iterator<Item = String> {
    let entries = fs::read_dir("/proc").into_iter().flatten();
    entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
}

fn carries(pid: &str, variable: &[u8]) -> bool {
    fs::read(Path::new("/proc").join(pid).join("environ"))
        .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == variable))
}

fn command_line(pid: &str) -> String {
    let words = fs::read(Path::new("/proc").join(pid).join("cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&words).replace('\0', " ");
    text.trim().escape_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_process_is_found_and_ended() {
        let mut child = Command::new("sleep").arg("60").env(MARK, mark()).spawn().unwrap();
        // A program's environment appears a moment after its start.
        while !carries(&child.id().to_string(), format!("{MARK}={}", mark()).as_bytes()) {
            std::thread::yield_now();
        }
        let error = check().unwrap_err().to_string();
        assert!(error.contains(&format!("{} `sleep 60`", child.id())), "{error}");
        assert!(!child.wait().unwrap().success());
        check().unwrap();
    }
}
