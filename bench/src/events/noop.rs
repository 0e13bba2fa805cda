//! The program of the storm: one that does nothing, as briefly as a program can.
//!
//! On x86-64 it is written by hand, since what it would spend on loading libraries would hide what
//! observing it costs. Elsewhere busybox plays it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use xtask::shell;

use crate::elf;

/// Its file name, and so its `comm`: what tells its events from those of others.
pub(crate) const NAME: &str = "bench-noop";

/// The program in a folder of its own, which goes with it.
pub(crate) struct Noop {
    path: PathBuf,
    _folder: TempDir,
}

impl Noop {
    pub(crate) fn make() -> Result<Self> {
        let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
        let path = folder.path().join(NAME);
        let program = if cfg!(target_arch = "x86_64") { elf::file(&CODE) } else { busybox()? };
        elf::install(&path, &program)?;
        Ok(Self { path, _folder: folder })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

/// Started as `true` it does nothing, whatever its file is called.
fn busybox() -> Result<Vec<u8>> {
    let path = shell::find_program("busybox").context("there is no `busybox`")?;
    fs::read(&path).with_context(|| format!("cannot read `{}`", path.display()))
}

/// xor edi, edi; push 60; pop rax; syscall: `exit(0)`.
const CODE: [u8; 7] = [0x31, 0xff, 0x6a, 0x3c, 0x58, 0x0f, 0x05];

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn it_ends_well() {
        if cfg!(target_arch = "x86_64") {
            let noop = Noop::make().unwrap();
            assert!(Command::new(noop.path()).status().unwrap().success());
        }
    }
}
