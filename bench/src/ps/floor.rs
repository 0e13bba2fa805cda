//! The least that reading processes from /proc can take: plain reads on one thread.
//!
//! Nothing is parsed and nothing printed; /proc is listed beforehand.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Read as _;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use crate::stats::float;

/// What most columns are made of.
const FILES: [&str; 3] = ["stat", "status", "cmdline"];

/// Opens, reads and closes these files of every process once: microseconds a process.
pub(crate) fn measure() -> Result<f64> {
    let proc = File::open("/proc").context("cannot open `/proc`")?;
    let paths = paths()?;
    let mut buffer = vec![0; 1 << 16];
    let begin = Instant::now();
    for path in &paths {
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        match openat(&proc, path.as_c_str(), flags, Mode::empty()) {
            Ok(file) => read_once(file.into(), &mut buffer),
            Err(Errno::ENOENT) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot open {path:?}")),
        }
    }
    let time = begin.elapsed();
    let processes = paths.len() / FILES.len();
    ensure!(processes > 0, "there are no processes in `/proc`");
    Ok(time.as_secs_f64() * 1e6 / float(processes as u64))
}

/// A process may go at any moment: what it can be read of then does not matter here.
fn read_once(mut file: File, buffer: &mut [u8]) {
    let _length = file.read(buffer);
}

fn paths() -> Result<Vec<CString>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list `/proc`")? {
        let name = entry.context("cannot list `/proc`")?.file_name();
        let name = name.to_string_lossy();
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            for file in FILES {
                paths.push(CString::new(format!("{name}/{file}"))?);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_takes_some_time() {
        let us = paths().unwrap();
        let own = CString::new(format!("{}/status", std::process::id())).unwrap();
        assert!(us.contains(&own));
        assert!(measure().unwrap() > 0.0);
    }
}
