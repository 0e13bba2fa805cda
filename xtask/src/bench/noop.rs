//! The program of the storm: one that does nothing, as briefly as a program can.
//!
//! On x86-64 it is written by hand, since what it would spend on loading libraries would hide what
//! observing it costs. Elsewhere busybox plays it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use crate::shell;

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
        let program = if cfg!(target_arch = "x86_64") { elf_that_exits() } else { busybox()? };
        fs::write(&path, program)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
            .with_context(|| format!("cannot write `{}`", path.display()))?;
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

const HEADER: u16 = 64;
const SEGMENT: u16 = 56;
/// xor edi, edi; push 60; pop rax; syscall: `exit(0)`.
const CODE: [u8; 7] = [0x31, 0xff, 0x6a, 0x3c, 0x58, 0x0f, 0x05];
const BASE: u64 = 0x40_0000;

/// An ELF file of one header, one segment and one system call.
fn elf_that_exits() -> Vec<u8> {
    let before_code = HEADER + SEGMENT;
    let size = u64::from(before_code) + CODE.len() as u64;
    let mut file = Vec::new();
    file.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    // ET_EXEC, x86-64, version, entry, segments' place, no sections, flags, sizes and counts.
    halves(&mut file, &[2, 62]);
    words(&mut file, &[1]);
    longs(&mut file, &[BASE + u64::from(before_code), u64::from(HEADER), 0]);
    words(&mut file, &[0]);
    halves(&mut file, &[HEADER, SEGMENT, 1, 0, 0, 0]);
    // PT_LOAD, read and execute; offset, addresses, sizes, alignment.
    words(&mut file, &[1, 5]);
    longs(&mut file, &[0, BASE, BASE, size, size, 0x1000]);
    file.extend(CODE);
    file
}

fn halves(file: &mut Vec<u8>, values: &[u16]) {
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn words(file: &mut Vec<u8>, values: &[u32]) {
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn longs(file: &mut Vec<u8>, values: &[u64]) {
    file.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn the_headers_have_their_sizes() {
        assert_eq!(elf_that_exits().len(), 64 + 56 + 7);
    }

    #[test]
    fn it_ends_well() {
        if cfg!(target_arch = "x86_64") {
            let noop = Noop::make().unwrap();
            assert!(Command::new(noop.path()).status().unwrap().success());
        }
    }
}
