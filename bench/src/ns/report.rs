//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;

use anyhow::Result;

use super::asked::Asked;
use super::rounds::{Score, Scores};
use super::worlds;
use crate::aim::{self, Aim};
use crate::measured::Sample;
use crate::score::median_of;
use crate::stats::{float, median, megabytes, range};

/// What stands below the heading of the part.
pub(crate) fn write(scores: &Scores) -> Result<String> {
    let mut part = String::new();
    aim::write(&mut part, &aims(scores)?)?;
    write_scores(&mut part, scores)?;
    write_floors(&mut part, scores)?;
    part.push_str(METHOD);
    Ok(part)
}

fn aims(scores: &Scores) -> Result<Vec<Aim>> {
    let (tree, table) = (scores.of(Asked::Tree)?, scores.of(Asked::Table)?);
    let (lsns, owners) = (scores.of(Asked::Lsns)?, scores.of(Asked::LsnsOwners)?);
    let command_aim = |own: &Score, peer: &Score, bound| {
        let what = format!("`{}`", own.contestant.typed());
        aim(&what, peer, own.ratios(peer), bound)
    };
    Ok(vec![
        command_aim(tree, lsns, 0.15),
        command_aim(table, lsns, 0.15),
        command_aim(tree, owners, 0.15),
        aim(MONITOR, lsns, scores.monitor_ratios(lsns), 0.02),
    ])
}

const MONITOR: &str = "a running monitor";

fn aim(what: &str, peer: &Score, ratios: Vec<f64>, bound: f64) -> Aim {
    let ratio = median_of(ratios.into_iter());
    Aim {
        what: format!("time, {what} beside `{}`", peer.contestant.typed()),
        bound: format!("at most {bound}"),
        measured: ratio.map_or_else(|| "not measured".into(), |ratio| format!("{ratio:.3}")),
        met: ratio.is_some_and(|ratio| ratio <= bound),
    }
}

fn write_scores(part: &mut String, scores: &Scores) -> Result<()> {
    write!(
        part,
        "\n### {} processes\n\n{} running, {} namespaces beside those of the machine, {} rounds.\n\n\
         | what | time (least to most) |",
        scores.size.processes,
        scores.running,
        worlds::namespaces(),
        scores.size.rounds
    )?;
    for peer in Asked::PEERS {
        write!(part, " part of `{}` (least to most) |", peer.typed())?;
    }
    writeln!(
        part,
        " CPU time | peak RSS |\n| --- | --- |{} --- | --- |",
        " --- |".repeat(Asked::PEERS.len())
    )?;
    let parts = parts(scores, |peer| scores.monitor_ratios(peer))?;
    writeln!(part, "| {MONITOR} | {} |{parts} | |", with_range(&scores.monitor_ms))?;
    for score in &scores.all {
        writeln!(part, "{}", row(scores, score)?)?;
    }
    for score in &scores.all {
        if let Some(why) = &score.failure {
            let (failures, rounds) = (score.failures(), score.samples.len());
            let typed = score.contestant.typed();
            writeln!(part, "\n`{typed}` failed in {failures} of {rounds} rounds: {why}")?;
        }
    }
    Ok(())
}

fn row(scores: &Scores, score: &Score) -> Result<String> {
    let typed = score.contestant.typed();
    let times: Vec<f64> = score.times().flatten().collect();
    if times.is_empty() {
        return Ok(format!("| `{typed}` | failed |{} | |", " |".repeat(Asked::PEERS.len())));
    }
    let parts = if score.contestant.is_peer() {
        " |".repeat(Asked::PEERS.len())
    } else {
        parts(scores, |peer| score.ratios(peer))?
    };
    let cpu = score.median(Sample::cpu_milliseconds).unwrap_or_default();
    let peak = score.median(Sample::peak_kib).unwrap_or_default();
    let time = with_range(&times);
    Ok(format!("| `{typed}` | {time} |{parts} {cpu:.1} ms | {} |", megabytes(peak)))
}

/// A cell a peer.
fn parts(scores: &Scores, ratios: impl Fn(&Score) -> Vec<f64>) -> Result<String> {
    let mut cells = String::new();
    for peer in Asked::PEERS {
        let ratios = ratios(scores.of(peer)?);
        if ratios.is_empty() {
            cells.push_str(" not measured |");
        } else {
            let (least, most) = range(ratios.iter().copied());
            write!(cells, " {:.3} ({least:.3} to {most:.3}) |", median(ratios))?;
        }
    }
    Ok(cells)
}

/// Of milliseconds.
fn with_range(times: &[f64]) -> String {
    let (least, most) = range(times.iter().copied());
    format!("{:.1} ms ({least:.1} to {most:.1})", median(times.iter().copied()))
}

fn write_floors(part: &mut String, scores: &Scores) -> Result<()> {
    let [one, two] = [0, 1].map(|at| {
        let floors = scores.floors.iter().filter_map(|floors| floors.get(at).copied());
        let (least, most) = range(floors.clone());
        (median(floors), format!("({least:.1} to {most:.1})"))
    });
    writeln!(
        part,
        "\nFloor: {:.1} µs a process {} for reading the eight links of each on one thread, {:.1} µs \
         {} on two. Beside it:\n",
        one.0, one.1, two.0, two.1
    )?;
    let times = scores.all.iter().filter(|score| !score.contestant.is_peer()).map(|score| {
        let what = format!("`{}`", score.contestant.typed());
        (what, score.median(Sample::milliseconds).unwrap_or(f64::NAN))
    });
    let monitor = (MONITOR.to_owned(), median(scores.monitor_ms.iter().copied()));
    for (what, milliseconds) in std::iter::once(monitor).chain(times) {
        let time = milliseconds * 1e3 / float(scores.running);
        writeln!(
            part,
            "- {what}: {time:.1} µs a process, {:.2} times the floor on one thread, {:.2} times that \
             on two.",
            time / one.0,
            time / two.0
        )?;
    }
    Ok(())
}

const METHOD: &str = "
### How namespaces are measured

Idle processes are the same as for the snapshots above. Among them are 40 that unshare(1) started with
namespaces of their own: 10 with uts; 10 with ipc and net; 10 with mount, uts, ipc, net and pid; 10 with
user, mount, cgroup and time. A round is the monitor, then every command once, in the order of the
table, then the floor; a first round does not count. Time is of the whole command, from before its start
to its end, with its output in a file in memory; CPU time and peak are the kernel's own sums of the ended
command (`getrusage`). A part is one time divided by the other in the same round. Figures are medians
over the rounds. Each list must have a line for every namespace that was made. A round that others on
the machine disturbed is measured again, as for the snapshots.

A running monitor: a program of ours (`observer/benches/table`) holds a monitor, which is started anew
in each round and has ended before the commands run. It is asked several times, of which the median
counts: `monitor.snapshot_for(namespace::FACTS)`, `listing`, `Namespaces::of`, until all of it has been
thrown away.

`lsns` shows six columns of each namespace; `lsns -T` and `lsns --tree=owner` arrange the namespaces by
the user namespaces to which they belong, as `observer ns` does, which reads two links of each process
more, those of its children's namespaces, and where namespaces are mounted. `--deep` looks at every
thread, open file and socket as well, which `lsns` does not.

What limits it: the floor leaves out listing /proc, starting a program, and `stat`, which tells the
parent, zombies and kernel threads. No peak can be below that of the small process that starts the
command. A monitor of the library is beside a command, which pays for its own start and for its output.
Idle processes have one thread and three open files: a deep look at real ones takes longer.
";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::rounds::Size;
    use super::*;

    /// Observer takes 20 ms and 8 MB, lsns 200 ms and 20 MB, a monitor 3 ms.
    fn scores() -> Scores {
        let score = |asked: Asked| {
            let (wall, peak_mb) = if asked.is_peer() { (200, 20) } else { (20, 8) };
            let sample = Sample {
                wall: Duration::from_millis(wall),
                cpu: Duration::from_millis(wall / 2),
                peak_rss: peak_mb * 1_000_000 / 1024,
            };
            Score { samples: vec![Some(sample); 3], ..Score::new(asked) }
        };
        Scores {
            size: Size { processes: 5_000, rounds: 3, repetitions: 1 },
            running: 5_000,
            all: Asked::ALL.map(score).into(),
            monitor_ms: vec![3.0, 2.0, 4.0],
            floors: vec![[4.0, 2.0], [2.0, 1.0], [5.0, 3.0]],
        }
    }

    fn verdicts(scores: &Scores) -> Vec<(String, bool)> {
        aims(scores).unwrap().into_iter().map(|aim| (aim.measured, aim.met)).collect()
    }

    #[test]
    fn each_aim_is_beside_its_peer() {
        let ratios = [("0.100", true), ("0.100", true), ("0.100", true), ("0.015", true)];
        assert_eq!(verdicts(&scores()), ratios.map(|(ratio, met)| (ratio.to_owned(), met)));
    }

    #[test]
    fn what_is_slower_than_its_aim_misses() {
        let mut slow = scores();
        slow.monitor_ms = vec![5.0; 3];
        for score in slow.all.iter_mut().filter(|score| !score.contestant.is_peer()) {
            score.samples.iter_mut().flatten().for_each(|sample| sample.wall *= 2);
        }
        assert!(verdicts(&slow).iter().all(|(_, met)| !met));
    }

    #[test]
    fn everything_has_a_row_with_its_parts() {
        let part = write(&scores()).unwrap();
        let monitor = "| a running monitor | 3.0 ms (2.0 to 4.0) | 0.015 (0.010 to 0.020) |";
        assert!(part.contains(monitor), "{part}");
        let tree = "| `observer ns` | 20.0 ms (20.0 to 20.0) | 0.100 (0.100 to 0.100) |";
        assert!(part.contains(tree), "{part}");
        let lsns = "| `lsns` | 200.0 ms (200.0 to 200.0) | | | | 100.0 ms | 20.0 MB |";
        assert!(part.contains(lsns), "{part}");
        // 20 ms for 5,000 processes are 4 µs for each.
        let floor = "- `observer ns --deep`: 4.0 µs a process, 1.00 times the floor on one thread, \
                     2.00 times that on two.";
        assert!(part.contains(floor), "{part}");
    }

    #[test]
    fn a_peer_that_failed_is_no_measure() {
        let mut failed = scores();
        for score in failed.all.iter_mut().filter(|score| score.contestant == Asked::LsnsOwners) {
            score.samples = vec![None; 3];
            score.failure = Some("no such process".into());
        }
        let part = write(&failed).unwrap();
        assert!(part.contains("| `lsns --tree=owner` | failed | | | | | |"), "{part}");
        assert!(part.contains("`lsns --tree=owner` failed in 3 of 3 rounds: no such process"));
        assert_eq!(verdicts(&failed)[2], ("not measured".to_owned(), false));
    }
}
