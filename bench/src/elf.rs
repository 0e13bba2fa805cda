//! Programs written by hand, for x86-64: loads made of them load no libraries and need no compiler.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result};

const HEADER: u16 = 64;
const SEGMENT: u16 = 56;
const BASE: u64 = 0x40_0000;

/// Writes a program that everyone may run.
pub(crate) fn install(path: &Path, program: &[u8]) -> Result<()> {
    fs::write(path, program)
        .and_then(|()| fs::set_permissions(path, fs::Permissions::from_mode(0o755)))
        .with_context(|| format!("cannot write `{}`", path.display()))
}

/// An ELF file of one header, one segment and these instructions.
pub(crate) fn file(code: &[u8]) -> Vec<u8> {
    let before_code = HEADER + SEGMENT;
    let size = u64::from(before_code) + code.len() as u64;
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
    file.extend(code);
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
    use super::*;

    #[test]
    fn the_headers_have_their_sizes() {
        assert_eq!(file(&[0; 7]).len(), 64 + 56 + 7);
    }
}
