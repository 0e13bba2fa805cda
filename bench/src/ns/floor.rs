//! The least that reading namespaces from /proc can take: the eight links of every process, on one
//! thread or several.
//!
//! Nothing is made of what they say, and nothing printed; /proc is listed beforehand.

use std::ffi::CString;
use std::fs::{self, File};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::errno::Errno;
use nix::fcntl::readlinkat;

use crate::stats::float;

const LINKS: [&str; 8] = ["pid", "mnt", "net", "user", "uts", "ipc", "cgroup", "time"];

/// Reads them once: microseconds a process, from the start of the threads to the end of the last.
pub(crate) fn measure(threads: usize) -> Result<f64> {
    let proc = File::open("/proc").context("cannot open `/proc`")?;
    let paths = paths()?;
    let processes = paths.len() / LINKS.len();
    ensure!(processes > 0, "there are no processes in `/proc`");
    let begin = Instant::now();
    thread::scope(|scope| {
        let shares = paths.chunks(paths.len().div_ceil(threads));
        let readers: Vec<_> = shares.map(|share| scope.spawn(|| read(&proc, share))).collect();
        readers.into_iter().try_for_each(|reader| {
            reader.join().map_err(|_panic| anyhow::anyhow!("a thread that reads links panicked"))?
        })
    })?;
    Ok(begin.elapsed().as_secs_f64() * 1e6 / float(processes as u64))
}

fn read(proc: &File, paths: &[CString]) -> Result<()> {
    for path in paths {
        match readlinkat(proc, path.as_c_str()) {
            // A process may go at any moment, and the first one be out of reach.
            Ok(_) | Err(Errno::ENOENT | Errno::ESRCH | Errno::EACCES) => {}
            Err(error) => return Err(error).with_context(|| format!("cannot read {path:?}")),
        }
    }
    Ok(())
}

fn paths() -> Result<Vec<CString>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir("/proc").context("cannot list `/proc`")? {
        let name = entry.context("cannot list `/proc`")?.file_name();
        let name = name.to_string_lossy();
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            for link in LINKS {
                paths.push(CString::new(format!("{name}/ns/{link}"))?);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_links_are_read_on_whatever_threads() {
        let own = CString::new(format!("{}/ns/time", std::process::id())).unwrap();
        assert!(paths().unwrap().contains(&own));
        let proc = File::open("/proc").unwrap();
        read(&proc, &[own]).unwrap();
        assert!(read(&proc, &[c"self/exe/none".into()]).is_err());
    }
}
