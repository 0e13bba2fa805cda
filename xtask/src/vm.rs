//! `cargo xtask vm`: runs the live tests on stock kernels, each in a guest of its own.

use std::path::Path;

use anyhow::{Result, bail};

use crate::guest::{self, Boot, Initramfs};
use crate::kernels::{self, Image};
use crate::live::Programs;
use crate::tally::Tally;
use crate::{shell, workspace};

/// The only machines there are guests for.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Tests that need a kernel in lockdown.
const LOCKDOWN: &str = "lockdown::";
/// Tests that need a container engine, which no guest has.
const DOCKER: &str = "docker::";
/// Tests beside bpftrace, which no guest has.
const BPFTRACE: &str = "trace::values::";
/// Tests beside lsns, which no guest has.
const LSNS: &str = "ns::lsns::";
/// Tests of runc and crun, which no guest has.
const RUNTIMES: &str = "run::spaces::runtime_";
/// Tests beside psgo, which have not been tried under emulation: only a filter runs them.
const PSGO: &str = "psgo::";

/// Run the live tests on stock Debian kernels in qemu.
///
/// Each kernel is booted twice: as it is, and with `lockdown=confidentiality` for the tests of
/// that. `backports` and `backports-rt` are the newest kernels of the distribution's backports. Kernels
/// are fetched once, into `target/kernels`. No rights are needed.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Versions such as `6.12`, `backports`, `backports-rt`, or `vmlinuz` files [default: all of
    /// 6.1 6.12 backports backports-rt]
    kernels: Vec<String>,
    /// Only tests with that in their name
    #[arg(long, value_name = "NAME")]
    filter: Option<String>,
    /// Factor on the counts of storms
    #[arg(long, value_name = "FACTOR", default_value = SCALE)]
    scale: String,
}

/// A guest has more to do with each process of a storm.
const SCALE: &str = "0.05";
/// Tests of what becomes of programs that the kernel preempts.
const SKIPPED: &str = "skipped::";

pub(crate) fn vm(options: &Options) -> Result<()> {
    let mut tally = Tally::default();
    let kernels: Vec<_> = if options.kernels.is_empty() {
        kernels::STOCK.iter().chain(&kernels::BACKPORTS).copied().collect()
    } else {
        options.kernels.iter().map(String::as_str).collect()
    };
    let boots = boots(options.filter.as_deref(), &options.scale);
    let result = run_matrix(&kernels, &boots, &mut tally);
    println!("{tally}");
    result
}

/// Runs the tests on every stock kernel, and on those of the backports what only they show. Adds what
/// they say to `tally`.
pub(crate) fn run_stock(tally: &mut Tally) -> Result<()> {
    let stock = run_matrix(&kernels::STOCK, &boots(None, SCALE), tally);
    let skipped = run_backports(tally);
    stock.and(skipped)
}

/// A suite that cannot be reached is said, and neither passed nor failed.
fn run_backports(tally: &mut Tally) -> Result<()> {
    let mut there = Vec::new();
    for kernel in kernels::BACKPORTS {
        match kernels::image(kernel) {
            Ok(_) => there.push(kernel),
            Err(error) => {
                tally.skipped += 1;
                tally.reasons.push(format!("kernel `{kernel}`: {error:#}"));
            }
        }
    }
    run_matrix(&there, &boots(Some(SKIPPED), SCALE), tally)
}

fn run_matrix(kernels: &[&str], boots: &[Boot], tally: &mut Tally) -> Result<()> {
    let programs = build_static()?;
    let boots = boots
        .iter()
        .map(|boot| Ok((Initramfs::pack(&programs, boot)?, boot)))
        .collect::<Result<Vec<_>>>()?;
    let mut failures = Vec::new();
    for kernel in kernels {
        let image = kernels::image(kernel)?;
        for (files, boot) in &boots {
            eprintln!("booting {}, {}", image.name, boot.name);
            if let Err(error) = guest::run(&image, files, boot, tally) {
                failures.push(failure(&image, boot, &error));
            }
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    bail!("{}", failures.join("; "))
}

fn failure(image: &Image, boot: &Boot, error: &anyhow::Error) -> String {
    format!("{}, {}: {error:#}", image.name, boot.name)
}

/// A guest has no libraries, so everything is linked in; in release mode, for qemu is slow.
fn build_static() -> Result<Programs> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        bail!("the guests run x86-64 only");
    }
    let mut cargo = shell::cargo();
    cargo
        .env("RUSTFLAGS", "-C target-feature=+crt-static")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("CARGO_PROFILE_RELEASE_STRIP", "symbols");
    let target: &Path = &workspace::target_folder("vm")?;
    Programs::build(&mut cargo, &["--release", "--target", TARGET], target)
}

/// The boots of every kernel; a filter leaves out the one that could not have such a test.
fn boots(filter: Option<&str>, scale: &str) -> Vec<Boot> {
    let about_lockdown = |filter: &str| filter.starts_with("lockdown");
    let mut boots = Vec::new();
    if !filter.is_some_and(about_lockdown) {
        let names = [DOCKER, LOCKDOWN, BPFTRACE, LSNS, RUNTIMES];
        let mut skips = names.map(|name| ["--skip", name]).concat();
        if filter.is_none() {
            skips.extend(["--skip", PSGO]);
        }
        boots.push(Boot {
            name: "plain",
            kernel_arguments: "",
            scale: scale.to_owned(),
            test_arguments: skips.into_iter().chain(filter).map(str::to_owned).collect(),
        });
    }
    if filter.is_none_or(about_lockdown) {
        boots.push(Boot {
            name: "lockdown",
            kernel_arguments: "lockdown=confidentiality",
            scale: scale.to_owned(),
            test_arguments: vec![filter.unwrap_or(LOCKDOWN).to_owned()],
        });
    }
    boots
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(filter: Option<&str>) -> Vec<&'static str> {
        boots(filter, SCALE).iter().map(|boot| boot.name).collect()
    }

    #[test]
    fn without_a_filter_there_are_both_boots() {
        assert_eq!(names(None), ["plain", "lockdown"]);
        let [plain, lockdown] = &boots(None, SCALE)[..] else { panic!("two boots") };
        let skips = [DOCKER, LOCKDOWN, BPFTRACE, LSNS, RUNTIMES, PSGO];
        assert_eq!(plain.test_arguments, skips.map(|skip| ["--skip", skip]).concat());
        assert_eq!(lockdown.test_arguments, ["lockdown::"]);
    }

    #[test]
    fn a_filter_picks_the_boot_that_has_the_test() {
        assert_eq!(names(Some("exec")), ["plain"]);
        assert_eq!(names(Some("lockdown::refusal")), ["lockdown"]);
        assert_eq!(boots(Some("exec"), SCALE)[0].test_arguments.last().unwrap(), "exec");
    }
}
