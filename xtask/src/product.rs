//! Building observer with cargo, and finding what cargo built.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Result;

use crate::{shell, workspace};

/// Builds the program as a user gets it and returns its path.
pub fn build_release() -> Result<PathBuf> {
    build_release_with(shell::cargo())
}

/// Builds the program with a cargo of the caller's choice.
pub fn build_release_with(cargo: Command) -> Result<PathBuf> {
    build(cargo, "release")
}

/// Builds the program so that it is there soon: the same features, less optimised.
pub fn build_quick() -> Result<PathBuf> {
    build(shell::cargo(), "quick")
}

fn build(mut cargo: Command, profile: &str) -> Result<PathBuf> {
    let target = workspace::target()?;
    cargo
        .args([
            "build",
            "--profile",
            profile,
            "--package",
            "process-observer",
            "--locked",
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(workspace::root()?)
        .stdin(Stdio::null());
    shell::run(&mut cargo)?;
    Ok(target.join(profile).join("observer"))
}

/// The path of the program of that kind and name in cargo's messages, one JSON object a line.
pub fn executable(messages: &str, kind: &str, name: &str) -> Option<PathBuf> {
    let kind = format!("\"kind\":[\"{kind}\"]");
    let name = format!("\"name\":\"{name}\"");
    let line = messages.lines().find(|line| {
        line.contains(&kind) && line.contains(&name) && line.contains("\"executable\":\"")
    })?;
    let (_, rest) = line.split_once("\"executable\":\"")?;
    let (path, _) = rest.split_once('"')?;
    Some(PathBuf::from(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_in_cargos_messages() {
        let messages = r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"observer"},"executable":null}
{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"observer"},"executable":"/t/observer","fresh":true}
{"reason":"compiler-artifact","target":{"kind":["test"],"name":"live"},"executable":"/t/live-1","fresh":true}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "test", "live"), Some("/t/live-1".into()));
        assert_eq!(executable(messages, "bin", "observer"), Some("/t/observer".into()));
        assert_eq!(executable(messages, "test", "other"), None);
    }
}
