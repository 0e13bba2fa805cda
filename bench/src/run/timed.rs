//! One build from its start to its end, and what of it was the watcher's own.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use xtask::shell;

use crate::program::{self, Program};
use crate::quiet::TICK;
use crate::usage::Process;

/// What a build took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    pub(crate) wall: Duration,
    /// CPU time of all its processes and of who watches them.
    pub(crate) cpu: Duration,
    /// Of the started process alone: make's, or the watcher's.
    pub(crate) own_cpu: Duration,
    /// The largest resident size of that process, in KiB.
    pub(crate) own_peak_rss: u64,
}

/// Runs `words` in `place` and fails unless they end well. It must be our only child meanwhile.
pub(crate) fn run(words: &[OsString], place: &Path, said: &Path) -> Result<Sample> {
    let mut command = program::leashed(words);
    let said = File::create(said).with_context(|| format!("cannot write `{}`", said.display()))?;
    command.current_dir(place).stdin(Stdio::null());
    command.stdout(said.try_clone()?).stderr(said);
    let cpu_before = cpu_of_children()?;
    let begin = Instant::now();
    let mut program = Program::start(&mut command)?;
    let process = program.process();
    let own_peak_rss = wait_for_end(process)?;
    let wall = begin.elapsed();
    // It has ended, and is there until it is waited for.
    let own_cpu = own_cpu_time(process)?;
    shell::expect_success(&command, program.wait()?)?;
    let cpu = cpu_of_children()?.saturating_sub(cpu_before);
    Ok(Sample { wall, cpu, own_cpu, own_peak_rss })
}

/// Waits, and returns its peak in KiB, which is gone with its end: so it is looked at so often that
/// little is missed, and so seldom that it takes nothing.
fn wait_for_end(process: Process) -> Result<u64> {
    const LOOK: Duration = Duration::from_millis(20);
    let (ended, has_ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let looks = scope.spawn(move || {
            let mut peak = 0;
            while let Err(RecvTimeoutError::Timeout) = has_ended.recv_timeout(LOOK) {
                peak = process.peak_rss().map_or(peak, |now| now.max(peak));
            }
            peak
        });
        let pid = Pid::from_raw(i32::try_from(process.0)?);
        let waited = waitid(Id::Pid(pid), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
        drop(ended);
        waited.context("cannot wait for the build")?;
        looks.join().map_err(|_panic| anyhow!("the thread that looks at sizes panicked"))
    })
}

/// Of an ended process that nobody has waited for yet.
fn own_cpu_time(process: Process) -> Result<Duration> {
    let file = format!("/proc/{}/stat", process.0);
    let stat = fs::read_to_string(&file).with_context(|| format!("cannot read `{file}`"))?;
    let ticks = own_ticks(&stat).with_context(|| format!("no CPU time in `{file}`"))?;
    Ok(TICK * ticks)
}

/// User and system time, the 14th and 15th field; the name before may have blanks in it.
fn own_ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(user + system)
}

/// Of all that have ended and were waited for, with theirs.
fn cpu_of_children() -> Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("cannot read what children took")?;
    let sum = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(u64::try_from(sum.num_microseconds())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_measured() {
        let folder = tempfile::tempdir().unwrap();
        let said = folder.path().join("said");
        let words = |script: &str| ["sh", "-c", script].map(OsString::from);
        let sample = run(&words("pwd; sleep 0.1"), folder.path(), &said).unwrap();
        assert!(sample.wall >= Duration::from_millis(100) && sample.own_peak_rss > 0);
        assert_eq!(fs::read_to_string(&said).unwrap().trim_end(), folder.path().to_str().unwrap());
        assert!(run(&words("exit 1"), folder.path(), &said).is_err());
    }

    #[test]
    fn own_time_is_behind_the_name() {
        let stat = "7 (a) 1 (b) Z 1 7 7 0 -1 4194304 100 200 0 0 12 5 900 800 20 0 1 0";
        assert_eq!(own_ticks(stat), Some(17));
        assert_eq!(own_ticks("7 (a) Z"), None);
    }
}
