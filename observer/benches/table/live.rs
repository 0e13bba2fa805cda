//! A monitor of this machine that does what it is told, word by word, and says how long it took.

use std::{
    collections::HashSet,
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use observer::{Monitor, snapshot::Freshness};

use super::{Result, answer, heap, jobs::Jobs};

/// Answers each line of the input until it ends: `statistics`, `memory`, or `JOB REPETITIONS`.
pub(super) fn run() -> Result<()> {
    let before = heap::used();
    let began = Instant::now();
    let monitor = Monitor::builder().start()?;
    let took = began.elapsed();
    let processes = monitor.statistics()?.processes as u64;
    answer(&[("start_ns", nanoseconds(took)), ("processes", processes)]);
    let mut jobs = Jobs::new(monitor);
    for line in io::stdin().lines() {
        let line = line?;
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["statistics"] => tell_statistics(jobs.monitor())?,
            ["memory"] => tell_memory(jobs.monitor(), before)?,
            [job, repetitions] => repeat(&mut jobs, job, repetitions.parse()?)?,
            _ => return Err(format!("no such word: `{line}`").into()),
        }
    }
    Ok(())
}

/// The median of some repetitions: one alone would tell of the scheduler.
fn repeat(jobs: &mut Jobs, job: &str, repetitions: usize) -> Result<()> {
    let mut times = Vec::new();
    let mut processes = 0;
    for _ in 0..repetitions {
        let began = Instant::now();
        processes = jobs.run(job)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().ok_or("there are no repetitions")?;
    answer(&[("nanoseconds", nanoseconds(median)), ("processes", processes as u64)]);
    Ok(())
}

fn tell_statistics(monitor: &Monitor) -> Result<()> {
    let statistics = monitor.statistics()?;
    answer(&[("changes", statistics.changes), ("processes", statistics.processes as u64)]);
    Ok(())
}

/// What the monitor takes of the heap, and how much of that are arguments.
fn tell_memory(monitor: &Monitor, before: Option<isize>) -> Result<()> {
    let after = heap::used().zip(before).ok_or("the heap is not counted: add `--count-heap`")?;
    let heap = u64::try_from(after.0 - after.1)?;
    let snapshot = monitor.snapshot(Freshness::Table)?;
    let entries = snapshot.processes();
    // A program that several run is kept once.
    let mut told = HashSet::new();
    let programs = entries.iter().filter_map(|entry| entry.program.as_ref());
    let once = programs.filter(|program| told.insert(Arc::as_ptr(program)));
    let args = once.filter_map(|program| program.args.as_ref());
    let arguments = args.map(observer::event::Args::captured_size).sum();
    answer(&[
        ("heap_bytes", heap),
        ("argument_bytes", arguments),
        ("processes", entries.len() as u64),
    ]);
    Ok(())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
