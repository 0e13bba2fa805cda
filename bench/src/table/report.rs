//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;

use anyhow::Result;

use super::AIMED_AT;
use super::asked::{Job, Peer};
use super::program::{COUNTED_LIVES, TIMED_LIVES};
use super::rounds::{Idle, Outcome, Scores};
use crate::aim::{self, Aim};
use crate::stats::{float, median, megabytes, range};

/// What stands below the heading of the part.
pub(crate) fn write(outcomes: &[Outcome]) -> Result<String> {
    let mut part = String::new();
    aim::write(&mut part, &aims(outcomes))?;
    for outcome in outcomes {
        match outcome {
            Ok(scores) => write_scores(&mut part, scores)?,
            Err((size, why)) => writeln!(
                part,
                "\n### A live table of {} processes\n\nLeft out: this machine does not allow \
                 them: {why}.",
                size.processes
            )?,
        }
    }
    write_growth(&mut part, outcomes)?;
    write_calls(&mut part)?;
    part.push_str(METHOD);
    Ok(part)
}

/// Empty if the machine cannot have so many processes; the part says so below.
fn aims(outcomes: &[Outcome]) -> Vec<Aim> {
    let mut measured = outcomes.iter().flatten();
    let Some(scores) = measured.find(|scores| scores.size.processes == AIMED_AT) else {
        return Vec::new();
    };
    vec![
        time_aim(scores, Job::Table, 0.3),
        time_aim(scores, Job::Default, 3.0),
        speed_aim(scores, Job::Default, Peer::Ps, 40.0),
        speed_aim(scores, Job::Default, Peer::Psgo, 150.0),
        time_aim(scores, Job::DefaultReread, 18.0),
        memory_aim(scores),
        flatness_aim(scores),
        event_aim(scores),
        idle_aim(scores.idle),
    ]
}

fn time_aim(scores: &Scores, job: Job, bound_ms: f64) -> Aim {
    let time = scores.median(job);
    Aim {
        what: format!("snapshot, {}", job.name()),
        bound: format!("at most {bound_ms} ms"),
        measured: milliseconds(time),
        met: time <= bound_ms * 1e6,
    }
}

fn speed_aim(scores: &Scores, job: Job, peer: Peer, bound: f64) -> Aim {
    let ratios = scores.times_faster(job, peer);
    let ratio = (!ratios.is_empty()).then(|| median(ratios));
    Aim {
        what: format!("snapshot, {}, beside `{}`", job.name(), peer.typed()),
        bound: format!("at least {bound} times faster"),
        measured: ratio.map_or_else(|| "not measured".into(), |ratio| format!("{ratio:.0} times")),
        met: ratio.is_some_and(|ratio| ratio >= bound),
    }
}

fn memory_aim(scores: &Scores) -> Aim {
    let bytes = scores.bytes_a_process();
    Aim {
        what: "memory of a process, beside its arguments".into(),
        bound: "at most 1024 bytes".into(),
        measured: format!("{bytes:.0} bytes"),
        met: bytes <= 1024.0,
    }
}

fn flatness_aim(scores: &Scores) -> Aim {
    let growth = growth_percent(scores.before_and_after);
    Aim {
        what: format!("memory of a table after {COUNTED_LIVES} short lives"),
        bound: "within 5 % of what it was".into(),
        measured: format!("{growth:+.1} %"),
        met: growth.abs() <= 5.0,
    }
}

fn event_aim(scores: &Scores) -> Aim {
    let time = median(scores.event_ns.iter().copied());
    Aim {
        what: "work of the table for one event".into(),
        bound: "at most 1 µs".into(),
        measured: format!("{:.2} µs", time / 1e3),
        met: time <= 1e3,
    }
}

fn idle_aim(idle: Idle) -> Aim {
    let percent = idle.percent();
    let changes = float(idle.changes) / idle.watched.as_secs_f64();
    Aim {
        what: "CPU time when nothing happens".into(),
        bound: "below 0.1 %".into(),
        measured: format!("{percent:.3} % at {changes:.1} changes a second"),
        met: percent < 0.1,
    }
}

fn write_scores(part: &mut String, scores: &Scores) -> Result<()> {
    let (fewest, most) = scores.running();
    writeln!(
        part,
        "\n### A live table of {} processes\n\n{fewest} to {most} running, {} rounds.\n\n\
         | what | time (least to most) | faster than `{}` (least to most) | \
         faster than `{}` (least to most) |\n| --- | --- | --- | --- |",
        scores.size.processes,
        scores.size.rounds,
        Peer::Ps.typed(),
        Peer::Psgo.typed()
    )?;
    for job in Job::ALL {
        writeln!(
            part,
            "| {} | {} | {} | {} |",
            job.name(),
            with_range(scores.job(job)),
            faster(scores, job, Peer::Ps),
            faster(scores, job, Peer::Psgo)
        )?;
    }
    for peer in Peer::ALL {
        let times: Vec<f64> = scores.peer(peer).map(|one| one.wall.as_secs_f64() * 1e9).collect();
        let time = if times.is_empty() { "failed".into() } else { with_range(times) };
        writeln!(part, "| `{}` | {time} | | |", peer.typed())?;
    }
    for peer in Peer::ALL {
        if let (failures, Some(why)) = scores.failures(peer) {
            writeln!(
                part,
                "\n`{}` failed in {failures} of {} rounds: {why}",
                peer.typed(),
                scores.rounds.len()
            )?;
        }
    }
    write_rest(part, scores)
}

/// What is not a question to a monitor.
fn write_rest(part: &mut String, scores: &Scores) -> Result<()> {
    let (least, most) = range(scores.event_ns.iter().map(|time| time / 1e3));
    let starts = scores.rounds.iter().map(|round| round.start_ns);
    let kib = |bytes: u64| megabytes(float(bytes) / 1024.0);
    let (before, after) = scores.before_and_after;
    let Idle { watched, changes, .. } = scores.idle;
    writeln!(part, "\n- Start to ready: {}.", with_range(starts))?;
    writeln!(
        part,
        "- Memory: {} of the heap, of which {} are arguments; the rest is {:.0} bytes a process.",
        kib(scores.memory.heap_bytes),
        kib(scores.memory.argument_bytes),
        scores.bytes_a_process()
    )?;
    writeln!(
        part,
        "- Memory of a table after {COUNTED_LIVES} short lives: {}, before them {}: {:+.1} %.",
        kib(after),
        kib(before),
        growth_percent(scores.before_and_after)
    )?;
    writeln!(
        part,
        "- One event: {:.2} µs ({least:.2} to {most:.2}), of {TIMED_LIVES} short lives of four \
         events each.",
        median(scores.event_ns.iter().copied()) / 1e3
    )?;
    writeln!(
        part,
        "- Idle: {:.3} % of a CPU over {} s, in which it received {changes} changes.",
        scores.idle.percent(),
        watched.as_secs()
    )?;
    Ok(())
}

/// Time of each process at each size, and how the largest compares with the smallest.
fn write_growth(part: &mut String, outcomes: &[Outcome]) -> Result<()> {
    let measured: Vec<&Scores> = outcomes.iter().flatten().collect();
    let (Some(smallest), Some(largest)) = (measured.first(), measured.last()) else {
        return Ok(());
    };
    write!(part, "\n### Growth\n\nMicroseconds a process at each number of them.\n\n| what |")?;
    for scores in &measured {
        write!(part, " {} |", scores.size.processes)?;
    }
    writeln!(part, " most beside fewest |\n| --- |{} --- |", " --- |".repeat(measured.len()))?;
    for job in Job::ALL {
        write!(part, "| {} |", job.name())?;
        for scores in &measured {
            write!(part, " {:.3} |", scores.nanoseconds_a_process(job) / 1e3)?;
        }
        let ratio = largest.nanoseconds_a_process(job) / smallest.nanoseconds_a_process(job);
        writeln!(part, " {ratio:.2} times |")?;
    }
    Ok(())
}

fn write_calls(part: &mut String) -> Result<()> {
    writeln!(part, "\n### The calls and the commands\n")?;
    for job in Job::ALL {
        writeln!(part, "- {}: {}", job.name(), job.call())?;
    }
    let peers = Peer::ALL.map(|peer| format!("`{}`", peer.typed()));
    writeln!(part, "- beside them: {}", peers.join("; "))?;
    Ok(())
}

fn growth_percent((before, after): (u64, u64)) -> f64 {
    (float(after) / float(before.max(1)) - 1.0) * 100.0
}

/// Of nanoseconds.
fn with_range(times: impl IntoIterator<Item = f64>) -> String {
    let times: Vec<f64> = times.into_iter().collect();
    let (least, most) = range(times.iter().copied());
    format!("{} ({} to {})", milliseconds(median(times)), digits(least), digits(most))
}

fn milliseconds(nanoseconds: f64) -> String {
    format!("{} ms", digits(nanoseconds))
}

/// Nanoseconds as milliseconds, with as many decimals as tell something.
fn digits(nanoseconds: f64) -> String {
    let decimals = if nanoseconds < 1e7 { 3 } else { 1 };
    format!("{:.decimals$}", nanoseconds / 1e6)
}

fn faster(scores: &Scores, job: Job, peer: Peer) -> String {
    let ratios = scores.times_faster(job, peer);
    if ratios.is_empty() {
        return "not measured".into();
    }
    let (least, most) = range(ratios.iter().copied());
    format!("{} times ({} to {})", times(median(ratios)), times(least), times(most))
}

/// A small ratio with a decimal, which matters there.
fn times(ratio: f64) -> String {
    let decimals = usize::from(ratio < 10.0);
    format!("{ratio:.decimals$}")
}

const METHOD: &str = "
### How a live table is measured

Idle processes are the same as for the snapshots above. A program of ours (`observer/benches/table`)
holds a monitor and is told what to do; it takes its times itself, in the same process, as whoever
uses the library would see them: from the question until the answer has been used and thrown away. A
round starts it anew, asks for each thing several times, of which the median counts, and then runs
each command once with its output in a file in memory; a first round does not count. A command's time
is of all of it, from before its start to its end. So many times faster means its time divided by the
other's in the same round. Figures are medians over the rounds. A round that others on the machine
disturbed is measured again: they may take 12 % of a CPU more than they take all the time, as some
threads of the kernel do, which is told from the least that they took of three looks and more before
it.

From start to ready: until every process is in the table and nothing is missed any more. Memory: what
the program took of the heap from before the monitor's start until after it, counted by its allocator
with what malloc(3) adds to each piece; of arguments that several processes share one copy counts. The
ring, which is mapped and does not grow, is left out. One event: the mean over a made-up history that is
fed to the table alone, a fork, an exec, an exit and a free of each life, 10,000 lives a second, over as
many processes that stay; what events and changes take to be thrown away is in it, what their decoding
and handing out takes is not. Memory after a history is of the same kind, with the dead forgotten. Idle:
CPU time that the scheduler counted for all threads of the program while nobody asked it anything.

What limits it: a command pays for its own start and for its output, a snapshot for neither; what text
and JSON cost stands in lines of their own. A monitor of the library is beside commands because that is
the choice that a program has. Over few processes the question to the thread
and its answer are most of the time. A monitor keeps besides its table the last changes for those who
continue from a token, up to 65,536 of them; after a start there are none. Idle processes have few
mappings and one thread: a walk of real ones takes somewhat longer.
";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rounds::{Round, Size};
    use super::super::session::Memory;
    use super::*;
    use crate::measured::Sample;

    /// ps takes 160 ms and psgo 640 ms; a job takes as many tenths of a millisecond as its place.
    fn scores(processes: u64) -> Scores {
        let sample = |wall| Sample {
            wall: Duration::from_millis(wall),
            cpu: Duration::from_millis(wall),
            peak_rss: 1,
        };
        let jobs_ns = (1..=8_u64).map(|place| float(place) * 1e5).collect::<Vec<_>>();
        let round = || Round {
            start_ns: 9e7,
            processes,
            jobs_ns: jobs_ns.clone(),
            peers: vec![Ok(sample(160)), Ok(sample(640))],
        };
        Scores {
            size: Size { processes, rounds: 3, repetitions: 1 },
            rounds: vec![round(), round(), round()],
            memory: Memory { heap_bytes: 1_100 * 5_000, argument_bytes: 500_000, processes: 5_000 },
            idle: Idle {
                watched: Duration::from_secs(10),
                cpu: Duration::from_millis(5),
                changes: 2,
            },
            event_ns: vec![900.0, 1_500.0, 800.0],
            before_and_after: (1_000_000, 1_030_000),
        }
    }

    fn verdicts(aims: &[Aim]) -> Vec<(&str, bool)> {
        aims.iter().map(|aim| (aim.measured.as_str(), aim.met)).collect()
    }

    #[test]
    fn aims_are_about_one_number_of_processes() {
        assert!(aims(&[Ok(scores(500))]).is_empty());
        let aims = aims(&[Ok(scores(500)), Ok(scores(AIMED_AT))]);
        let expected = [
            ("0.100 ms", true),
            ("0.400 ms", true),
            ("400 times", true),
            ("1600 times", true),
            ("0.500 ms", true),
            ("1000 bytes", true),
            ("+3.0 %", true),
            ("0.90 µs", true),
            ("0.050 % at 0.2 changes a second", true),
        ];
        assert_eq!(verdicts(&aims), expected);
    }

    #[test]
    fn what_is_slower_or_larger_than_its_aim_misses() {
        let mut slow = scores(AIMED_AT);
        for round in &mut slow.rounds {
            round.jobs_ns.iter_mut().for_each(|time| *time *= 100.0);
        }
        slow.memory.heap_bytes *= 2;
        slow.idle.cpu *= 2;
        slow.event_ns = vec![1_100.0];
        slow.before_and_after = (1_000_000, 900_000);
        assert!(aims(&[Ok(slow)]).iter().all(|aim| !aim.met));
    }

    #[test]
    fn every_job_has_a_row_beside_both_peers() {
        let mut part = String::new();
        write_scores(&mut part, &scores(AIMED_AT)).unwrap();
        assert!(part.contains("\n\n5000 to 5000 running, 3 rounds.\n"), "{part}");
        let table = "| table only | 0.100 ms (0.100 to 0.100) | 1600 times (1600 to 1600) | \
                     6400 times (6400 to 6400) |";
        assert!(part.contains(table), "{part}");
        assert_eq!([times(1.42), times(42.4)], ["1.4", "42"]);
        assert!(part.contains("| `psgo` | 640.0 ms (640.0 to 640.0) | | |"), "{part}");
        assert!(part.contains("- Memory: 5.5 MB of the heap, of which 0.5 MB are arguments"));
        assert!(part.contains("- One event: 0.90 µs (0.80 to 1.50)"), "{part}");
        assert!(part.contains("- Idle: 0.050 % of a CPU over 10 s, in which"), "{part}");
    }

    #[test]
    fn a_peer_that_failed_is_no_measure() {
        let mut failed = scores(AIMED_AT);
        for round in &mut failed.rounds {
            round.peers[1] = Err("too many open files".into());
        }
        let mut part = String::new();
        write_scores(&mut part, &failed).unwrap();
        assert!(part.contains("| `psgo` | failed | | |"), "{part}");
        assert!(part.contains("`psgo` failed in 3 of 3 rounds: too many open files"), "{part}");
        let aims = aims(&[Ok(failed)]);
        let unmeasured = aims.iter().filter(|aim| aim.measured == "not measured" && !aim.met);
        assert_eq!(unmeasured.count(), 1);
    }

    #[test]
    fn growth_compares_the_most_processes_with_the_fewest() {
        let size = Size { processes: 20_000, rounds: 1, repetitions: 1 };
        let outcomes = [Ok(scores(500)), Ok(scores(AIMED_AT)), Err((size, "too small".to_owned()))];
        let part = write(&outcomes).unwrap();
        assert!(part.contains("| what | 500 | 5000 | most beside fewest |"), "{part}");
        assert!(part.contains("| table only | 0.200 | 0.020 | 0.10 times |"), "{part}");
        assert!(part.contains("20000 processes\n\nLeft out: this machine does not allow them"));
    }
}
