//! Each source, tried.

use std::env;

use crate::{
    Error,
    error::Refusal,
    facts::{EventFacts, Surety},
    origin::Origin,
    source::{self, Backend, Options, Source as _, proc::ProcSource},
};

/// One step of the ladder of sources.
#[derive(Debug)]
pub struct Rung {
    /// Which source.
    pub origin: Origin,
    /// What it tells; of one that does not work what it would tell.
    pub facts: EventFacts,
    /// What keeps it from working.
    pub refused: Option<Error>,
}

impl Rung {
    /// Whether it works here.
    pub fn is_usable(&self) -> bool {
        self.refused.is_none()
    }

    pub(super) fn sees_every_life(&self) -> bool {
        self.facts.lives == Surety::Always
    }

    /// What would make it work: a command where one would do, else words.
    pub fn fix(&self) -> Option<String> {
        match self.refused.as_ref()? {
            Error::NotPermitted(Refusal::Capabilities(missing)) => Some(setcap(missing)),
            error => error.remedy(),
        }
    }
}

/// Gives the program what it lacks.
fn setcap(missing: &[&str]) -> String {
    let program = env::current_exe().ok();
    let program = program.as_deref().and_then(|path| path.to_str()).unwrap_or("observer");
    format!("sudo setcap {}+ep {program}", missing.join(",").to_lowercase())
}

/// Starts each source and stops it again.
pub(super) fn climb() -> Vec<Rung> {
    let backends = [Backend::Bpf, Backend::Perf, Backend::Proc];
    backends.into_iter().zip([Origin::Bpf, Origin::Perf, Origin::Proc]).map(attempt).collect()
}

fn attempt((backend, origin): (Backend, Origin)) -> Rung {
    let options = Options { backend, ..Options::for_a_table() };
    match source::open(&options) {
        Ok(opened) => Rung { origin, facts: opened.source.facts(), refused: None },
        Err(error) => Rung { origin, facts: promised(origin), refused: Some(error) },
    }
}

/// What a source would tell.
fn promised(origin: Origin) -> EventFacts {
    match origin {
        Origin::Bpf => EventFacts::ALL,
        Origin::Perf => EventFacts {
            exact_start: Surety::Never,
            arguments: Surety::InTime,
            credentials: Surety::InTime,
            namespaces: Surety::InTime,
            cgroup: Surety::InTime,
            core_dumped: Surety::Never,
            usage: Surety::Never,
            ..EventFacts::ALL
        },
        Origin::Proc => ProcSource::FACTS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(error: Error) -> Rung {
        Rung { origin: Origin::Bpf, facts: EventFacts::ALL, refused: Some(error) }
    }

    #[test]
    fn missing_capabilities_are_mended_by_a_command() {
        let missing = Refusal::Capabilities(vec!["CAP_BPF", "CAP_PERFMON"]);
        let fix = refused(Error::NotPermitted(missing)).fix().unwrap();
        let program = env::current_exe().unwrap();
        assert_eq!(fix, format!("sudo setcap cap_bpf,cap_perfmon+ep {}", program.display()));
    }

    #[test]
    fn other_refusals_keep_their_own_remedy() {
        let error = || Error::NotPermitted(Refusal::Lockdown);
        assert_eq!(refused(error()).fix(), error().remedy());
    }

    #[test]
    fn listings_of_proc_work_everywhere_and_are_never_taken_by_themselves() {
        let rung = attempt((Backend::Proc, Origin::Proc));
        assert!(rung.is_usable() && !rung.sees_every_life(), "{rung:?}");
        assert_eq!(rung.fix(), None);
    }
}
