//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::Result;

use super::contestant::Contestant;
use super::latency::Latency;
use super::rounds::{Score, Scores};
use crate::aim::{self, Aim};
use crate::stats::{float, median, megabytes};

/// All that was measured.
pub(crate) struct Figures {
    pub(crate) scores: Scores,
    pub(crate) paced: Latency,
    pub(crate) quiet: Latency,
    /// In order of length.
    pub(crate) starts: Vec<Duration>,
}

/// What stands below the heading of the part.
pub(crate) fn write(figures: &Figures) -> Result<String> {
    let mut part = String::new();
    let mut aims = storm_aims(&figures.scores);
    aims.extend(other_aims(figures));
    aim::write(&mut part, &aims)?;
    write_storm(&mut part, &figures.scores)?;
    write_latency(&mut part, figures)?;
    write_start(&mut part, &figures.starts)?;
    part.push_str(METHOD);
    Ok(part)
}

fn storm_aims(scores: &Scores) -> Vec<Aim> {
    let Some(observer) = scores.of(Contestant::Observer) else {
        return Vec::new();
    };
    let lost = observer.lost().unwrap_or(u64::MAX);
    let slowdown = observer.slowdown();
    let mut aims = vec![
        Aim {
            what: "events lost at full rate".into(),
            bound: "0".into(),
            measured: lost.to_string(),
            met: lost == 0 && observer.printed() == scores.expected(observer),
        },
        Aim {
            what: "slow-down of the storm".into(),
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
            what: "slow-down beside that of the lighter peer".into(),
            bound: format!("below {}", percent(peer)),
            measured: percent(slowdown),
            met: slowdown < peer,
        });
    }
    aims
}

fn memory_aim(what: &str, kib: f64) -> Aim {
    let bytes = kib * 1024.0;
    Aim {
        what: what.into(),
        bound: "below 20 MB".into(),
        measured: megabytes(kib),
        met: bytes < 20e6,
    }
}

fn other_aims(figures: &Figures) -> Vec<Aim> {
    let start = median_ms(&figures.starts);
    vec![
        Aim {
            what: "latency p99 at 10,000 execs a second".into(),
            bound: "at most 5 ms".into(),
            measured: format!("{} at {:.0}", milliseconds(figures.paced.p99), figures.paced.rate),
            met: figures.paced.p99 <= 5_000_000,
        },
        Aim {
            what: "latency p99 when quiet".into(),
            bound: "at most 25 ms".into(),
            measured: milliseconds(figures.quiet.p99),
            met: figures.quiet.p99 <= 25_000_000,
        },
        Aim {
            what: "start to ready".into(),
            bound: "below 60 ms".into(),
            measured: format!("{start:.1} ms"),
            met: start < 60.0,
        },
    ]
}

fn write_storm(part: &mut String, scores: &Scores) -> Result<()> {
    writeln!(
        part,
        "\n### Storm\n\n{} times spawn, exec and wait of a static program that does nothing, from 2 \
         workers at full rate; {} rounds.\n\n\
         | observer | storm | slow-down (least to most) | lines printed | CPU a line | peak RSS | \
         RSS after |\n| --- | --- | --- | --- | --- | --- | --- |",
        scores.size.processes, scores.size.rounds
    )?;
    writeln!(part, "| none | {:.2} s | | | | | |", scores.alone())?;
    for score in &scores.present {
        writeln!(part, "{}", storm_row(scores, score))?;
    }
    writeln!(part)?;
    for score in &scores.present {
        let contestant = score.contestant;
        writeln!(part, "- {}: {}.", contestant.name(), contestant.prints())?;
    }
    for (contestant, reason) in &scores.absent {
        let reason = reason.replace('\n', " ");
        writeln!(part, "- {} was left out: {reason}", contestant.name())?;
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

fn write_latency(part: &mut String, figures: &Figures) -> Result<()> {
    writeln!(
        part,
        "\n### Latency\n\nFrom the event in the kernel to its line in the reader of the pipe.\n\n\
         | load | events | lost | p50 | p99 | most |\n| --- | --- | --- | --- | --- | --- |"
    )?;
    let loads = [
        (format!("paced, {:.0} execs a second reached", figures.paced.rate), &figures.paced),
        ("quiet, an exec every 100 ± 50 ms".to_owned(), &figures.quiet),
    ];
    for (load, latency) in loads {
        writeln!(
            part,
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

fn write_start(part: &mut String, starts: &[Duration]) -> Result<()> {
    let bound = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1e3);
    writeln!(
        part,
        "\n### Start\n\nFrom starting `observer events --json` to its `ready` line, {} runs: median \
         {:.1} ms, least {:.1} ms, most {:.1} ms.",
        starts.len(),
        median_ms(starts),
        bound(starts.first()),
        bound(starts.last()),
    )?;
    Ok(())
}

const METHOD: &str = "
### How it is measured

One run: in each round the storm runs beside observer, bpftrace and execsnoop in turn, each started
afresh and ready before it, with a storm beside nobody before and after each; a first round does not
count. A slow-down is the storm's time divided by the mean of the two beside it. Figures are medians
over the rounds. Each contestant prints to a file in memory. CPU time is what the scheduler counted
for the process during the storm and until it was idle again; what its programs in the kernel take
is in the slow-down. The peak (`VmHWM`) includes the start; both sizes count the pages of the ring
twice, as the kernel maps them. What others on the machine disturbed is measured again: they
may take 12 % of a CPU more than they take all the time, as some threads of the kernel do, which is
told from the least that they took of three looks and more before it.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_carry_their_units() {
        assert_eq!(percent(0.0312), "+3.1 %");
        assert_eq!(milliseconds(4_560_000), "4.56 ms");
    }
}
