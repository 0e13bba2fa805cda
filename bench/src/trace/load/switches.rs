//! Two processes on one CPU that wait for each other: each turn switches from one to the other.
//!
//! What the kernel counted for each is what its tracepoint reported. They bear their name only
//! while they are counted, so that by the name as many are reported.

use std::ffi::CStr;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::prctl;
use nix::sys::resource::{UsageWho, getrusage};
use nix::unistd::Pid;

use super::{Load, Made};

/// The `comm` of both.
pub(crate) const NAME: &str = "bench-switches";
const C_NAME: &CStr = c"bench-switches";
/// What they are called before and after.
const OTHER_NAME: &CStr = c"bench-idle";

/// Takes so many turns with a child.
pub(crate) fn make(turns: u64) -> Result<Made> {
    stay_on_one_cpu()?;
    let us = std::env::current_exe().context("cannot find our own program")?;
    let mut child = Command::new(us)
        .arg("load")
        .args(Load::Answer.words())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the other process")?;
    let mut to = child.stdin.take().context("there is no pipe")?;
    let mut from = child.stdout.take().context("there is no pipe")?;
    // The other is there, and counts, once it has answered.
    take_turn(&mut to, &mut from)?;
    let count = Count::begin()?;
    let begin = Instant::now();
    for _ in 0..turns {
        take_turn(&mut to, &mut from)?;
    }
    let wall = begin.elapsed();
    let ours = count.end()?;
    drop(to);
    let mut said = String::new();
    from.read_to_string(&mut said).context("cannot read the other's count")?;
    ensure!(child.wait()?.success(), "the other process failed");
    let theirs: u64 = said.parse().with_context(|| format!("the other said `{said}`"))?;
    let ids = [std::process::id(), child.id()].map(u64::from).to_vec();
    Ok(Made { wall, events: ours + theirs, ids })
}

/// The other side: gives each byte back, and at the end says how often it was switched away from.
pub(crate) fn answer() -> Result<()> {
    let (mut from, mut to) = (io::stdin().lock(), io::stdout());
    let count = Count::begin()?;
    let mut byte = [0];
    while from.read(&mut byte).context("cannot read the pipe")? > 0 {
        to.write_all(&byte).and_then(|()| to.flush()).context("cannot write the pipe")?;
    }
    let switches = count.end()?;
    print!("{switches}");
    to.flush().context("cannot write the pipe")
}

fn take_turn(to: &mut impl Write, from: &mut impl Read) -> Result<()> {
    to.write_all(b".").context("cannot write to the other")?;
    from.read_exact(&mut [0]).context("the other does not answer")
}

/// The last of those it may use: the first of a machine has more to do.
fn stay_on_one_cpu() -> Result<()> {
    let us = Pid::from_raw(0);
    let allowed = sched_getaffinity(us).context("cannot read the CPUs that may be used")?;
    let last = (0..CpuSet::count()).rev().find(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    let mut one = CpuSet::new();
    one.set(last.context("there is no CPU")?)?;
    sched_setaffinity(us, &one).context("cannot stay on one CPU")
}

/// How often this process is switched away from, while it bears the name.
struct Count {
    before: u64,
}

impl Count {
    fn begin() -> Result<Self> {
        prctl::set_name(C_NAME).context("cannot change the name")?;
        Ok(Self { before: switches()? })
    }

    fn end(self) -> Result<u64> {
        let switches = switches()?;
        prctl::set_name(OTHER_NAME).context("cannot change the name")?;
        Ok(switches - self.before)
    }
}

fn switches() -> Result<u64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).context("cannot read the switches")?;
    let switches = usage.voluntary_context_switches() + usage.involuntary_context_switches();
    Ok(u64::try_from(switches)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_one() {
        assert_eq!(C_NAME.to_str().unwrap(), NAME);
        assert!(NAME.len() < 16, "the kernel cuts it");
    }
}
