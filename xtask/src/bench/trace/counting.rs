//! How often a tracepoint fires, without a word about each time: the counters of each contestant.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::arena::Arena;
use super::contestant::bpftrace_probe;
use super::event::Event;
use super::full::times;
use super::load::{self, Load, Made};
use crate::bench::program::Program;
use crate::bench::stats::{median, range};
use crate::bench::tracefs;

/// A program that counts and prints once a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    Observer,
    PerfStat,
    Bpftrace,
}

/// What one did in all rounds.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) counter: Counter,
    pub(crate) event: Event,
    samples: Vec<Sample>,
}

#[derive(Debug)]
struct Sample {
    /// How many times longer the load took than with nobody watching.
    slowdown: f64,
    made: Made,
    counted: u64,
    /// Of the counter, while the load ran.
    cpu: Duration,
}

/// Each load beside a counter stands between two with nobody.
pub(crate) fn play(
    arena: Arena<'_>,
    counters: &[Counter],
    (event, load): (Event, Load),
    rounds: usize,
) -> Result<Vec<Score>> {
    let score = |counter: &Counter| Score { counter: *counter, event, samples: Vec::new() };
    let mut scores: Vec<_> = counters.iter().map(score).collect();
    for round in 1..=rounds {
        let mut before = arena.alone(load)?.wall;
        for score in &mut scores {
            let (made, counted, cpu) = beside(arena, score.counter, event, load)?;
            let after = arena.alone(load)?.wall;
            let slowdown = times(made.wall, (before + after) / 2);
            eprintln!(
                "round {round} of {rounds}: {} counted by {}: {slowdown:.2} times as long, \
                 {counted} of {} counted, {:.2} % of a CPU",
                event.name(),
                score.counter.name(),
                made.events,
                100.0 * times(cpu, made.wall)
            );
            score.samples.push(Sample { slowdown, made, counted, cpu });
            before = after;
        }
    }
    Ok(scores)
}

fn beside(
    arena: Arena<'_>,
    counter: Counter,
    event: Event,
    load: Load,
) -> Result<(Made, u64, Duration)> {
    arena.patience.undisturbed(|| {
        let session = Session::start(counter, event, arena.observer, arena.folder)?;
        let counted_before = session.counted()?;
        let process = session.program.process();
        let cpu_before = process.cpu_time()?;
        let made = load::run(load)?;
        let cpu = process.cpu_time()?.saturating_sub(cpu_before);
        session.wait_for(counted_before + made.events, Duration::from_secs(5))?;
        let counted = session.end()?.saturating_sub(counted_before);
        Ok((made, counted, cpu))
    })
}

/// A counter that counts, with its output in a file.
struct Session {
    counter: Counter,
    event: Event,
    program: Program,
    output: PathBuf,
}

impl Session {
    fn start(counter: Counter, event: Event, observer: &Path, folder: &Path) -> Result<Self> {
        let (output, errors) = (folder.join("out"), folder.join("err"));
        File::create(&output)?;
        let mut command = counter.command(observer, event, &output);
        command.stderr(File::create(&errors)?);
        // perf writes its file itself.
        command.stdout(match counter {
            Counter::PerfStat => Stdio::null(),
            Counter::Observer | Counter::Bpftrace => File::create(&output)?.into(),
        });
        let program = Program::start(&mut command)?;
        let mut session = Self { counter, event, program, output };
        session.wait_until_it_counts().with_context(|| {
            let said = fs::read_to_string(&errors).unwrap_or_default();
            format!("{} said: {}", counter.name(), said.trim())
        })?;
        Ok(session)
    }

    /// Until it has counted most of a burst, and its table of that second is out.
    fn wait_until_it_counts(&mut self) -> Result<()> {
        const BURST: u64 = 2_000;
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            self.program.expect_running()?;
            ensure!(Instant::now() < deadline, "it counted nothing within 30 s");
            let before = self.counted()?;
            load::run(self.event.probe(BURST))?;
            if self.wait_for(before + BURST, Duration::from_millis(1500))? {
                return Ok(());
            }
        }
    }

    /// Whether it counted so many in this time.
    fn wait_for(&self, count: u64, time: Duration) -> Result<bool> {
        let deadline = Instant::now() + time;
        while Instant::now() < deadline {
            if self.counted()? >= count {
                return Ok(true);
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }

    fn end(mut self) -> Result<u64> {
        self.program.interrupt()?;
        self.counted()
    }

    fn counted(&self) -> Result<u64> {
        let text = fs::read_to_string(&self.output)
            .with_context(|| format!("cannot read `{}`", self.output.display()))?;
        Ok(self.counter.counted_in(&text, self.event))
    }
}

impl Counter {
    pub(crate) const ALL: [Self; 3] = [Self::Observer, Self::PerfStat, Self::Bpftrace];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::PerfStat => "perf stat",
            Self::Bpftrace => "bpftrace",
        }
    }

    /// What is run, for the reader of the table.
    pub(crate) fn typed(self) -> &'static str {
        match self {
            Self::Observer => "`observer trace EVENT --count`",
            Self::PerfStat => "`perf stat --all-cpus -x, -I 1000 -e EVENT`",
            Self::Bpftrace => "`EVENT { @ = count(); } interval:s:1 { print(@); }`",
        }
    }

    fn command(self, observer: &Path, event: Event, output: &Path) -> Command {
        let filter = event.filter();
        let mut words = match self {
            Self::Observer => vec!["trace", event.name(), "--count"],
            Self::PerfStat => {
                vec!["perf", "stat", "--all-cpus", "-x,", "-I", "1000", "-e", event.name()]
            }
            Self::Bpftrace => {
                let probe = bpftrace_probe(event);
                let program = format!("{probe} {{ @ = count(); }} interval:s:1 {{ print(@); }}");
                return tracefs::command(&["bpftrace", "-e", &program]);
            }
        };
        words.extend(filter.iter().flat_map(|filter| ["--filter", filter]));
        if self == Self::PerfStat {
            let mut command = tracefs::command(&words);
            command.arg("-o").arg(output);
            return command;
        }
        let mut command = Command::new(observer);
        command.args(words).stdin(Stdio::null());
        command
    }

    /// All that was counted so far, from all that was printed so far.
    fn counted_in(self, text: &str, event: Event) -> u64 {
        let name = event.name();
        match self {
            // EVENTS/S, TOTAL, EVENT.
            Self::Observer => last(text, |line| line.strip_suffix(name)?.split_whitespace().nth(1)),
            // Time, count, unit, event and more: the count of each interval.
            Self::PerfStat => {
                let lines = text.lines().filter(|line| line.contains(name));
                lines.filter_map(|line| line.split(',').nth(1)?.parse::<u64>().ok()).sum()
            }
            Self::Bpftrace => last(text, |line| line.strip_prefix("@: ")),
        }
    }
}

/// The number in the last line that has one.
fn last<'a>(text: &'a str, number: impl Fn(&'a str) -> Option<&'a str>) -> u64 {
    text.lines().rev().find_map(|line| number(line)?.trim().parse().ok()).unwrap_or_default()
}

impl Score {
    /// Median CPU time while the load ran, as a part of one CPU.
    pub(crate) fn cpu_share(&self) -> f64 {
        median(self.samples.iter().map(|one| times(one.cpu, one.made.wall)))
    }

    pub(crate) fn slowdown(&self) -> f64 {
        median(self.samples.iter().map(|one| one.slowdown))
    }

    pub(crate) fn slowdown_range(&self) -> (f64, f64) {
        range(self.samples.iter().map(|one| one.slowdown))
    }

    /// Median of events made in a second.
    pub(crate) fn rate(&self) -> f64 {
        median(self.samples.iter().map(|one| one.made.rate()))
    }

    /// What the load made in all rounds and was not counted.
    pub(crate) fn missed(&self) -> u64 {
        self.samples.iter().map(|one| one.made.events.saturating_sub(one.counted)).sum()
    }

    pub(crate) fn made(&self) -> u64 {
        self.samples.iter().map(|one| one.made.events).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_so_far_is_read() {
        let observer = "EVENTS/S   TOTAL   EVENT\n20         50      sched:sched_switch\n\
            0.0        70      sched:sched_switch\n";
        let perf = "# started on x\n\n     1.0,50,,sched:sched_switch,20,100.00,,\n     \
            2.0,20,,sched:sched_switch,20,100.00,,\n";
        let bpftrace = "Attaching 2 probes...\n@: 50\n@: 70\n\n";
        for (counter, text) in [
            (Counter::Observer, observer),
            (Counter::PerfStat, perf),
            (Counter::Bpftrace, bpftrace),
        ] {
            assert_eq!(counter.counted_in(text, Event::Switch), 70, "{counter:?}");
            assert_eq!(counter.counted_in("", Event::Switch), 0, "{counter:?}");
        }
    }
}
