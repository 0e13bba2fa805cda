//! The programs that are measured: how each is started, when it is ready, what it printed, how it
//! is ended.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::noop;
use crate::program::{self, Program};
use crate::ready::is_ready;
use crate::tracefs;
use crate::usage::Process;

/// An observer of the storm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contestant {
    Observer,
    Bpftrace,
    Execsnoop,
}

/// Those facts as far as bpftrace's language has them: identity and arguments of each exec,
/// identity and status of each exit (of threads too, which it cannot tell apart in time).
const BPFTRACE: &str = r#"
tracepoint:syscalls:sys_enter_execve {
    printf("exec %d %d %d %s ", pid, curtask->real_parent->tgid, uid, str(args->filename));
    join(args->argv);
}
tracepoint:sched:sched_process_exit {
    printf("exit %d %d %s %d\n", pid, tid, comm, curtask->exit_code);
}"#;

impl Contestant {
    pub(crate) const ALL: [Self; 3] = [Self::Observer, Self::Bpftrace, Self::Execsnoop];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Bpftrace => "bpftrace",
            Self::Execsnoop => "execsnoop",
        }
    }

    /// What it prints of each process, for the reader of the table.
    pub(crate) fn prints(self) -> &'static str {
        match self {
            Self::Observer => {
                "`observer events --json`: each exec with its whole argument list and each exit, \
                 with identities, users, namespaces, cgroup and what it used"
            }
            Self::Bpftrace => {
                "a script on `sys_enter_execve` and `sched_process_exit`: pid, parent, uid, file \
                 and up to 16 arguments of each attempt to exec; pid, thread, name and exit code \
                 of each thread that ends"
            }
            Self::Execsnoop => {
                "the one of libbpf-tools: name, pid, parent, result and up to 20 arguments of each \
                 exec; no exits, so half as many lines"
            }
        }
    }

    /// How many lines it should print of each process of the storm.
    pub(crate) fn lines_per_process(self) -> u64 {
        match self {
            Self::Observer | Self::Bpftrace => 2,
            Self::Execsnoop => 1,
        }
    }

    fn command(self, observer: &Path) -> Command {
        match self {
            Self::Observer => {
                let mut command = program::leashed(&[observer]);
                command.args(EVENTS).stdin(Stdio::null());
                command
            }
            Self::Bpftrace => tracefs::command(&["bpftrace", "-e", BPFTRACE]),
            Self::Execsnoop => tracefs::command(&["execsnoop"]),
        }
    }
}

/// What observer is asked for.
const EVENTS: [&str; 2] = ["events", "--json"];

/// The command that is measured, for who reads its pipe and so ends it.
pub(crate) fn observer_events(observer: &Path) -> Command {
    let mut command = Command::new(observer);
    command.args(EVENTS).stdin(Stdio::null());
    command
}

/// A contestant that is ready, with its output in a file.
#[derive(Debug)]
pub(crate) struct Running {
    contestant: Contestant,
    program: Program,
    output: PathBuf,
}

/// What it had printed when it was ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printed {
    /// Lines about the storm.
    pub(crate) lines: u64,
    /// What it says it lost, where it says so.
    pub(crate) lost: Option<u64>,
}

impl Running {
    /// Starts it with its output in `folder` and waits until it is ready.
    pub(crate) fn start(contestant: Contestant, observer: &Path, folder: &Path) -> Result<Self> {
        let output = folder.join("out");
        let errors = folder.join("err");
        let mut command = contestant.command(observer);
        command.stdout(File::create(&output)?).stderr(File::create(&errors)?);
        let mut running = Self { contestant, program: Program::start(&mut command)?, output };
        running.wait_until_ready().with_context(|| {
            let said = fs::read_to_string(&errors).unwrap_or_default();
            format!("{} said: {}", contestant.name(), said.trim())
        })?;
        Ok(running)
    }

    pub(crate) fn process(&self) -> Process {
        self.program.process()
    }

    /// Ends it and counts its lines about the storm.
    pub(crate) fn end(self) -> Result<Printed> {
        let Self { contestant, mut program, output } = self;
        program.interrupt()?;
        let bytes =
            fs::read(&output).with_context(|| format!("cannot read `{}`", output.display()))?;
        let text = String::from_utf8_lossy(&bytes);
        let about_storm = text.lines().filter(|line| line.contains(noop::NAME));
        Ok(Printed {
            lines: about_storm.count() as u64,
            lost: match contestant {
                Contestant::Observer => lost_in(&text),
                _ => None,
            },
        })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.is_ready() {
            self.program.expect_running()?;
            ensure!(Instant::now() < deadline, "not ready after 20 s");
            thread::sleep(Duration::from_millis(20));
        }
        thread::sleep(Duration::from_millis(200));
        self.program.expect_running()
    }

    fn is_ready(&self) -> bool {
        match self.contestant {
            Contestant::Observer => {
                fs::read_to_string(&self.output).is_ok_and(|text| is_ready(&text))
            }
            _ => self.process().waits_for_events(),
        }
    }
}

/// What observer's last line says it lost.
pub(crate) fn lost_in(output: &str) -> Option<u64> {
    let bye = output.lines().last()?.strip_prefix(r#"{"event":"bye","#)?;
    let (_, rest) = bye.split_once(r#""lost":"#)?;
    rest.split([',', '}']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_was_lost() {
        let output = "{\"event\":\"ready\"}\n{\"event\":\"bye\",\"produced\":9,\"delivered\":2,\
            \"lost\":7,\"printed\":2}\n";
        assert!(is_ready(output));
        assert_eq!(lost_in(output), Some(7));
        assert_eq!(lost_in("{\"event\":\"exec\"}\n"), None);
    }
}
