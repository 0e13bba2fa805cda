//! `cargo xtask test`: the whole check, step by step, and one line that sums it up.

use std::env;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use clap::builder::PossibleValuesParser;

use crate::ebpf::{self, Rebuilt};
use crate::live::Length;
use crate::setup::{self, Level};
use crate::tally::Tally;
use crate::{html_check, left_behind, live, product, shell, vm, workspace};

/// Check everything: set-up, formatting, lints, the eBPF object, all tests, live ones included, and pages in a browser.
///
/// The live tests watch real processes and run as root, through `sudo` if need be. Those of them that
/// depend on the kernel then run on stock kernels in qemu as well. A step that fails does not stop the others. The last line says how
/// many tests passed, failed and were skipped; a step that failed otherwise counts as one failure.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Give the live tests five times as much to watch
    #[arg(long)]
    long: bool,
    /// Boot no guests
    #[arg(long)]
    no_vm: bool,
    /// Begin with that step; what it needs is built all the same
    #[arg(long, value_name = "STEP", value_parser = PossibleValuesParser::new(STEPS))]
    from: Option<String>,
}

/// In their order.
const STEPS: [&str; 16] = [
    "set-up",
    "formatting",
    "lints",
    "eBPF object",
    "plain build",
    "tests",
    "documentation tests",
    "feature sets",
    "documentation",
    "packages",
    "live test build",
    "live tests",
    "pages in a browser",
    "nothing left running",
    "guests",
    "no test left out",
];

/// What others build upon.
const BUILDS: [&str; 2] = ["plain build", "live test build"];

/// Tests of pure code are over in seconds.
const DEADLINE: Duration = Duration::from_mins(30);
/// The test program that wants root and is run by itself.
const LIVE: &str = "live";
/// The feature sets that a container engine or a library user may take.
const LADDER: [&[&str]; 5] = [
    &["--no-default-features"],
    &["--no-default-features", "--features", "perf"],
    &["--no-default-features", "--features", "perf,tokio"],
    &["--no-default-features", "--features", "ebpf"],
    &["--no-default-features", "--features", "ebpf,tokio"],
];
/// What a plain build may use; see [`plain_build`].
const PLAIN_PROGRAMS: [&str; 12] =
    ["cargo", "rustc", "rustdoc", "cc", "gcc", "ld", "as", "ar", "sh", "env", "git", "uname"];

pub(crate) fn test(options: &Options) -> ExitCode {
    let mut check = Check::start(options.from.as_deref());
    check.step("set-up", |_| setup::ensure(Level::Test));
    check.step("formatting", |_| formatting());
    check.step("lints", |_| lints());
    let rebuilt = check.step("eBPF object", |_| ebpf::rebuild_and_compare());
    let observer = check.step("plain build", |_| plain_build());
    check.step("tests", tests);
    check.step("documentation tests", documentation_tests);
    check.step("feature sets", |_| feature_sets());
    check.step("documentation", |_| documentation());
    check.step("packages", |_| packages());
    let programs = check.step("live test build", |_| live::build());
    if let (Some(observer), Some(programs)) = (&observer, &programs) {
        let length = if options.long { Length::Long } else { Length::Usual };
        let all =
            live::Run { tests: &programs.tests, observer, object: None, filter: None, length };
        check.step("live tests", |tally| all.run(tally));
        if let Some(Rebuilt::Differs(object)) = &rebuilt {
            let smoke = live::Run { object: Some(object), filter: Some("smoke"), ..all };
            check.step("live tests of the rebuilt object", |tally| smoke.run(tally));
        }
    }
    if let Some(observer) = &observer {
        check.step("pages in a browser", |tally| html_check::check_own(observer, tally));
    }
    check.step("nothing left running", |_| left_behind::check());
    if !options.no_vm {
        check.step("guests", vm::run_dependent);
    }
    if let (Some(programs), None, false) = (&programs, &options.from, options.no_vm) {
        let places = check.tally.clone();
        check.step("no test left out", |_| none_left_out(&programs.tests, &places));
    }
    check.end()
}

/// The steps so far.
#[derive(Debug)]
struct Check {
    start: Instant,
    /// The first step to run, while it is still to come.
    from: Option<String>,
    tally: Tally,
    failed: Vec<String>,
    /// Each step, and how long it took.
    took: Vec<(String, Duration)>,
}

impl Check {
    fn start(from: Option<&str>) -> Self {
        Self {
            start: Instant::now(),
            from: from.map(str::to_owned),
            tally: Tally::default(),
            failed: Vec::new(),
            took: Vec::new(),
        }
    }

    /// Runs one step and says how it went; `None` if it failed or was not asked for.
    fn step<T>(&mut self, name: &str, body: impl FnOnce(&mut Tally) -> Result<T>) -> Option<T> {
        self.from.take_if(|from| from == name);
        if self.from.is_some() && !BUILDS.contains(&name) {
            return None;
        }
        eprintln!("\n==> {name} (at {})", seconds(self.start.elapsed()));
        let start = Instant::now();
        let mut tally = Tally::default();
        let result = body(&mut tally);
        let took = start.elapsed();
        self.took.push((name.to_owned(), took));
        let took = seconds(took);
        if result.is_err() && tally.failed == 0 {
            tally.failed = 1;
        }
        self.tally += tally;
        match result {
            Ok(value) => {
                eprintln!("==> {name}: ok in {took}");
                Some(value)
            }
            Err(error) => {
                eprintln!("==> {name}: FAILED in {took}: {error:#}");
                self.failed.push(name.to_owned());
                None
            }
        }
    }

    /// The sum, alone on the last line.
    fn end(self) -> ExitCode {
        eprintln!();
        for reason in &self.tally.reasons {
            eprintln!("skipped: {reason}");
        }
        eprint!("{}", self.tally.places);
        for (name, took) in &self.took {
            eprintln!("{:>9}  {name}", seconds(*took));
        }
        eprintln!("{:>9}  in all", seconds(self.start.elapsed()));
        if !self.failed.is_empty() {
            eprintln!("failed: {}", self.failed.join(", "));
        }
        println!("{}", self.tally);
        if self.failed.is_empty() && self.tally.failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn formatting() -> Result<()> {
    let root = workspace::root()?;
    shell::run(shell::cargo().args(["fmt", "--all", "--check"]).current_dir(&root))?;
    let ebpf = root.join("observer-ebpf/Cargo.toml");
    let mut format = shell::cargo();
    format.args(["fmt", "--manifest-path"]).arg(ebpf).arg("--check").current_dir(&root);
    shell::run(&mut format)
}

fn lints() -> Result<()> {
    let mut clippy = cargo("clippy")?;
    clippy.args(["--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]);
    shell::run(&mut clippy)
}

/// Shows that stable Rust and a C linker are enough: nothing of the eBPF toolchain is on PATH.
fn plain_build() -> Result<PathBuf> {
    let folder = workspace::target_folder("plain-path")?;
    for name in PLAIN_PROGRAMS {
        link(name, &folder)?;
    }
    let mut cargo = Command::new(folder.join("cargo"));
    cargo.env("PATH", &folder);
    product::build_release_with(cargo)
}

fn tests(tally: &mut Tally) -> Result<()> {
    let mut command = cargo("test")?;
    command.args(["--workspace", "--all-features", "--no-fail-fast"]);
    command.args(["--lib", "--bins", "--examples"]);
    for name in test_targets()? {
        command.args(["--test", &name]);
    }
    counted(&mut command, tally)
}

fn documentation_tests(tally: &mut Tally) -> Result<()> {
    let mut command = cargo("test")?;
    command.args(["--workspace", "--all-features", "--no-fail-fast", "--doc"]);
    counted(&mut command, tally)
}

fn feature_sets() -> Result<()> {
    for features in LADDER {
        shell::run(cargo("check")?.args(["--package", "process-observer"]).args(features))?;
    }
    Ok(())
}

fn documentation() -> Result<()> {
    let mut command = cargo("doc")?;
    command.args(["--workspace", "--all-features", "--no-deps"]);
    shell::run(command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// Shows that the crates could be published. What is in them was compiled by the other steps, and may be
/// still uncommitted.
fn packages() -> Result<()> {
    let mut command = cargo("publish")?;
    command.args(["--workspace", "--dry-run", "--no-verify", "--allow-dirty"]);
    shell::run(&mut command)
}

/// Each live test ran somewhere, or said why it cannot.
fn none_left_out(tests: &Path, tally: &Tally) -> Result<()> {
    let known = live::names(tests)?;
    let excused = tally.excused();
    let mut missing = tally.places.missing(&known);
    missing.retain(|name| !excused.contains(name));
    if missing.is_empty() {
        return Ok(());
    }
    bail!("{} live tests ran nowhere: {}", missing.len(), missing.join(", "))
}

fn cargo(command: &str) -> Result<Command> {
    let mut cargo = shell::cargo();
    cargo.arg(command).arg("--locked").arg("--target-dir").arg(workspace::target()?);
    cargo.current_dir(workspace::root()?);
    Ok(cargo)
}

/// Shows what tests say, and counts.
fn counted(command: &mut Command, tally: &mut Tally) -> Result<()> {
    let status = shell::stream(command, DEADLINE, |line| {
        println!("{line}");
        tally.read(line);
    })?;
    shell::expect_success(command, status)
}

/// The integration tests of every crate, but for the live ones.
fn test_targets() -> Result<Vec<String>> {
    let root = workspace::root()?;
    let mut names = Vec::new();
    for package in ["observer", "observer-common", "xtask", "bench"] {
        let folder = root.join(package).join("tests");
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.with_context(|| format!("cannot read `{}`", folder.display()))?.path();
            names.extend(test_target(&path).filter(|name| name != LIVE));
        }
    }
    names.sort();
    Ok(names)
}

/// Cargo's rule: `tests/NAME.rs`, or `tests/NAME/main.rs`.
fn test_target(path: &Path) -> Option<String> {
    let is_target = path.extension().is_some_and(|extension| extension == "rs")
        || path.join("main.rs").is_file();
    is_target.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned()))?
}

/// Puts the program of that name into `folder`, if there is one: not every system has them all.
fn link(name: &str, folder: &Path) -> Result<()> {
    let beside_cargo = env::var_os("CARGO")
        .and_then(|cargo| Some(Path::new(&cargo).parent()?.join(name)))
        .filter(|program| shell::is_executable(program));
    let Some(program) = beside_cargo.or_else(|| shell::find_program(name)) else {
        return Ok(());
    };
    let link = folder.join(name);
    if link.is_symlink() {
        fs::remove_file(&link).with_context(|| format!("cannot remove `{}`", link.display()))?;
    }
    symlink(&program, &link).with_context(|| format!("cannot make `{}`", link.display()))
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_step_counts_once_and_is_named() {
        let mut check = Check::start(None);
        assert_eq!(
            check.step("good", |tally| {
                tally.passed = 2;
                Ok(7)
            }),
            Some(7)
        );
        assert!(check.step("bad", |_| -> Result<()> { bail!("no") }).is_none());
        let tests_failed = check.step("tests", |tally| -> Result<()> {
            tally.failed = 3;
            bail!("no")
        });
        assert!(tests_failed.is_none());
        assert_eq!(check.tally.to_string(), "2 passed, 4 failed, 0 skipped");
        assert_eq!(check.failed, ["bad", "tests"]);
    }

    #[test]
    fn the_check_begins_where_it_is_told_to_and_builds_what_that_needs() {
        let mut check = Check::start(Some("live tests"));
        let mut ran = Vec::new();
        for step in STEPS {
            check.step(step, |_| {
                ran.push(step);
                Ok(())
            });
        }
        let expected = ["plain build", "live test build", "live tests", "pages in a browser"];
        assert_eq!(ran[..4], expected);
        assert_eq!(check.took.len(), ran.len());
    }

    #[test]
    fn the_live_tests_are_no_ordinary_target() {
        let targets = test_targets().unwrap();
        assert!(!targets.contains(&"live".to_owned()), "{targets:?}");
        let live = workspace::root().unwrap().join("observer/tests/live");
        assert_eq!(test_target(&live), Some("live".to_owned()));
    }
}
