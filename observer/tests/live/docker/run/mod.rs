//! `observer run -- docker run …`: what it spawns, across the engine, and what it does not.

mod apart;
mod crowd;
mod oracle;
mod report;
mod stories;
mod terminal;

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use self::report::Report;
use crate::support::engine::{Engine, IMAGE};
use crate::support::harness::Case;
use crate::support::machine::patience;
use crate::support::program::{give_object, observer_with, output};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = stories::cases();
    cases.extend(apart::cases());
    cases.extend(crowd::cases());
    cases.extend(oracle::cases());
    cases.extend(terminal::cases());
    cases
}

/// A command under `observer run`, and where its report goes.
struct Observing<'a> {
    engine: &'a Engine,
    file: String,
    command: Command,
}

/// A command that has ended, and what was said of it.
struct Told {
    code: Option<i32>,
    out: String,
    errors: String,
    report: Report,
}

impl<'a> Observing<'a> {
    /// Of the engine's client with these arguments.
    fn client(engine: &'a Engine, name: &str, arguments: &[&str]) -> Self {
        Self::of(engine, name, &engine.client(arguments))
    }

    /// Of a shell that has the engine's client as `docker`.
    fn script(engine: &'a Engine, name: &str, script: &str) -> Self {
        let client = engine.client(&[]);
        let call = std::iter::once(client.get_program()).chain(client.get_args());
        let call: Vec<_> = call.map(|word| word.to_str().expect("UTF-8")).collect();
        let script = script.replace("docker ", &format!("{} ", call.join(" ")));
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &script]);
        for (name, value) in client.get_envs() {
            if let Some(value) = value {
                shell.env(name, value);
            }
        }
        Self::of(engine, name, &shell)
    }

    fn of(engine: &'a Engine, name: &str, observed: &Command) -> Self {
        let file = engine.place(&format!("{name}.json")).to_str().expect("UTF-8").to_owned();
        let mut command = observer_with(&["run", "--output", &file]);
        give_object(&mut command);
        command.arg("--").arg(observed.get_program()).args(observed.get_args());
        for (name, value) in observed.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.env("DOCKER_HOST", engine.address()).env_remove("XDG_RUNTIME_DIR");
        command.stdin(Stdio::null());
        Self { engine, file, command }
    }

    fn with(mut self, flags: &[&str]) -> Self {
        let mut command = Command::new(self.command.get_program());
        let mut arguments = self.command.get_args();
        command.args(arguments.next()).args(flags).args(arguments);
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null());
        self.command = command;
        self
    }

    fn told(mut self) -> Told {
        let (status, out, errors) = output(&mut self.command, patience(Duration::from_secs(30)));
        let log = || self.engine.log();
        let text = fs::read(&self.file)
            .unwrap_or_else(|error| panic!("no report: {error}, {errors}\n{}", log()));
        Told { code: status.code(), out, errors, report: Report::parse(&text) }
    }
}

/// Words of `docker run` that every container of the tests gets.
fn run<'a>(flags: &[&'a str], command: &[&'a str]) -> Vec<&'a str> {
    [&["run", "--network=none"], flags, &[IMAGE], command].concat()
}
