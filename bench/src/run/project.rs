//! What is built: busybox, with nothing in it.
//!
//! Plain C that needs no library, and the build system of Linux, which starts several processes for
//! each file: a shell, the compiler's stages, a program that notes what the file depends on. So
//! there are many a second, as a build can have, and yet all is compiled for real. Without any of
//! its commands what remains is about 200 files of its library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use xtask::shell;

use crate::sources;

/// The source package.
pub(crate) const PACKAGE: &str = "busybox";
/// What it is built with.
pub(crate) const BUILD: [&str; 2] = ["make", "-j2"];
const CONFIGURE: [&str; 2] = ["make", "allnoconfig"];

/// The project's sources in memory, ready for a build.
#[derive(Debug)]
pub(crate) struct Project {
    pristine: PathBuf,
    build: PathBuf,
}

impl Project {
    /// Unpacks it below `folder` and configures it.
    pub(crate) fn prepare(folder: &Path) -> Result<Self> {
        let (pristine, build) = (folder.join("pristine"), folder.join("build"));
        sources::unpack(PACKAGE, &pristine)?;
        let [make, target] = CONFIGURE;
        let mut configure = Command::new(make);
        configure.arg(target).current_dir(&pristine).stdin(Stdio::null());
        shell::capture(&mut configure).context("cannot configure the project")?;
        Ok(Self { pristine, build })
    }

    /// A folder for one build, always the same one, with nothing built in it yet.
    pub(crate) fn fresh(&self) -> Result<&Path> {
        if self.build.exists() {
            fs::remove_dir_all(&self.build).context("cannot remove the last build")?;
        }
        let mut copy = Command::new("cp");
        shell::run(copy.arg("--archive").args([&self.pristine, &self.build]))?;
        Ok(&self.build)
    }
}
