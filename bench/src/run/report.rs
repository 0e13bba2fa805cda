//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};

use super::contestant::Contestant;
use super::rounds::{Build, ROUNDS_FOR_STRACE, Score, Scores};
use crate::aim::{self, Aim};
use crate::stats::{float, median, megabytes, range};

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
    let lost = observed.builds.iter().flatten().filter_map(|build| build.told?.lost).sum::<u64>();
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
        let (told, there) = (told(observed), told(strace));
        let [in_reports, seen] = [&told, &there].map(|execs| least_to_most(execs));
        aims.push(Aim {
            what: "execs in the report of each round".into(),
            bound: format!("{seen}, as strace saw"),
            met: in_reports == seen && told.first() == told.last(),
            measured: in_reports,
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

/// Execs of each round, from the least to the most.
fn told(score: &Score) -> Vec<u64> {
    let told = score.builds.iter().flatten().filter_map(|build| build.told);
    let mut execs: Vec<_> = told.map(|told| told.execs).collect();
    execs.sort_unstable();
    execs
}

/// One number, if all are alike.
fn least_to_most(sorted: &[u64]) -> String {
    match (sorted.first(), sorted.last()) {
        (Some(least), Some(most)) if least == most => least.to_string(),
        (Some(least), Some(most)) => format!("{least} to {most}"),
        _ => "none".into(),
    }
}

fn write_builds(part: &mut String, scores: &Scores, alone: &Score) -> Result<()> {
    let rounds = alone.figures(Build::seconds).len();
    writeln!(
        part,
        "\n### A build\n\nbusybox from Debian's source package, configured with nothing in it; \
         {rounds} rounds that count of {}, strace in one of {ROUNDS_FOR_STRACE}.\n\n\
         | command | time (least to most) | slow-down (least to most) | CPU time of all | more CPU \
         time (least to most) | execs told | own CPU time | own peak RSS |\n\
         | --- | --- | --- | --- | --- | --- | --- | --- |",
        rounds + scores.disturbed
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
    let (mut slower, mut more_cpu, mut execs) = (String::new(), String::new(), String::new());
    if score.contestant != Contestant::Nobody {
        slower = with_range(&score.more_than(alone, Build::seconds));
        more_cpu = with_range(&score.more_than(alone, Build::cpu_seconds));
        execs = least_to_most(&told(score));
    }
    format!(
        "| `{}` | {:.2} s ({least:.2} to {most:.2}) | {slower} | {:.2} s | {more_cpu} | {execs} | \
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
    let itself = observed.pairs(alone, |own, alone| command(own) / alone.seconds() - 1.0);
    let around = observed.figures(|build| (build.seconds() - command(build)) * 1e3);
    let reader = observed.pairs(alone, |own, alone| own.own_cpu_seconds() / alone.cpu_seconds());
    let rest = observed.pairs(alone, |own, alone| {
        (own.cpu_seconds() - own.own_cpu_seconds()) / alone.cpu_seconds() - 1.0
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
    let builds = scores.present.iter().flat_map(|score| score.builds.iter().flatten());
    let others = builds.map(|build| build.others);
    let (least, most) = range(others.clone());
    writeln!(
        part,
        "\nOthers on the machine took {:.0} % of one CPU during a build that counts ({:.0} % to {:.0} %).",
        median(others) * 100.0,
        least * 100.0,
        most * 100.0,
    )?;
    Ok(())
}

const METHOD: &str = "
### How a build is measured

A round is the build once beside each in a new copy of the sources, which are in memory; the order is
turned round from round to round, and a first round does not count. Time is from before the start of the
command to its end. CPU time is the kernel's own sum for the command and all that it waited for; own CPU
time and own peak (`VmHWM`, looked at every 20 ms) are those of the one process that was started: make,
observer or strace. A slow-down is one build's time divided by that of the build alone in the same round,
that of strace, which is there for scale, divided by the median. Figures are medians over the rounds. A
round does not count if others on the machine took more than 20 % of one CPU during one of its builds,
unless less than three would remain. A busy machine has fewer rounds.

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

    #[test]
    fn execs_that_differ_between_rounds_stand_out() {
        assert_eq!(least_to_most(&[7, 7]), "7");
        assert_eq!(least_to_most(&[6, 7]), "6 to 7");
        assert_eq!(least_to_most(&[]), "none");
    }
}
