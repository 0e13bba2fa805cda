//! The first command of somebody who has just cloned observer: how long it takes, and how large the
//! program is that they then install.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result};
use xtask::{shell, workspace};

use crate::aim::{self, Aim};
use crate::quiet::Patience;
use crate::stats::{float, median, megabytes, range};
use crate::{Extent, ready};

/// What is typed, but for `--json`, which lets us read that it is ready.
const COMMAND: [&str; 4] = ["xtask", "run", "events", "--json"];
const SECONDS_AT_MOST: f64 = 90.0;
const KIB_AT_MOST: f64 = 8e6 / 1024.0;

/// Measures, and writes what is said of it.
pub(crate) fn measure(observer: &Path, extent: Extent) -> Result<String> {
    let rounds = match extent {
        Extent::Quick => 1,
        Extent::Whole => 3,
    };
    let patience = Patience { tries: 2, ..Patience::of(extent) };
    let once = |_| patience.undisturbed(from_an_empty_clone);
    let times = (0..rounds).map(once).collect::<Result<Vec<_>>>()?;
    let size = observer.metadata().with_context(|| format!("no `{}`", observer.display()))?.len();
    write(&times, float(size) / 1024.0)
}

/// From the command to the line by which it says that it is ready.
fn from_an_empty_clone() -> Result<Duration> {
    let folder = tempfile::tempdir_in(workspace::target_folder("first")?)
        .context("cannot make a folder for a clone")?;
    let mut clone = Command::new("git");
    clone.args(["clone", "--quiet"]).arg(workspace::root()?).arg(folder.path());
    shell::run(&mut clone)?;
    shell::run(cargo_in(folder.path()).args(["fetch", "--quiet", "--locked"]))?;
    ready::time(cargo_in(folder.path()).args(COMMAND))
}

/// A cargo that knows of no build but that of `folder`.
fn cargo_in(folder: &Path) -> Command {
    let mut cargo = shell::cargo();
    cargo.current_dir(folder).stdin(Stdio::null());
    cargo.env_remove("CARGO_TARGET_DIR").env_remove("CARGO_MANIFEST_DIR");
    cargo
}

fn write(times: &[Duration], kib: f64) -> Result<String> {
    let seconds = || times.iter().map(Duration::as_secs_f64);
    let (middle, (least, most)) = (median(seconds()), range(seconds()));
    let aims = [
        Aim {
            what: "from an empty clone to `ready`".into(),
            bound: format!("at most {SECONDS_AT_MOST:.0} s"),
            measured: format!("{middle:.1} s"),
            met: middle <= SECONDS_AT_MOST,
        },
        Aim {
            what: "size of the program that `cargo build --release` makes".into(),
            bound: format!("at most {}", megabytes(KIB_AT_MOST)),
            measured: megabytes(kib),
            met: kib <= KIB_AT_MOST,
        },
    ];
    let mut part = String::new();
    aim::write(&mut part, &aims)?;
    let rounds = times.len();
    writeln!(
        part,
        "\n### From an empty clone\n\n`cargo {}` in {rounds} fresh clones: median {middle:.1} s, \
         least {least:.1} s, most {most:.1} s.\n",
        COMMAND.join(" ")
    )?;
    part.push_str(METHOD);
    Ok(part)
}

const METHOD: &str = "\
The clone has nothing built in it; the sources of the crates have been downloaded before. The time is
from the command to the line `ready`, and so for compiling all of it, which is done with the profile
`quick`, for loading the programs into the kernel and for attaching them. What others on the machine
disturbed is measured once more.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_aims_are_judged() {
        let verdicts = |seconds, kib| {
            let part = write(&[Duration::from_secs(seconds)], kib).unwrap();
            let rows = part.lines().filter(|line| line.contains("at most"));
            rows.map(|row| !row.contains("missed")).collect::<Vec<_>>()
        };
        assert_eq!(verdicts(90, KIB_AT_MOST), [true, true]);
        assert_eq!(verdicts(91, KIB_AT_MOST), [false, true]);
        assert_eq!(verdicts(90, KIB_AT_MOST + 1.0), [true, false]);
    }
}
