//! The programs that are measured: how each is started, and in which of its lines it reports an
//! event of the load.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

use super::event::Event;
use crate::{program, tracefs};

/// A reader of tracepoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    Observer,
    PerfTrace,
    PerfRecord,
    Bpftrace,
}

/// How much room for events each has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rings {
    /// What it takes when nobody says anything.
    Default,
    /// A MiB on each CPU.
    Equal,
}

/// bpftrace counts its rings in pages.
const PAGES: &str = "256";

/// All that perf and observer print too.
const CALL: &str = r#"printf("%llu %d %d %s id=%ld args=[%lx,%lx,%lx,%lx,%lx,%lx]\n",
    nsecs, cpu, tid, comm, args->id, args->args[0], args->args[1], args->args[2], args->args[3],
    args->args[4], args->args[5]);"#;
const SWITCH: &str = r#"printf(
    "%llu %d %d prev_comm=%s prev_pid=%d prev_prio=%d prev_state=%ld next_comm=%s next_pid=%d next_prio=%d\n",
    nsecs, cpu, tid, args->prev_comm, args->prev_pid, args->prev_prio, args->prev_state,
    args->next_comm, args->next_pid, args->next_prio);"#;

impl Contestant {
    pub(crate) const ALL: [Self; 4] =
        [Self::Observer, Self::PerfTrace, Self::PerfRecord, Self::Bpftrace];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::PerfTrace => "perf trace",
            Self::PerfRecord => "perf record",
            Self::Bpftrace => "bpftrace",
        }
    }

    /// What it prints of each event, for the reader of the table.
    pub(crate) fn prints(self) -> &'static str {
        match self {
            Self::Observer => "`observer trace EVENT`: time, CPU, pid and every field by its name",
            Self::PerfTrace => {
                "`perf trace --all-cpus -e EVENT`: time, name, thread and the fields by their names, \
                 of an array only its address"
            }
            Self::PerfRecord => {
                "`perf record --all-cpus -e EVENT`, which copies records, and `perf script` \
                 afterwards, which prints thread, CPU, time and fields; its CPU time is that of both"
            }
            Self::Bpftrace => {
                "a script on the tracepoint that prints time, CPU, thread and each field by its name"
            }
        }
    }

    /// What it is asked to do; its events go to `output`, or to its standard output.
    pub(crate) fn command(
        self,
        observer: &Path,
        event: Event,
        rings: Rings,
        output: &Path,
    ) -> Command {
        match self {
            Self::Observer => observer_trace(observer, event, rings),
            Self::PerfTrace => perf("trace", event, rings, output),
            Self::PerfRecord => perf("record", event, rings, output),
            Self::Bpftrace => bpftrace(event, rings),
        }
    }

    /// What makes lines of its output, which else has them already.
    pub(crate) fn to_lines(self, output: &Path) -> Option<Vec<OsString>> {
        (self == Self::PerfRecord).then(|| {
            let mut words = ["perf", "script", "-F", "tid,cpu,time,event,trace", "-i"].to_vec();
            words.extend(output.to_str());
            words.into_iter().map(OsString::from).collect()
        })
    }

    /// The thread or process of a line about this event.
    pub(crate) fn id_in(self, line: &str, event: Event) -> Option<u64> {
        let mut words = line.split_ascii_whitespace();
        let word = match self {
            // Time, CPU, pid.
            Self::Observer | Self::Bpftrace => words.nth(2),
            // Time, then name and thread; there may be anything in the name.
            Self::PerfTrace => line.split(event.name()).next()?.trim_end().rsplit('/').next(),
            Self::PerfRecord => words.next(),
        };
        word?.parse().ok()
    }
}

fn observer_trace(observer: &Path, event: Event, rings: Rings) -> Command {
    let mut command = program::leashed(&[observer]);
    command.args(["trace", event.name(), "--filter", &event.filter()]).stdin(Stdio::null());
    if rings == Rings::Equal {
        command.args(["--ring", "1M"]);
    }
    command
}

fn perf(job: &str, event: Event, rings: Rings, output: &Path) -> Command {
    let filter = event.filter();
    let mut words = vec!["perf", job, "--all-cpus", "-e", event.name(), "--filter", &filter];
    if rings == Rings::Equal {
        words.extend(["--mmap-pages", "1M"]);
    }
    let mut command = tracefs::command(&words);
    command.arg("-o").arg(output);
    command
}

fn bpftrace(event: Event, rings: Rings) -> Command {
    let action = match event {
        Event::Call => CALL,
        Event::Switch => SWITCH,
    };
    let mut command =
        tracefs::command(&["bpftrace", "-e", &format!("{} {{ {action} }}", bpftrace_probe(event))]);
    if rings == Rings::Equal {
        command.env("BPFTRACE_PERF_RB_PAGES", PAGES);
    }
    command
}

/// The tracepoint with its condition, as bpftrace's language has it.
pub(crate) fn bpftrace_probe(event: Event) -> String {
    format!("tracepoint:{} /args->{}/", event.name(), event.filter())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_place_for_the_id() {
        let lines = [
            (Contestant::Observer, "14:16:14.1 0  4711 raw_syscalls:sys_enter id=110"),
            (Contestant::PerfTrace, "     0.012 a b/c:1/4711 raw_syscalls:sys_enter(id: 110)"),
            (Contestant::PerfRecord, " 4711 [001]  9.1: raw_syscalls:sys_enter: NR 110 (1, 2)"),
            (Contestant::Bpftrace, "28016285644113 1 4711 a b id=110 args=[1,2]"),
        ];
        for (contestant, line) in lines {
            assert_eq!(contestant.id_in(line, Event::Call), Some(4711), "{line}");
        }
        assert_eq!(Contestant::Observer.id_in("TIME CPU PID EVENT FIELDS", Event::Call), None);
        assert_eq!(Contestant::Bpftrace.id_in("Attaching 1 probe...", Event::Call), None);
    }

    #[test]
    fn everybody_gets_the_same_filter() {
        let filter = Event::Call.filter();
        for contestant in Contestant::ALL {
            let command = contestant.command(
                Path::new("observer"),
                Event::Call,
                Rings::Default,
                Path::new("out"),
            );
            let words: Vec<_> = command.get_args().map(|word| word.to_string_lossy()).collect();
            assert!(words.iter().any(|word| word.contains(&filter)), "{words:?}");
        }
    }
}
