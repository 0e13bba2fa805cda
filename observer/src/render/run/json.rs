//! The report as JSON.

use super::report::Report;
use std::net::IpAddr;

use crate::{
    cause::{self, Because, Cause, Caused, Doubt, Exec, Fact},
    event::{Args, Usage},
    render::{
        json::write,
        process::{ProcessFacts, executable, exit},
        schema::{
            self, Base64, CausedContainer, CausedProcess, Container, Longest, Number, Raw, RawArgs,
            RawCommand, Reason, RunDoubt, RunReport, RunTotals, StartedProgram, TextArgs,
        },
        time::rfc3339,
    },
};

/// One document on a line.
pub(super) fn document(report: &Report<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, &of(report));
    out
}

fn of<'a>(report: &Report<'a>) -> RunReport<'a> {
    let account = report.account;
    let mut processes: Vec<_> = report.processes().collect();
    processes.sort_by_key(|caused| caused.process.key.start_ns);
    let words = account.command.iter();
    let is_text = account.command.iter().all(|word| str::from_utf8(word).is_ok());
    RunReport {
        v: schema::VERSION,
        command: words.clone().map(|word| String::from_utf8_lossy(word)).collect(),
        exit: account.status.map(exit),
        begin: report.facts().creation(account.begin_ns),
        duration_ns: Number(report.duration_ns()),
        watched_ns: Number(report.offset_ns(account.end_ns)),
        origin: report.setting.origin.name(),
        lost: account.lost,
        complete: account.lost == 0,
        processes: processes.into_iter().map(|caused| report.process(caused)).collect(),
        containers: report.containers().map(|it| report.container(it)).collect(),
        doubts: account.set.doubts().iter().map(|doubt| report.doubt(doubt)).collect(),
        totals: report.totals(),
        raw: (!is_text).then(|| RawCommand { command: words.map(|word| Base64(word)).collect() }),
    }
}

impl<'a> Report<'a> {
    fn facts(&self) -> ProcessFacts<'a> {
        ProcessFacts { machine: self.setting.machine, clock: self.setting.clock }
    }

    fn process(&self, caused: &'a Caused) -> CausedProcess<'a> {
        let status = caused.end.and_then(|end| end.status);
        let usage = caused.end.and_then(|end| end.usage);
        let part = |of: fn(&Usage) -> u64| usage.map(|usage| Number(of(&usage)));
        CausedProcess {
            process: schema::Process {
                exit: status.map(exit),
                ..self.facts().process(&caused.process, caused.life)
            },
            container: caused.process.container().map(|container| Container {
                name: self.container_name(&container.id),
                ..Container::from(container)
            }),
            role: caused.role.name(),
            because: self.reason(&caused.because),
            start_offset_ns: Number(self.start_ns(caused)),
            duration_ns: Number(self.lived_ns(caused)),
            running: caused.end.is_none().then_some(true),
            cpu_time_ns: part(Usage::cpu_ns),
            user_time_ns: part(|usage| usage.user_ns),
            system_time_ns: part(|usage| usage.system_ns),
            max_rss: usage.map(|usage| self.facts().max_rss(usage)),
            execs: caused.execs.iter().map(|exec| self.program(exec)).collect(),
        }
    }

    fn reason(&self, because: &Because) -> Reason {
        let of = match &because.of {
            Cause::Process(key) => self.id(*key),
            Cause::Container(id) => id.clone(),
        };
        Reason { fact: because.fact.name(), of, inferred: because.inferred.then_some(true) }
    }

    fn program(&self, exec: &'a Exec) -> StartedProgram<'a> {
        let args = exec.args.as_ref();
        let exact = args.filter(|args| !args.is_text()).map(RawArgs);
        let path = str::from_utf8(&exec.filename).is_err().then_some(Base64(&exec.filename));
        let needed = exact.is_some() || path.is_some();
        StartedProgram {
            time: rfc3339(self.setting.clock.unix_ns(exec.boot_ns)),
            start_offset_ns: Number(self.offset_ns(exec.boot_ns)),
            executable: executable(&exec.filename),
            command_args: args.map(TextArgs),
            args_truncated: args.map(Args::is_truncated),
            raw: needed.then_some(Raw { comm: None, command_args: exact, executable_path: path }),
        }
    }

    fn container(&self, container: &'a cause::CausedContainer) -> CausedContainer<'a> {
        CausedContainer {
            id: &container.id,
            runtime: container.runtime,
            name: container.name.as_deref(),
            image: container.image.as_deref(),
            addresses: addresses(container),
            because: container.client.map(|client| Reason {
                fact: Fact::Socket.name(),
                of: self.id(client),
                inferred: container.inferred.then_some(true),
            }),
            started: container.started,
        }
    }

    fn doubt(&self, doubt: &'a Doubt) -> RunDoubt<'a> {
        match doubt {
            Doubt::SeveralCandidates { client, containers } => {
                RunDoubt::SeveralCandidates { client: self.id(*client), containers }
            }
            Doubt::NamelessHelpers { count, containers } => {
                RunDoubt::NamelessHelpers { count: *count, containers }
            }
            Doubt::Forgotten { count } => RunDoubt::Forgotten { count: *count },
        }
    }

    fn totals(&self) -> RunTotals {
        let totals = self.account.totals();
        RunTotals {
            processes: totals.processes,
            running: totals.running,
            execs: totals.execs,
            failures: totals.failures,
            containers: totals.containers,
            cpu_time_ns: Number(totals.cpu_ns),
            longest: totals
                .longest
                .map(|(key, ns)| Longest { id: self.id(key), duration_ns: Number(ns) }),
        }
    }
}

fn addresses(container: &cause::CausedContainer) -> Vec<&str> {
    let marks = container.marks.iter().map(String::as_str);
    marks.filter(|mark| mark.parse::<IpAddr>().is_ok()).collect()
}
