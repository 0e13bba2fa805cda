//! `cargo xtask vm`: runs the live tests on stock kernels, each in a guest of its own.

use std::path::Path;

use anyhow::{Result, bail};
use clap::builder::PossibleValuesParser;

use crate::guest::{self, Boot, Initramfs};
use crate::kernels::{self, Image};
use crate::live::Programs;
use crate::tally::Tally;
use crate::{kvm, shell, workspace};

/// The only machines there are guests for.
const TARGET: &str = "x86_64-unknown-linux-gnu";
/// Where tests say that they run: `observer/tests/live/place.rs` says what each word means.
const PLACES: [&str; 5] = ["host", "every-kernel", "preempting", "guest", LOCKDOWN];
/// The place that needs a boot of its own.
const LOCKDOWN: &str = "lockdown";
/// A guest has more to do with each process of a storm.
const SCALE: &str = "0.05";

/// Run the live tests on stock Debian kernels in qemu: all that a guest can run.
///
/// Each kernel is booted as it is, and once more with `lockdown=confidentiality` for the tests of
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
    /// Only tests of these places; `every-kernel` is what the check runs [default: all, but with a
    /// filter not `lockdown`]
    #[arg(long, value_name = "PLACE", value_delimiter = ',',
        value_parser = PossibleValuesParser::new(PLACES))]
    places: Vec<String>,
    /// Factor on the counts of storms
    #[arg(long, value_name = "FACTOR", default_value = SCALE)]
    scale: String,
}

/// A kernel, and what is to be run on it.
#[derive(Debug)]
struct Plan {
    kernel: String,
    boot: Boot,
    /// Whether it is no failure that the kernel cannot be had.
    may_be_missing: bool,
}

impl Plan {
    fn new(kernel: &str, places: &[&str]) -> Self {
        let boot = boot(places, None, SCALE);
        Self { kernel: kernel.to_owned(), boot, may_be_missing: false }
    }

    fn or_none(self) -> Self {
        Self { may_be_missing: true, ..self }
    }
}

pub(crate) fn vm(options: &Options) -> Result<()> {
    let mut tally = Tally::default();
    let result = run(&by_hand(options), &mut tally);
    print!("{}", tally.places);
    println!("{tally}");
    result
}

/// Runs what depends on the kernel. Adds what the tests say to `tally`.
pub(crate) fn run_dependent(tally: &mut Tally) -> Result<()> {
    run(&dependent(), tally)
}

/// Each kernel with what it may change; each condition that a guest can be in on one of them.
fn dependent() -> Vec<Plan> {
    let [oldest, newest] = kernels::STOCK;
    let [backported, real_time] = kernels::BACKPORTS;
    vec![
        Plan::new(oldest, &["every-kernel"]),
        Plan::new(newest, &["every-kernel", "guest"]),
        Plan::new(newest, &[LOCKDOWN]),
        Plan::new(backported, &["preempting"]).or_none(),
        Plan::new(real_time, &["preempting"]).or_none(),
    ]
}

fn by_hand(options: &Options) -> Vec<Plan> {
    let kernels: Vec<_> = if options.kernels.is_empty() {
        kernels::STOCK.iter().chain(&kernels::BACKPORTS).copied().collect()
    } else {
        options.kernels.iter().map(String::as_str).collect()
    };
    let filter = options.filter.as_deref();
    let asked: Vec<_> = match options.places.as_slice() {
        [] => PLACES.into_iter().filter(|place| filter.is_none() || *place != LOCKDOWN).collect(),
        places => places.iter().map(String::as_str).collect(),
    };
    let (locked, plain): (Vec<_>, Vec<_>) = asked.into_iter().partition(|place| *place == LOCKDOWN);
    let boots = [plain, locked].into_iter().filter(|places| !places.is_empty());
    let boots: Vec<_> = boots.map(|places| boot(&places, filter, &options.scale)).collect();
    let plan = |kernel: &str, boot: &Boot| Plan {
        kernel: kernel.to_owned(),
        boot: boot.clone(),
        may_be_missing: false,
    };
    kernels.iter().flat_map(|kernel| boots.iter().map(|boot| plan(kernel, boot))).collect()
}

fn boot(places: &[&str], filter: Option<&str>, scale: &str) -> Boot {
    let is_locked = places.contains(&LOCKDOWN);
    Boot {
        name: if is_locked { "in lockdown" } else { "as it is" },
        kernel_arguments: if is_locked { "lockdown=confidentiality" } else { "" },
        scale: scale.to_owned(),
        places: places.join(","),
        filter: filter.map(str::to_owned),
    }
}

fn run(plans: &[Plan], tally: &mut Tally) -> Result<()> {
    let programs = build_static()?;
    let mut accelerator = None;
    let mut failures = Vec::new();
    for plan in plans {
        let Plan { kernel, boot, may_be_missing } = plan;
        let image = match kernels::image(kernel) {
            Ok(image) => image,
            Err(error) if *may_be_missing => {
                tally.skipped += 1;
                tally.reasons.push(format!("kernel `{kernel}`: {error:#}"));
                continue;
            }
            Err(error) => return Err(error),
        };
        let accelerator = *accelerator.get_or_insert_with(|| kvm::accelerator(&image, &programs));
        let files = Initramfs::pack(&programs, boot)?;
        eprintln!("booting {}, {}", image.name, boot.name);
        if let Err(error) = guest::run(&image, &files, boot, accelerator, tally) {
            failures.push(failure(&image, boot, &error));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn boots(filter: Option<&str>, places: &[&str]) -> Vec<(&'static str, String)> {
        let options = Options {
            kernels: vec!["6.1".to_owned()],
            filter: filter.map(str::to_owned),
            places: places.iter().map(|&place| place.to_owned()).collect(),
            scale: SCALE.to_owned(),
        };
        let plans = by_hand(&options);
        plans.into_iter().map(|plan| (plan.boot.kernel_arguments, plan.boot.places)).collect()
    }

    const LOCKED: &str = "lockdown=confidentiality";

    #[test]
    fn by_hand_a_kernel_runs_all_places() {
        let plain = "host,every-kernel,preempting,guest".to_owned();
        let locked = (LOCKED, LOCKDOWN.to_owned());
        assert_eq!(boots(None, &[]), [("", plain.clone()), locked]);
        assert_eq!(boots(Some("exec"), &[]), [("", plain)]);
    }

    #[test]
    fn lockdown_has_a_boot_of_its_own() {
        let both = [("", "guest".to_owned()), (LOCKED, LOCKDOWN.to_owned())];
        assert_eq!(boots(Some("named"), &[LOCKDOWN]), both[1..]);
        assert_eq!(boots(None, &[LOCKDOWN, "guest"]), both);
    }

    #[test]
    fn the_check_boots_every_kernel_and_leaves_no_place_out() {
        let plans = dependent();
        for kernel in kernels::STOCK.iter().chain(&kernels::BACKPORTS) {
            assert!(plans.iter().any(|plan| plan.kernel == *kernel), "{kernel}");
        }
        let asked: Vec<_> = plans.iter().flat_map(|plan| plan.boot.places.split(',')).collect();
        for place in PLACES.iter().filter(|place| **place != "host") {
            assert!(asked.contains(place), "{place}");
        }
        assert!(!asked.contains(&"host"));
    }
}
