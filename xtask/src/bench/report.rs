//! The figures as a page of Markdown, each beside its aim.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::latency::Latency;
use super::rounds::{Score, Scores};
use super::stats::{float, median};
use super::usage::number_behind;
use crate::shell;

/// All that was measured.
pub(crate) struct Figures {
    pub(crate) scores: Scores,
    pub(crate) paced: Latency,
    pub(crate) quiet: Latency,
    /// In order of length.
    pub(crate) starts: Vec<Duration>,
}

/// When and where.
pub(crate) struct Setting {
    date: String,
    commit: String,
    kernel: String,
    processor: String,
    cores: usize,
    memory_gib: u64,
}

impl Setting {
    pub(crate) fn read() -> Result<Self> {
        let date = shell::capture(Command::new("date").args(["-u", "+%Y-%m-%d"]))?;
        let commit = shell::ask(Command::new("git").args(["describe", "--always", "--dirty"]));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let processors = fs::read_to_string("/proc/cpuinfo")?;
        let memory = fs::read_to_string("/proc/meminfo")?;
        let memory_kib = number_behind(&memory, "MemTotal:").context("no `MemTotal`")?;
        Ok(Self {
            date: date.trim().to_owned(),
            commit: commit.unwrap_or_default().trim().to_owned(),
            kernel: kernel.trim().to_owned(),
            processor: processor(&processors).unwrap_or("unknown CPU").to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory_gib: memory_kib.div_ceil(1 << 20),
        })
    }
}

fn processor(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo.lines().find(|line| line.starts_with("model name"))?;
    line.split_once(": ").map(|(_, name)| name)
}

/// The page.
pub(crate) fn write(setting: &Setting, figures: &Figures) -> Result<String> {
    let mut page = String::new();
    write_setting(&mut page, setting)?;
    write_aims(&mut page, figures)?;
    write_storm(&mut page, &figures.scores)?;
    write_latency(&mut page, figures)?;
    write_start(&mut page, &figures.starts)?;
    page.push_str(METHOD);
    Ok(page)
}

fn write_setting(page: &mut String, setting: &Setting) -> Result<()> {
    let Setting { date, commit, kernel, processor, cores, memory_gib } = setting;
    writeln!(
        page,
        "# Benchmarks\n\n`cargo xtask bench events` wrote this page on {date} at commit {commit}, \
         on Linux {kernel}, {cores} cores ({processor}), {memory_gib} GiB of memory."
    )?;
    Ok(())
}

/// A figure and what it should be.
struct Aim {
    what: &'static str,
    bound: String,
    measured: String,
    met: bool,
}

fn write_aims(page: &mut String, figures: &Figures) -> Result<()> {
    writeln!(page, "\n## Aims\n\n| figure | aim | measured | |\n| --- | --- | --- | --- |")?;
    let storm = storm_aims(&figures.scores);
    for aim in storm.into_iter().chain(other_aims(figures)) {
        let verdict = if aim.met { "met" } else { "**missed**" };
        let Aim { what, bound, measured, met: _ } = aim;
        writeln!(page, "| {what} | {bound} | {measured} | {verdict} |")?;
    }
    Ok(())
}

fn storm_aims(scores: &Scores) -> Vec<Aim> {
    let Some(observer) = scores.of(Contestant::Observer) else {
        return Vec::new();
    };
    let lost = observer.lost().unwrap_or(u64::MAX);
    let slowdown = observer.slowdown();
    let mut aims = vec![
        Aim {
            what: "events lost at full rate",
            bound: "0".into(),
            measured: lost.to_string(),
            met: lost == 0 && observer.printed() == scores.expected(observer),
        },
        Aim {
            what: "slow-down of the storm",
            bound: "at most 3 %".into(),
            measured: percent(slowdown),
            met: slowdown <= 0.03,
        },
        memory_aim("resident size after the storm", observer.rss()),
        memory_aim("peak resident size, start included", observer.peak_rss()),
    ];
    let peers = scores.present.iter().filter(|score| score.contestant != Contestant::Observer);
    if let Some(peer) = peers.map(Score::slowdown).reduce(f64::min) {
        aims.push(Aim {
            what: "slow-down beside that of the lighter peer",
            bound: format!("below {}", percent(peer)),
            measured: percent(slowdown),
            met: slowdown < peer,
        });
    }
    aims
}

fn memory_aim(what: &'static str, kib: f64) -> Aim {
    let bytes = kib * 1024.0;
    Aim { what, bound: "below 20 MB".into(), measured: megabytes(kib), met: bytes < 20e6 }
}

fn other_aims(figures: &Figures) -> Vec<Aim> {
    let start = median_ms(&figures.starts);
    vec![
        Aim {
            what: "latency p99 at 10,000 execs a second",
            bound: "at most 5 ms".into(),
            measured: format!("{} at {:.0}", milliseconds(figures.paced.p99), figures.paced.rate),
            met: figures.paced.p99 <= 5_000_000,
        },
        Aim {
            what: "latency p99 when quiet",
            bound: "at most 25 ms".into(),
            measured: milliseconds(figures.quiet.p99),
            met: figures.quiet.p99 <= 25_000_000,
        },
        Aim {
            what: "start to ready",
            bound: "below 60 ms".into(),
            measured: format!("{start:.1} ms"),
            met: start < 60.0,
        },
    ]
}

fn write_storm(page: &mut String, scores: &Scores) -> Result<()> {
    writeln!(
        page,
        "\n## Storm\n\n{} times spawn, exec and wait of a static program that does nothing, from 2 \
         workers at full rate; {} rounds.\n\n\
         | observer | storm | slow-down (least to most) | lines printed | CPU a line | peak RSS | \
         RSS after |\n| --- | --- | --- | --- | --- | --- | --- |",
        scores.size.processes, scores.size.rounds
    )?;
    writeln!(page, "| none | {:.2} s | | | | | |", scores.alone())?;
    for score in &scores.present {
        writeln!(page, "{}", storm_row(scores, score))?;
    }
    writeln!(page)?;
    for score in &scores.present {
        let contestant = score.contestant;
        writeln!(page, "- {}: {}.", contestant.name(), contestant.prints())?;
    }
    for (contestant, reason) in &scores.absent {
        let reason = reason.replace('\n', " ");
        writeln!(page, "- {} was left out: {reason}", contestant.name())?;
    }
    Ok(())
}

fn storm_row(scores: &Scores, score: &Score) -> String {
    let name = score.contestant.name();
    let storm = score.storm();
    let (least, most) = score.slowdown_range();
    format!(
        "| {name} | {storm:.2} s | {} ({} to {}) | {} of {} | {:.1} µs | {} | {} |",
        percent(score.slowdown()),
        percent(least),
        percent(most),
        score.printed(),
        scores.expected(score),
        score.cpu_per_line(),
        megabytes(score.peak_rss()),
        megabytes(score.rss()),
    )
}

fn write_latency(page: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        page,
        "\n## Latency\n\nFrom the event in the kernel to its line in the reader of the pipe.\n\n\
         | load | events | lost | p50 | p99 | most |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    let loads = [
        (format!("paced, {:.0} execs a second reached", figures.paced.rate), &figures.paced),
        ("quiet, an exec every 100 ± 50 ms".to_owned(), &figures.quiet),
    ];
    for (load, latency) in loads {
        writeln!(
            page,
            "| {load} | {} | {} | {} | {} | {} |",
            latency.events,
            latency.lost,
            milliseconds(latency.p50),
            milliseconds(latency.p99),
            milliseconds(latency.max),
        )?;
    }
    Ok(())
}

fn write_start(page: &mut String, starts: &[Duration]) -> Result<()> {
    let bound = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    writeln!(
        page,
        "\n## Start\n\nFrom starting `observer events --json` to its `ready` line, {} runs: median \
         {:.1} ms, least {:.1} ms, most {:.1} ms.",
        starts.len(),
        median_ms(starts),
        bound(starts.first()),
        bound(starts.last()),
    )?;
    Ok(())
}

const METHOD: &str = "
## How it is measured

One run: in each round the storm runs beside observer, bpftrace and execsnoop in turn, each started
afresh and ready before it, with a storm beside nobody before and after each; a first round does not
count. A slow-down is the storm's time divided by the mean of the two beside it. Figures are medians
over the rounds. Each contestant prints to a file in memory. CPU time is what the scheduler counted
for the process during the storm and until it was idle again; what its programs in the kernel take
is in the slow-down. The peak (`VmHWM`) includes the start; both sizes count the pages of the ring
twice, as the kernel maps them. What others on the machine disturbed is measured again.

What limits it: the storm leaves almost nothing of the cores idle, so that CPU time of an observer
is time of the storm. One storm differs from the next by some per cent: least and most show how
much. The reader of the pipe takes part in the latency it measures.
";

fn median_ms(times: &[Duration]) -> f64 {
    median(times.iter().map(|time| time.as_secs_f64() * 1e3))
}

fn percent(part: f64) -> String {
    format!("{:+.1} %", part * 100.0)
}

fn milliseconds(nanoseconds: u64) -> String {
    format!("{:.2} ms", float(nanoseconds) / 1e6)
}

fn megabytes(kib: f64) -> String {
    format!("{:.1} MB", kib * 1024.0 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_model_is_read() {
        let text = "processor\t: 0\nmodel name\t: Some CPU @ 2.5GHz\nstepping\t: 1\n";
        assert_eq!(processor(text), Some("Some CPU @ 2.5GHz"));
        assert_eq!(processor("processor\t: 0\n"), None);
    }

    #[test]
    fn figures_carry_their_units() {
        assert_eq!(percent(0.0312), "+3.1 %");
        assert_eq!(milliseconds(4_560_000), "4.56 ms");
        assert_eq!(megabytes(15_000.0), "15.4 MB");
    }
}
