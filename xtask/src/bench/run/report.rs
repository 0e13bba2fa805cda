//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::rounds::{Build, Score, Scores};
use super::told::Told;
use crate::bench::aim::{self, Aim};
use crate::bench::stats::{float, median, megabytes, range};

/// What a build may take longer, as a part of it.
const SLOWER_AT_MOST: f64 = 0.02;

/// What stands below the heading of the part.
pub(crate) fn write(scores: &Scores) -> Result<String> {
    let alone = scores.of(Contestant::Nobody).context("nobody built alone")?;
    let observed = scores.of(Contestant::Observer).context("observer did not take part")?;
    let mut part = String::new();
    aim::write(&mut part, &aims(scores, alone, observed))?;
    write_builds(&mut part, scores, alone)?;
    write_where(&mut part, alone, observed)?;
    write_noise(&mut part, scores)?;
    part.push_str(METHOD);
    Ok(part)
}

fn aims(scores: &Scores, alone: &Score, observed: &Score) -> Vec<Aim> {
    let slower = median(observed.more_than(alone, Build::seconds));
    let lost = observed.builds.iter().filter_map(|build| build.told?.lost).sum::<u64>();
    let mut aims = vec![
        Aim {
            what: "slow-down of the build".into(),
            bound: format!("at most {:.0} %", SLOWER_AT_MOST * 100.0),
            measured: percent(slower),
            met: slower <= SLOWER_AT_MOST,
        },
        Aim {
            what: "events lost, all rounds".into(),
            bound: "0".into(),
            measured: lost.to_string(),
            met: lost == 0,
        },
    ];
    if let Some(strace) = scores.of(Contestant::Strace) {
        let (told, there) = (execs(observed), execs(strace));
        aims.push(Aim {
            what: "execs in the reports, all rounds".into(),
            bound: format!("{}, as strace saw", there.iter().sum::<u64>()),
            measured: told.iter().sum::<u64>().to_string(),
            met: told == there,
        });
        let peer = median(strace.more_than(alone, Build::seconds));
        aims.push(Aim {
            what: "slow-down beside that of strace".into(),
            bound: format!("below {}", percent(peer)),
            measured: percent(slower),
            met: slower < peer,
        });
    }
    aims
}

/// Of each round.
fn execs(score: &Score) -> Vec<u64> {
    score.builds.iter().filter_map(|build| build.told.map(|told: Told| told.execs)).collect()
}

fn write_builds(part: &mut String, scores: &Scores, alone: &Score) -> Result<()> {
    let rounds = scores.rounds();
    writeln!(
        part,
        "\n### A build\n\nbusybox from Debian's source package, configured with nothing in it; \
         {rounds} rounds.\n\n\
         | command | time (least to most) | slow-down (least to most) | CPU time of all | more CPU \
         time (least to most) | execs told | own CPU time | own peak RSS |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |"
    )?;
    for contestant in Contestant::ALL {
        if let Some(score) = scores.of(contestant) {
            writeln!(part, "{}", row(score, alone))?;
        }
    }
    for (contestant, reason) in &scores.absent {
        let reason = reason.replace('\n', " ");
        writeln!(part, "\n`{}` was left out: {reason}", contestant.typed())?;
    }
    Ok(())
}

fn row(score: &Score, alone: &Score) -> String {
    let seconds = score.figures(Build::seconds);
    let (least, most) = range(seconds.iter().copied());
    let (mut slower, mut more_cpu, mut told) = (String::new(), String::new(), String::new());
    if score.contestant != Contestant::Nobody {
        slower = with_range(&score.more_than(alone, Build::seconds));
        more_cpu = with_range(&score.more_than(alone, Build::cpu_seconds));
        told = format!("{:.0}", median(execs(score).into_iter().map(float)));
    }
    format!(
        "| `{}` | {:.2} s ({least:.2} to {most:.2}) | {slower} | {:.2} s | {more_cpu} | {told} | \
         {:.2} s | {} |",
        score.contestant.typed(),
        median(seconds),
        median(score.figures(Build::cpu_seconds)),
        median(score.figures(Build::own_cpu_seconds)),
        megabytes(median(score.figures(|build| float(build.sample.own_peak_rss)))),
    )
}

/// Splits what observer adds to a build into its parts.
fn write_where(part: &mut String, alone: &Score, observed: &Score) -> Result<()> {
    let command = |build: &Build| {
        let told = build.told.and_then(|told| told.command);
        told.map_or(f64::NAN, |time| time.as_secs_f64())
    };
    let pairs = || observed.builds.iter().zip(&alone.builds);
    let itself: Vec<_> = pairs().map(|(own, alone)| command(own) / alone.seconds() - 1.0).collect();
    let around: Vec<_> = observed.figures(|build| (build.seconds() - command(build)) * 1e3);
    let of_alone = |own: fn(&Build, &Build) -> f64| {
        pairs().map(|(build, alone)| own(build, alone) / alone.cpu_seconds()).collect::<Vec<_>>()
    };
    let reader = of_alone(|build, _| build.own_cpu_seconds());
    let rest = of_alone(|build, alone| {
        build.cpu_seconds() - build.own_cpu_seconds() - alone.cpu_seconds()
    });
    let (least, most) = range(around.iter().copied());
    writeln!(
        part,
        "\n### Where the time goes\n\n\
         - Before the command starts and after its end, the report included: {:.0} ms ({least:.0} to \
         {most:.0}), which a longer build has only once as well.\n\
         - The command itself, as the report has it: {} longer than alone.\n\
         - CPU time of observer's own process, of all that the build takes alone: {}.\n\
         - More CPU time of the build's processes, in which the hooks run: {}.",
        median(around),
        with_range(&itself),
        with_range(&reader),
        with_range(&rest),
    )?;
    Ok(())
}

fn write_noise(part: &mut String, scores: &Scores) -> Result<()> {
    let others = scores.present.iter().flat_map(|score| &score.builds).map(|build| build.others);
    let (least, most) = range(others.clone());
    writeln!(
        part,
        "\nOthers on the machine took {:.0} % of one CPU during a build ({:.0} % to {:.0} %).",
        median(others) * 100.0,
        least * 100.0,
        most * 100.0,
    )?;
    Ok(())
}

const METHOD: &str = "
### How a build is measured

A round is the build once beside each in a new copy of the sources, which are in memory; the order
turns from round to round, and a first round does not count. Time is from before the start of the
command to its end. CPU time is the kernel's own sum for the command and all that it waited for; own CPU
time and own peak (`VmHWM`, looked at every 20 ms) are those of the one process that was started: make,
observer or strace. A slow-down is one build's time divided by that of the build alone in the same round.
Figures are medians over the rounds. What others on the machine disturbed is measured again once, as
for the snapshots; there are fewer rounds when they take long.

busybox is plain C without libraries to look for. It has the build system of Linux, which starts about ten
processes for each file, as shells, stages of the compiler and programs of its own: many a second, while
all is compiled for real. Without any of its commands, what is left is short enough for many rounds.

The report is written as JSON, so that in each round all execs in it can be counted. `strace` tells one
line for each attempt to execute; those that succeeded are counted, independently of observer.

What limits it: two cores have nothing left over beside `make -j2`, so that CPU time of an observer is
time of the build. Two builds of the same kind differ by some per cent: least and most show how much.
";

/// Of parts: median, least and most.
fn with_range(parts: &[f64]) -> String {
    let (least, most) = range(parts.iter().copied());
    format!("{} ({} to {})", percent(median(parts.iter().copied())), percent(least), percent(most))
}

fn percent(part: f64) -> String {
    format!("{:+.1} %", part * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_told_in_per_cent() {
        assert_eq!(with_range(&[0.01, -0.002, 0.15]), "+1.0 % (-0.2 % to +15.0 %)");
    }
}
