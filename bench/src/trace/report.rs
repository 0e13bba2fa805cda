//! The figures as a part of a page of Markdown, each beside its aim.

use std::fmt::Write as _;

use anyhow::Result;

use super::contestant::{Contestant, Rings};
use super::counting::{self, Counter};
use super::event::Event;
use super::full::Scores;
use super::ladder::{Climb, Ladder, RATES, Rung};
use crate::aim::{self, Aim};

/// All that was measured.
pub(crate) struct Figures {
    pub(crate) ladder: Ladder,
    pub(crate) ladder_of_equals: Ladder,
    /// Of each load.
    pub(crate) full: Vec<Scores>,
    pub(crate) counted: Vec<Vec<counting::Score>>,
    pub(crate) absent: Vec<(Contestant, String)>,
}

/// What stands below the heading of the part.
pub(crate) fn write(figures: &Figures) -> Result<String> {
    let mut part = String::new();
    aim::write(&mut part, &aims(figures))?;
    write_ladder(&mut part, &figures.ladder, Rings::Default)?;
    write_ladder(&mut part, &figures.ladder_of_equals, Rings::Equal)?;
    write_full(&mut part, &figures.full)?;
    write_counted(&mut part, &figures.counted)?;
    write_contestants(&mut part, figures)?;
    part.push_str(METHOD);
    Ok(part)
}

fn aims(figures: &Figures) -> Vec<Aim> {
    let ladder = &figures.ladder;
    let Some(observer) = ladder.of(Contestant::Observer) else {
        return Vec::new();
    };
    let peers = || ladder.climbs.iter().filter(|climb| climb.contestant != Contestant::Observer);
    let mut aims: Vec<_> = peers().map(|peer| rate_aim(ladder, observer, peer)).collect();
    aims.extend(peers().map(|peer| cpu_aim(ladder, observer, peer)));
    aims.extend(figures.counted.iter().flatten().filter_map(counting_aim));
    aims
}

fn rate_aim(ladder: &Ladder, observer: &Climb, peer: &Climb) -> Aim {
    let [ours, theirs] = [observer, peer].map(|climb| climb.rate(ladder.size));
    Aim {
        what: format!("events a second without loss, beside {}", peer.contestant.name()),
        bound: format!("at least {}", highest(theirs)),
        measured: highest(ours),
        met: ours.is_some() && ours >= theirs,
    }
}

/// At the highest rate that both carried, or else at the lowest.
fn cpu_aim(ladder: &Ladder, observer: &Climb, peer: &Climb) -> Aim {
    let [lowest, ..] = RATES;
    let rate = observer.rate(ladder.size).min(peer.rate(ladder.size)).unwrap_or(lowest);
    let part = observer.cpu_per_event(rate) / peer.cpu_per_event(rate);
    Aim {
        what: format!(
            "CPU time for an event, beside {}, at {rate} a second",
            peer.contestant.name()
        ),
        bound: "at most 0.50".into(),
        measured: format!("{part:.2}"),
        met: part <= 0.5,
    }
}

fn counting_aim(score: &counting::Score) -> Option<Aim> {
    let share = score.cpu_share();
    (score.counter == Counter::Observer).then(|| Aim {
        what: format!("CPU time while `{}` is counted at full rate", score.event.name()),
        bound: "below 5 % of one CPU".into(),
        measured: format!("{} at {} a second", percent(share), thousands(score.rate())),
        met: share < 0.05,
    })
}

fn write_ladder(part: &mut String, ladder: &Ladder, rings: Rings) -> Result<()> {
    let of_rings = match rings {
        Rings::Default => "Rates without loss",
        Rings::Equal => "The same with rings of 1 MiB on each CPU",
    };
    let names: Vec<_> = ladder.climbs.iter().map(|climb| climb.contestant.name()).collect();
    writeln!(
        part,
        "\n### {of_rings}\n\nCPU time for each event, where nothing was lost; {} ms of paced calls \
         for each rate; rounds: {}.\n\n| calls a second | {} |\n| --- |{}",
        ladder.size.milliseconds,
        ladder.size.rounds,
        names.join(" | "),
        " --- |".repeat(names.len())
    )?;
    for rate in RATES {
        let cells: Vec<_> =
            ladder.climbs.iter().map(|climb| rung(climb.rung(rate, ladder.size))).collect();
        writeln!(part, "| {rate} | {} |", cells.join(" | "))?;
    }
    let rates: Vec<_> =
        ladder.climbs.iter().map(|climb| highest(climb.rate(ladder.size))).collect();
    writeln!(part, "| highest without loss | {} |", rates.join(" | "))?;
    Ok(())
}

fn rung(rung: Rung) -> String {
    match rung {
        Rung::Carried(cpu) => microseconds(cpu),
        Rung::Lost(lost, of) => format!("lost {lost} of {of} at most"),
        Rung::TooSlow(rate) => format!("only {} reached", thousands(rate)),
        Rung::NotTried => String::new(),
    }
}

fn write_full(part: &mut String, full: &[Scores]) -> Result<()> {
    writeln!(part, "\n### At full rate")?;
    for scores in full {
        writeln!(
            part,
            "\n{}; {:.0} ns each with nobody watching.\n\n| reader | each | slow-down (least to \
             most) | told | told a second | CPU time for each |\n\
             | --- | --- | --- | --- | --- | --- |",
            described(scores.event),
            scores.alone()
        )?;
        for score in &scores.present {
            writeln!(
                part,
                "| {} | {:.0} ns | {} | {} | {} | {} |",
                score.contestant.name(),
                score.time(),
                times(score.slowdown(), score.slowdown_range()),
                percent(score.told_share()),
                thousands(score.told_rate()),
                microseconds(score.cpu_per_event())
            )?;
        }
    }
    Ok(())
}

fn described(event: Event) -> String {
    match event {
        Event::Call => format!("System calls of two threads, of `{}`", event.name()),
        Event::Switch => format!("Switches between two processes, of `{}`", event.name()),
    }
}

fn write_counted(part: &mut String, counted: &[Vec<counting::Score>]) -> Result<()> {
    writeln!(
        part,
        "\n### Only counted\n\nThe same loads at full rate.\n\n| counter | tracepoint | a second | \
         slow-down (least to most) | not counted | part of one CPU |\n\
         | --- | --- | --- | --- | --- | --- |"
    )?;
    for score in counted.iter().flatten() {
        writeln!(
            part,
            "| {} | `{}` | {} | {} | {} of {} | {} |",
            score.counter.name(),
            score.event.name(),
            thousands(score.rate()),
            times(score.slowdown(), score.slowdown_range()),
            score.missed(),
            score.made(),
            percent(score.cpu_share())
        )?;
    }
    writeln!(part)?;
    for counter in Counter::ALL {
        writeln!(part, "- {}: {}.", counter.name(), counter.typed())?;
    }
    Ok(())
}

fn write_contestants(part: &mut String, figures: &Figures) -> Result<()> {
    writeln!(part, "\n### The readers\n")?;
    for Climb { contestant, .. } in &figures.ladder.climbs {
        writeln!(part, "- {}: {}.", contestant.name(), contestant.prints())?;
    }
    for (contestant, reason) in &figures.absent {
        let reason = reason.replace('\n', " ");
        writeln!(part, "- {} was left out: {reason}", contestant.name())?;
    }
    Ok(())
}

const METHOD: &str = "
### How it is measured

The calls are getppid(2), which two threads make. The switches are those of two processes that give
each other a byte through pipes, on one CPU. All readers are given the same filter, by which the
kernel passes over other calls, and switches from processes of other names. How many there are is
known: of the switches by the kernel's own count for the two. A line is one of the load by the thread
or process in it. Each reader prints to a file in memory and is started afresh; it is ready when it
has reported most of two bursts, and idle again before the load. Its CPU time is what the scheduler
counted for it during the load and until it was idle; what its tracepoint takes in the kernel is in
the slow-down.

Paced calls come in bursts of a millisecond. A rate is carried when every call has its line, and the
load reached at least nine tenths of it, in every round; who fails tries no higher one. At full rate a
load beside a reader stands between two with nobody, and its slow-down is its time divided by the
mean of these two. Figures are medians over the rounds. What others on the machine disturbed is
measured again: they may take 12 % of a CPU more than they take all the time, as some threads of the
kernel do, which is told from the least that they took of three looks and more before it.

What limits it: at full rate the load leaves little of the CPUs to a reader, and who slows it down
more has fewer events to read; bpftrace adds up its counts when it prints them. What `perf record`
left in its rings until its end is not in its CPU time.
";

/// 0 where not even the lowest was carried.
fn highest(rate: Option<u64>) -> String {
    rate.unwrap_or_default().to_string()
}

/// In thousands.
fn thousands(rate: f64) -> String {
    format!("{:.0} k", rate / 1e3)
}

fn microseconds(time: f64) -> String {
    format!("{time:.2} µs")
}

fn percent(part: f64) -> String {
    format!("{:.2} %", part * 100.0)
}

fn times(slowdown: f64, (least, most): (f64, f64)) -> String {
    format!("{slowdown:.2} times ({least:.2} to {most:.2})")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::trace::arena::Outcome;
    use crate::trace::ladder::Size;
    use crate::trace::load::Made;

    /// Of the first rates it carried so many, with so many microseconds for each event.
    fn climb(contestant: Contestant, carried: usize, cpu: u32) -> Climb {
        let outcomes =
            RATES.into_iter().take(carried + 1).enumerate().map(|(rung, events)| Outcome {
                made: Made { wall: Duration::from_secs(1), events, ids: Vec::new() },
                told: if rung < carried { events } else { events / 2 },
                cpu: Duration::from_micros(events) * cpu,
            });
        Climb::of(contestant, outcomes)
    }

    fn ladder(climbs: Vec<Climb>) -> Ladder {
        Ladder { size: Size { rounds: 1, milliseconds: 1000 }, climbs }
    }

    #[test]
    fn a_peer_is_compared_at_the_highest_rate_of_both() {
        let peer = climb(Contestant::Bpftrace, 2, 4);
        let ladder = ladder(vec![climb(Contestant::Observer, 3, 2), peer]);
        let [observer, peer] = &ladder.climbs[..] else { unreachable!() };
        let aim = rate_aim(&ladder, observer, peer);
        assert_eq!((&*aim.bound, &*aim.measured, aim.met), ("at least 50000", "100000", true));
        assert!(!rate_aim(&ladder, peer, observer).met);
        let aim = cpu_aim(&ladder, observer, peer);
        assert_eq!(aim.what, "CPU time for an event, beside bpftrace, at 50000 a second");
        assert_eq!((&*aim.measured, aim.met), ("0.50", true));
        assert!(!cpu_aim(&ladder, peer, observer).met);
    }

    #[test]
    fn who_carried_no_rate_is_compared_at_the_lowest() {
        let peer = climb(Contestant::PerfTrace, 0, 9);
        let ladder = ladder(vec![climb(Contestant::Observer, 0, 3), peer]);
        let [observer, peer] = &ladder.climbs[..] else { unreachable!() };
        let aim = cpu_aim(&ladder, observer, peer);
        assert_eq!(aim.what, "CPU time for an event, beside perf trace, at 25000 a second");
        assert_eq!((&*aim.measured, aim.met), ("0.33", true));
        assert!(!rate_aim(&ladder, observer, peer).met, "nothing is not as good as nothing");
    }

    #[test]
    fn every_rate_has_a_row() {
        let ladder = ladder(vec![climb(Contestant::Observer, 1, 2)]);
        let mut part = String::new();
        write_ladder(&mut part, &ladder, Rings::Default).unwrap();
        let rows: Vec<_> = part.lines().skip(5).collect();
        assert_eq!(
            rows[..4],
            [
                "| calls a second | observer |",
                "| --- | --- |",
                "| 25000 | 2.00 µs |",
                "| 50000 | lost 25000 of 50000 at most |"
            ]
        );
        assert_eq!(rows.last(), Some(&"| highest without loss | 25000 |"));
    }
}
