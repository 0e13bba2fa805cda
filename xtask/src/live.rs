//! The live tests: a program of their own that watches real processes, and so wants root.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::machine::{self, Rights};
use crate::tally::Tally;
use crate::{left_behind, peers, product, shell, workspace};

/// How much larger the storms of a long run are.
const LONG_SCALE: &str = "5";
const DEADLINE: Duration = Duration::from_mins(25);
const DEADLINE_LONG: Duration = Duration::from_hours(2);

/// Run the live tests on this machine, as root: those of a name, in seconds, or all.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only tests with that in their name
    filter: Option<String>,
    /// Give them five times as much to watch
    #[arg(long)]
    long: bool,
}

/// Builds them as the check does, and so nothing twice.
pub(crate) fn live(options: &Options) -> Result<()> {
    let programs = build()?;
    let mut tally = Tally::default();
    let run = Run {
        tests: &programs.tests,
        observer: &programs.observer,
        object: None,
        filter: options.filter.as_deref(),
        length: if options.long { Length::Long } else { Length::Usual },
    };
    let result = run.run(&mut tally);
    println!("{tally}");
    result
}

/// The live tests and the program, with the features of the other tests.
pub(crate) fn build() -> Result<Programs> {
    Programs::build(&mut shell::cargo(), &["--all-features"], &workspace::target()?)
}

/// How much the live tests shall do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    Usual,
    Long,
}

/// What one run of the live tests is to watch, and with what.
#[derive(Debug)]
pub(crate) struct Run<'a> {
    pub(crate) tests: &'a Path,
    pub(crate) observer: &'a Path,
    /// Instead of the object inside `observer`.
    pub(crate) object: Option<&'a Path>,
    pub(crate) filter: Option<&'a str>,
    pub(crate) length: Length,
}

impl Run<'_> {
    /// Runs them as root and adds what they say to `tally`.
    pub(crate) fn run(&self, tally: &mut Tally) -> Result<()> {
        let mut variables = vec![
            (left_behind::MARK, left_behind::mark()),
            ("OBSERVER_BIN", text(self.observer)?.to_owned()),
        ];
        if let Some(object) = self.object {
            variables.push(("OBSERVER_BPF_OBJECT", text(object)?.to_owned()));
        }
        if let Some(psgo) = peers::psgo()? {
            variables.push(("OBSERVER_PSGO", text(&psgo)?.to_owned()));
        }
        if self.length == Length::Long {
            variables.push(("OBSERVER_SCALE", LONG_SCALE.to_owned()));
        }
        if machine::is_ci() {
            variables.push(("CI", "true".to_owned()));
        }
        let variables: Vec<_> =
            variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        // The reasons of skipped tests come on the standard error, at their place.
        let mut command = Rights::detect().command("sh", &variables);
        command.args(["-c", "exec \"$0\" \"$@\" 2>&1"]).arg(self.tests).args(self.filter);
        command.current_dir(workspace::root()?.join("observer"));
        let mut here = Tally::default();
        let deadline = match self.length {
            Length::Usual => DEADLINE,
            Length::Long => DEADLINE_LONG,
        };
        let status = shell::stream(&mut command, deadline, |line| {
            println!("{line}");
            here.read(line);
        });
        let verdict = judge(&here);
        here.ran_at("this machine");
        *tally += here;
        shell::expect_success(&command, status?)?;
        verdict
    }
}

/// Where cargo put the programs of one build of the live tests.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) tests: PathBuf,
    pub(crate) observer: PathBuf,
}

impl Programs {
    /// Has `cargo`, which is told nothing yet but its settings, build the live tests, and with
    /// them the program they test.
    pub(crate) fn build(cargo: &mut Command, options: &[&str], target: &Path) -> Result<Self> {
        cargo
            .args([
                "test",
                "--no-run",
                "--package",
                "process-observer",
                "--test",
                "live",
                "--locked",
            ])
            .args(["--message-format", "json-render-diagnostics"])
            .args(options)
            .arg("--target-dir")
            .arg(target)
            .current_dir(workspace::root()?);
        let messages = shell::capture(cargo)?;
        let find = |kind, name| {
            product::executable(&messages, kind, name)
                .with_context(|| format!("cargo built no {kind} `{name}` of package `observer`"))
        };
        Ok(Self { tests: find("test", "live")?, observer: find("bin", "observer")? })
    }
}

/// The names of all live tests, wherever they run.
pub(crate) fn names(tests: &Path) -> Result<BTreeSet<String>> {
    let list = shell::capture(Command::new(tests).arg("--list"))?;
    let names = list.lines().filter_map(|line| line.strip_suffix(": test"));
    Ok(names.map(str::to_owned).collect())
}

/// A run that ends well may still have done nothing.
pub(crate) fn judge(tally: &Tally) -> Result<()> {
    if tally.total() == 0 {
        bail!("no live test ran");
    }
    if machine::is_ci() && tally.skipped > 0 {
        bail!("{} live tests were skipped, which none may be when `CI` is set", tally.skipped);
    }
    Ok(())
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().with_context(|| format!("`{}` is not UTF-8", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_tests_is_no_success() {
        assert!(judge(&Tally::default()).is_err());
        assert!(judge(&Tally { passed: 1, ..Tally::default() }).is_ok());
    }
}
