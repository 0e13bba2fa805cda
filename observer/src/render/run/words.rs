//! A line of the tree → the words of its cells, the same as text and in HTML.

use std::fmt::Write as _;

use super::report::Report;
use crate::{
    cause::{Because, Cause, Caused, CausedContainer, Doubt, Fact, Item, Role},
    event::ProcessKey,
    render::{
        Escaped,
        text::{arguments, short, status_text},
        time::span,
    },
};

/// What marks a fact that was concluded and not told.
pub(super) const INFERRED: &str = "?";
/// What that means.
pub(super) const INFERRED_MEANS: &str =
    "?: inferred, as nothing else is known that could have caused it";

/// A column of the tree, but for the last, which has the tree itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Start,
    Duration,
    Exit,
    Cpu,
    Rss,
    /// What part it plays.
    Role,
    /// The role in short, where there is little room.
    Part,
    Container,
    Because,
    Pid,
}

impl Column {
    /// From left to right.
    pub(super) const ALL: [Self; 9] = [
        Self::Start,
        Self::Duration,
        Self::Exit,
        Self::Cpu,
        Self::Rss,
        Self::Role,
        Self::Container,
        Self::Because,
        Self::Pid,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Duration => "duration",
            Self::Exit => "exit",
            Self::Cpu => "cpu",
            Self::Rss => "rss",
            Self::Role | Self::Part => "role",
            Self::Container => "container",
            Self::Because => "because",
            Self::Pid => "pid",
        }
    }

    /// Whether its cells are numbers, which end where those above and below do.
    pub(super) fn is_number(self) -> bool {
        matches!(self, Self::Start | Self::Duration | Self::Cpu | Self::Rss | Self::Pid)
    }

    /// Free of bytes that could hurt a terminal.
    pub(super) fn cell(self, report: &Report<'_>, item: Item<'_>) -> String {
        match item {
            Item::Process(caused) => self.of_process(report, caused),
            Item::Container(container) => self.of_container(container),
        }
    }

    fn of_process(self, report: &Report<'_>, caused: &Caused) -> String {
        let usage = caused.end.and_then(|end| end.usage);
        let unknown = || "-".to_owned();
        match self {
            Self::Start => span(report.start_ns(caused)),
            Self::Duration => span(report.lived_ns(caused)),
            Self::Exit => status_text(caused.end.and_then(|end| end.status)).into_owned(),
            Self::Cpu => usage.map_or_else(unknown, |usage| span(usage.cpu_ns())),
            Self::Rss => usage.map_or_else(unknown, |usage| {
                size(usage.max_rss_pages.saturating_mul(report.setting.machine.page_size))
            }),
            Self::Role => caused.role.name().to_owned(),
            Self::Part => part(caused.role).to_owned(),
            Self::Container => caused
                .process
                .container()
                .map_or_else(unknown, |container| report.container_word(&container.id)),
            Self::Because => because(&caused.because),
            Self::Pid => caused.process.key.pid.to_string(),
        }
    }

    fn of_container(self, container: &CausedContainer) -> String {
        match self {
            Self::Container => named(container),
            Self::Because => {
                let because = container.client.map(|client| Because {
                    fact: Fact::Socket,
                    of: Cause::Process(client),
                    inferred: container.inferred,
                });
                because.as_ref().map_or_else(|| "-".to_owned(), self::because)
            }
            _ => "-".to_owned(),
        }
    }
}

impl<'a> Report<'a> {
    pub(super) fn container_name(&self, id: &str) -> Option<&'a str> {
        self.container_of(id)?.name.as_deref()
    }

    fn container_word(&self, id: &str) -> String {
        let known = self.container_of(id);
        known.map_or_else(|| harmless(short(id)), named)
    }

    /// A container as a line of the tree, what tells most first.
    pub(super) fn container_line(&self, container: &CausedContainer) -> String {
        let mut text = format!("container {}", named(container));
        let notes = [(container.inferred, "inferred"), (!container.started, "was there before")];
        for (_, note) in notes.iter().filter(|(holds, _)| *holds) {
            let _infallible = write!(text, ", {note}");
        }
        let id = container.name.is_some().then_some(short(&container.id));
        for fact in id.into_iter().chain(container.image.as_deref()).chain(container.runtime) {
            let _infallible = write!(text, ", {}", harmless(fact));
        }
        if let Some(client) = container.client {
            let _infallible = write!(text, ", asked for by {}", self.called(client));
        }
        text
    }

    /// A process by its name and pid.
    pub(super) fn called(&self, key: ProcessKey) -> String {
        let comm = self.process_of(key).map(|caused| caused.process.comm);
        let name = comm.map(|comm| format!("`{}` ", Escaped(comm.as_bytes())));
        format!("{}({})", name.unwrap_or_default(), key.pid)
    }

    /// What could not be decided, in a sentence.
    pub(super) fn doubt_text(&self, doubt: &Doubt) -> String {
        match doubt {
            Doubt::SeveralCandidates { client, containers } => format!(
                "{} began while {} ran, and nothing says which it started: {}; none is shown",
                count(containers.len() as u64, "container", "containers"),
                self.called(*client),
                shortened(containers),
            ),
            Doubt::NamelessHelpers { count: helpers, containers } => format!(
                "the engine ran {} of its own while it started {}, and nothing says that it was \
                 for that; none is shown",
                count(*helpers as u64, "helper", "helpers"),
                shortened(containers),
            ),
            Doubt::Forgotten { count: forgotten } => format!(
                "{} of the engine's were too many to be remembered: if a request was told much \
                 later than what it caused, that is missing",
                count(*forgotten, "process", "processes"),
            ),
        }
    }

    /// Sums, in a line each.
    pub(super) fn totals_text(&self) -> Vec<String> {
        let totals = self.account.totals();
        let mut lines = vec![format!(
            "{}, {}, {}, {}",
            count(totals.processes as u64, "process", "processes"),
            count(totals.execs as u64, "exec", "execs"),
            count(totals.failures as u64, "failure", "failures"),
            count(totals.containers as u64, "container", "containers"),
        )];
        let mut used = format!("cpu {}", span(totals.cpu_ns));
        if let Some((key, ns)) = totals.longest {
            let _infallible = write!(used, "; longest: {} with {}", self.called(key), span(ns));
        }
        lines.push(used);
        lines
    }

    /// What was not seen or not decided, and what goes on, in a sentence each.
    pub(super) fn notes(&self) -> Vec<String> {
        let account = self.account;
        let mut notes: Vec<_> = account.set.doubts().iter().map(|it| self.doubt_text(it)).collect();
        if account.lost > 0 {
            let events = count(account.lost, "event", "events");
            let (were, they) = if account.lost == 1 { ("was", "it") } else { ("were", "they") };
            notes.push(format!("{events} of the machine {were} lost: what {they} told is missing"));
        }
        notes.extend(self.still_running());
        notes
    }

    fn still_running(&self) -> Option<String> {
        const NAMED: usize = 5;
        let running: Vec<_> = self.processes().filter(|caused| caused.end.is_none()).collect();
        let named = running.iter().take(NAMED).map(|caused| self.called(caused.process.key));
        let mut text = named.collect::<Vec<_>>().join(", ");
        if let Some(more) = running.len().checked_sub(NAMED).filter(|more| *more > 0) {
            let _infallible = write!(text, " and {more} more");
        }
        let runs = count(running.len() as u64, "process still runs", "processes still run");
        (!running.is_empty()).then(|| format!("{runs}: {text}"))
    }
}

/// What a process ran, one text for each program; its name in brackets if only ever its creator's.
pub(super) fn programs(caused: &Caused) -> Vec<String> {
    if caused.execs.is_empty() {
        return vec![format!("({})", Escaped(caused.process.comm.as_bytes()))];
    }
    caused.execs.iter().map(|exec| arguments(exec.args.as_ref(), &exec.filename)).collect()
}

/// How many of what.
pub(super) fn count(number: u64, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A container by its name, or by its id as engines print it.
fn named(container: &CausedContainer) -> String {
    harmless(container.name.as_deref().unwrap_or_else(|| short(&container.id)))
}

/// With a question mark where it was concluded.
fn because(because: &Because) -> String {
    format!("{}{}", because.fact.name(), if because.inferred { INFERRED } else { "" })
}

fn harmless(text: &str) -> String {
    Escaped(text.as_bytes()).to_string()
}

fn part(role: Role) -> &'static str {
    match role {
        Role::ContainerInit => "init",
        Role::ContainerProcess => "process",
        other => other.name(),
    }
}

/// Bytes in the largest unit that leaves one digit before the point.
fn size(bytes: u64) -> String {
    const UNITS: [(u32, char); 3] = [(30, 'G'), (20, 'M'), (10, 'K')];
    let unit = UNITS.iter().find(|(shift, _)| bytes >> shift > 0).unwrap_or(&(10, 'K'));
    let tenths = (u128::from(bytes) * 10) >> unit.0;
    format!("{}.{}{}", tenths / 10, tenths % 10, unit.1)
}

fn shortened(ids: &[String]) -> String {
    ids.iter().map(|id| harmless(short(id))).collect::<Vec<_>>().join(", ")
}
