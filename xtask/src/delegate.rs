//! Which program has a command: `run` is here, so that it waits for nothing else to be compiled;
//! benchmarks are a package of their own, and all else is the program `checks`.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{run, shell};

/// Becomes what `cargo xtask WORDS` asks for. Returns only if it could not be started.
pub fn start(words: &[OsString]) -> Result<Infallible> {
    let mut command = match words {
        [first, arguments @ ..] if first == "run" => run::prepare(arguments)?,
        [] => program_with(OsStr::new("")),
        [first, ..] => {
            let mut command = program_with(first);
            command.args(words);
            command
        }
    };
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", shell::describe(&command)))
}

/// Builds and starts the program that has a command, which is still to be added with its arguments.
pub fn program_with(command: &OsStr) -> Command {
    let mut cargo = shell::cargo();
    cargo.args(["run", "--quiet", "--package"]);
    if command == "bench" {
        cargo.arg("observer-bench");
    } else {
        cargo.args(["xtask", "--features", "checks", "--bin", "checks"]);
    }
    cargo.arg("--");
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_command_is_looked_for_where_it_is() {
        let package = |command: &str| shell::describe(&program_with(OsStr::new(command)));
        assert!(package("bench").contains("--package observer-bench --"));
        for command in ["test", "--help", ""] {
            assert!(package(command).contains("--package xtask --features checks --bin checks --"));
        }
    }
}
