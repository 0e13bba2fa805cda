//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;

use anyhow::{Result, bail};

use super::AIMED_AT;
use super::contest::{Contestant, Job, Program};
use super::rounds::{Outcome, Score, Scores};
use crate::aim::{self, Aim};
use crate::measured::Sample;
use crate::stats::{float, median, megabytes, range};

/// What stands below the heading of the part.
pub(crate) fn write(contestants: &[Contestant], outcomes: &[Outcome]) -> Result<String> {
    let mut part = String::new();
    aim::write(&mut part, &aims(outcomes)?)?;
    for outcome in outcomes {
        match outcome {
            Ok(scores) => write_scores(&mut part, scores)?,
            Err((size, why)) => writeln!(
                part,
                "\n### {} processes\n\nLeft out: this machine does not allow them: {why}.",
                size.processes
            )?,
        }
    }
    write_commands(&mut part, contestants)?;
    part.push_str(METHOD);
    Ok(part)
}

/// Empty if the machine cannot have so many processes; the part says so below.
fn aims(outcomes: &[Outcome]) -> Result<Vec<Aim>> {
    let measured = outcomes.iter().flatten();
    let Some(scores) = measured.clone().find(|scores| scores.size.processes == AIMED_AT) else {
        return Ok(Vec::new());
    };
    let ours = |job| scores.of(job, Program::Observer);
    let ps = |job| scores.of(job, Program::Ps);
    let psgo = |job| scores.of(job, Program::Psgo);
    let (default, all) = (ours(Job::Default)?, ours(Job::All)?);
    let ps_ef = ps(Job::Default)?;
    Ok(vec![
        time_aim("default columns, beside `ps -ef`", default, ps_ef, 0.45),
        time_aim("default columns, beside psgo", default, psgo(Job::Default)?, 0.12),
        time_aim("all 32 columns, beside `ps -ef`", all, ps_ef, 0.9),
        time_aim("psgo's columns, beside psgo", ours(Job::Peer)?, psgo(Job::Peer)?, 0.1),
        memory_aim("default columns, beside `ps -ef`", default, ps_ef),
        memory_aim("all 32 columns, beside the nearest of ps", all, ps(Job::All)?),
    ])
}

fn time_aim(what: &str, own: &Score, other: &Score, bound: f64) -> Aim {
    let ratio = own.ratio(other);
    Aim {
        what: format!("time, {what}"),
        bound: format!("at most {bound}"),
        measured: ratio.map_or_else(not_measured, |ratio| format!("{ratio:.3}")),
        met: ratio.is_some_and(|ratio| ratio <= bound),
    }
}

fn memory_aim(what: &str, own: &Score, other: &Score) -> Aim {
    let (size, bound) = (own.median(Sample::peak_kib), other.median(Sample::peak_kib));
    Aim {
        what: format!("peak resident size, {what}"),
        bound: bound.map_or_else(not_measured, |bound| format!("at most {}", megabytes(bound))),
        measured: size.map_or_else(not_measured, megabytes),
        met: size.zip(bound).is_some_and(|(size, bound)| size <= bound),
    }
}

fn not_measured() -> String {
    "not measured".into()
}

fn write_scores(part: &mut String, scores: &Scores) -> Result<()> {
    writeln!(
        part,
        "\n### {} processes\n\n{} running, {} rounds.\n\n\
         | job | program | time (least to most) | observer's part of it (least to most) | \
         CPU time | peak RSS |\n| --- | --- | --- | --- | --- | --- |",
        scores.size.processes, scores.running, scores.size.rounds
    )?;
    for score in &scores.all {
        writeln!(part, "{}", row(scores, score)?)?;
    }
    for score in &scores.all {
        if let Some(why) = &score.failure {
            writeln!(
                part,
                "\n{}, {}: failed in {} of {} rounds: {why}",
                score.program(),
                score.job(),
                score.failures(),
                score.samples.len()
            )?;
        }
    }
    write_floor(part, scores)
}

fn row(scores: &Scores, score: &Score) -> Result<String> {
    let (job, program) = (score.job(), score.program());
    let Some(time) = score.median(Sample::milliseconds) else {
        return Ok(format!("| {job} | {program} | failed | | | |"));
    };
    let (least, most) = score.range(Sample::milliseconds);
    let cpu = score.median(Sample::cpu_milliseconds).unwrap_or_default();
    let peak = score.median(Sample::peak_kib).unwrap_or_default();
    Ok(format!(
        "| {job} | {program} | {time:.1} ms ({least:.1} to {most:.1}) | {} | {cpu:.1} ms | {} |",
        part_of(scores, score)?,
        megabytes(peak),
    ))
}

/// Observer's time as a part of a peer's.
fn part_of(scores: &Scores, peer: &Score) -> Result<String> {
    if peer.contestant.program == Program::Observer {
        return Ok(String::new());
    }
    let ratios = scores.of(peer.contestant.job, Program::Observer)?.ratios(peer);
    let (least, most) = range(ratios.iter().copied());
    Ok(format!("{:.3} ({least:.3} to {most:.3})", median(ratios)))
}

fn write_floor(part: &mut String, scores: &Scores) -> Result<()> {
    let floor = median(scores.floor.iter().copied());
    let (least, most) = range(scores.floor.iter().copied());
    writeln!(
        part,
        "\nFloor: {floor:.1} µs a process ({least:.1} to {most:.1}) for plain reads of its `stat`, \
         `status` and `cmdline` on one thread. Beside it:\n"
    )?;
    let ours = |score: &&Score| score.contestant.program == Program::Observer;
    for score in scores.all.iter().filter(ours) {
        let each = |milliseconds: f64| milliseconds * 1e3 / float(scores.running);
        let time = score.median(Sample::milliseconds).map_or(f64::NAN, each);
        let cpu = score.median(Sample::cpu_milliseconds).map_or(f64::NAN, each);
        writeln!(
            part,
            "- {}: {time:.1} µs a process, {:.2} times the floor; {cpu:.1} µs of CPU time, {:.2} times.",
            score.job(),
            time / floor,
            cpu / floor
        )?;
    }
    Ok(())
}

fn write_commands(part: &mut String, contestants: &[Contestant]) -> Result<()> {
    writeln!(part, "\n### The commands\n")?;
    for job in Job::ALL {
        let of_job = contestants.iter().filter(|contestant| contestant.job == job);
        let typed: Vec<_> = of_job.map(|contestant| format!("`{}`", contestant.typed())).collect();
        if typed.is_empty() {
            bail!("nobody does {}", job.name());
        }
        writeln!(part, "- {}: {}", job.name(), typed.join("; "))?;
    }
    part.push_str(COLUMNS);
    Ok(())
}

impl Score {
    fn job(&self) -> &'static str {
        self.contestant.job.name()
    }

    fn program(&self) -> &'static str {
        self.contestant.program.name()
    }
}

const COLUMNS: &str = "
ps has most of psgo's columns under other names. Where it has none, it prints as many of the same
kind from the same file: masks of signals for masks of capabilities, the ids of file access for
those on the host, the number of threads for seccomp. psgo is Debian's library under a small program
of ours (`peers/psgo`) with the layout of the library's sample.
";

const METHOD: &str = "
### How it is measured

Idle processes with names, users and arguments of several kinds are started until there are as many
as the heading says. A round is every command once, in the order of the table, and the floor; a first
round does not count. Time is of the whole command, from before its start to its end, with its output
in a file in memory; CPU time and peak are the kernel's own sums of the ended command (`getrusage`).
A part is one command's time divided by the other's in the same round. Figures are medians over the
rounds. Each table must have a line for every idle process. A round that others on the machine disturbed
is measured again: they may take 12 % of a CPU more than they take all the time, as some threads of
the kernel do, which is told from the least that they took of three looks and more before it.

What limits it: a command of a few milliseconds is mostly its own start. The floor leaves out listing
/proc and starting a program. No peak can be below that of the small process that starts the command.
Idle processes have little memory and one thread: real ones take somewhat longer to read.
";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::contest;
    use super::super::rounds::Size;
    use super::*;

    /// Observer takes 40 ms and 8 MB, ps 100 ms and 20 MB, psgo 500 ms and 60 MB.
    fn sample(program: Program) -> Sample {
        let (wall, peak_mb) = match program {
            Program::Observer => (40, 8),
            Program::Ps => (100, 20),
            Program::Psgo => (500, 60),
        };
        Sample {
            wall: Duration::from_millis(wall),
            cpu: Duration::from_millis(wall / 2),
            peak_rss: peak_mb * 1_000_000 / 1024,
        }
    }

    fn scores(processes: u64) -> Scores {
        let score = |contestant: Contestant| {
            let samples = vec![Some(sample(contestant.program)); 3];
            Score { samples, ..Score::new(contestant) }
        };
        Scores {
            size: Size { processes, rounds: 3 },
            running: 5_000,
            all: contest::all_of("args, pid").into_iter().map(score).collect(),
            floor: vec![4.0, 2.0, 5.0],
        }
    }

    #[test]
    fn aims_are_about_one_number_of_processes() {
        assert!(aims(&[Ok(scores(500))]).unwrap().is_empty());
        let aims = aims(&[Ok(scores(500)), Ok(scores(AIMED_AT))]).unwrap();
        let verdicts: Vec<_> = aims.iter().map(|aim| (aim.measured.as_str(), aim.met)).collect();
        let ratios = [("0.400", true), ("0.080", true), ("0.400", true), ("0.080", true)];
        assert_eq!(verdicts, [&ratios[..], &[("8.0 MB", true); 2]].concat());
    }

    #[test]
    fn a_slower_observer_misses() {
        let mut slow = scores(AIMED_AT);
        for score in &mut slow.all {
            if score.contestant.program == Program::Observer {
                score.samples = vec![Some(sample(Program::Psgo)); 3];
            }
        }
        assert!(aims(&[Ok(slow)]).unwrap().iter().all(|aim| !aim.met));
    }

    #[test]
    fn every_command_has_a_row_with_its_part() {
        let mut part = String::new();
        write_scores(&mut part, &scores(AIMED_AT)).unwrap();
        let ps = "| default columns | ps | 100.0 ms (100.0 to 100.0) | 0.400 (0.400 to 0.400) | \
                  50.0 ms | 20.0 MB |";
        assert!(part.contains(ps), "{part}");
        assert!(part.contains("| `pid` only | psgo | 500.0 ms"), "{part}");
        // 40 ms for 5,000 processes are 8 µs for each, where the floor is 4.
        assert!(part.contains("- JSON: 8.0 µs a process, 2.00 times the floor; 4.0 µs"), "{part}");
    }

    #[test]
    fn a_peer_that_failed_is_no_measure() {
        let mut failed = scores(AIMED_AT);
        for score in &mut failed.all {
            if score.contestant.program == Program::Psgo {
                score.samples = vec![None; 3];
                score.failure = Some("too many open files".into());
            }
        }
        let mut part = String::new();
        write_scores(&mut part, &failed).unwrap();
        assert!(part.contains("| default columns | psgo | failed | | | |"), "{part}");
        assert!(part.contains("psgo, `pid` only: failed in 3 of 3 rounds: too many open files"));
        let aims = aims(&[Ok(failed)]).unwrap();
        let unmeasured = aims.iter().filter(|aim| aim.measured == "not measured" && !aim.met);
        assert_eq!(unmeasured.count(), 2);
    }

    #[test]
    fn a_size_that_was_left_out_says_why() {
        let size = Size { processes: 20_000, rounds: 1 };
        let outcomes = [Ok(scores(AIMED_AT)), Err((size, "too small".to_owned()))];
        let part = write(&contest::all_of("args, pid"), &outcomes).unwrap();
        assert!(part.contains(
            "### 20000 processes\n\nLeft out: this machine does not allow them: too small."
        ));
        assert!(
            part.contains("- psgo's columns: `observer ps -o args,pid`; `psgo -format args,pid`")
        );
    }
}
