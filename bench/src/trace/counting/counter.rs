//! The programs that count: how each is started, and what it has counted by what it printed.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::trace::contestant::bpftrace_probe;
use crate::trace::event::Event;
use crate::{program, tracefs};

/// A program that counts and prints once a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counter {
    Observer,
    PerfStat,
    Bpftrace,
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

    pub(crate) fn command(self, observer: &Path, event: Event, output: &Path) -> Command {
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
        words.extend(["--filter", &filter]);
        if self == Self::PerfStat {
            let mut command = tracefs::command(&words);
            command.arg("-o").arg(output);
            return command;
        }
        let mut command = program::leashed(&[observer]);
        command.args(words).stdin(Stdio::null());
        command
    }

    /// All that was counted so far, from all that was printed so far.
    pub(crate) fn counted_in(self, text: &str, event: Event) -> u64 {
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
