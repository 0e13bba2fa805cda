//! A diagnosis → two tables for people: the sources, and what decides about them.

use observer::{
    Error,
    doctor::{Diagnosis, Kernel, Place, Rights, Rung},
    facts::Surety,
    render::Table,
};

use crate::{exit::why, plan::DoctorPlan};

/// Said where nothing is used unless it is asked for.
const NO_DEFAULT: &str =
    "none; use `--backend proc` if missing short-lived processes is acceptable";

pub(super) fn write(diagnosis: &Diagnosis, plan: &DoctorPlan) -> Result<Vec<u8>, Error> {
    let mut text = Vec::new();
    // Not cut: the end of a line is what to do.
    for table in [ladder(diagnosis, plan), surroundings(diagnosis, plan)] {
        if !text.is_empty() {
            text.push(b'\n');
        }
        table.write(None, plan.color, |piece| {
            text.extend_from_slice(piece);
            Ok::<_, Error>(())
        })?;
    }
    Ok(text)
}

fn ladder(diagnosis: &Diagnosis, plan: &DoctorPlan) -> Table {
    let mut table = table(["SOURCE", "WORKS", ""], plan);
    for rung in &diagnosis.ladder {
        let works = if rung.is_usable() { "yes" } else { "no" };
        let mut first = [rung.origin.name(), works];
        for line in lines(rung) {
            row(&mut table, [first[0], first[1], &line]);
            first = ["", ""];
        }
    }
    let taken = diagnosis
        .taken()
        .map_or_else(|| NO_DEFAULT.to_owned(), |rung| format!("--backend {}", rung.origin.name()));
    row(&mut table, ["default", "", &taken]);
    table
}

/// What is to be said of a source.
fn lines(rung: &Rung) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(error) = &rung.refused {
        lines.push(why(error));
        lines.extend(rung.fix().map(|fix| format!("to do: {fix}")));
    }
    let known = if rung.is_usable() {
        ["always known", "known unless the process is too short-lived", "never known"]
    } else {
        [
            "would always be known",
            "would be known unless the process is too short-lived",
            "would never be known",
        ]
    };
    for (surety, known) in [Surety::Always, Surety::InTime, Surety::Never].into_iter().zip(known) {
        let facts = rung.facts.list().into_iter().filter(|(_, sure)| *sure == surety);
        let names: Vec<&str> = facts.map(|(name, _)| name).collect();
        if !names.is_empty() {
            lines.push(format!("{known}: {}", names.join(", ")));
        }
    }
    lines
}

fn surroundings(diagnosis: &Diagnosis, plan: &DoctorPlan) -> Table {
    let Diagnosis { rights, kernel, place, .. } = diagnosis;
    let mut table = table(["ENVIRONMENT", ""], plan);
    let facts = of_rights(rights).into_iter().chain(of_kernel(kernel)).chain(of_place(place));
    for (name, value) in facts {
        row(&mut table, [name, &value]);
    }
    table
}

type Fact = (&'static str, String);

fn of_rights(rights: &Rights) -> Vec<Fact> {
    let list = |names: &[&str]| match names {
        [] => "none of those that observer can use".to_owned(),
        names => names.join(", "),
    };
    let mut facts = vec![("capabilities", list(&rights.held))];
    if !rights.missing.is_empty() {
        facts.push(("not in effect", list(&rights.missing)));
    }
    facts
}

fn of_kernel(kernel: &Kernel) -> Vec<Fact> {
    let Kernel { release, architecture, lockdown, perf_event_paranoid, .. } = kernel;
    let unknown = || "unknown".to_owned();
    vec![
        ("kernel", format!("{release} {architecture}")),
        ("lockdown", lockdown.clone().unwrap_or_else(unknown)),
        (
            "perf_event_paranoid",
            perf_event_paranoid.map_or_else(unknown, |level| level.to_string()),
        ),
        ("BTF", btf(kernel)),
        ("tracefs", kernel.tracefs.as_ref().map_or_else(why, Clone::clone)),
    ]
}

fn btf(kernel: &Kernel) -> String {
    match &kernel.btf {
        Ok(btf) => {
            let all = btf.found + btf.missing.len() + btf.dispensable.len();
            let list = |word: &str, names: &[&str]| match names {
                [] => String::new(),
                names => format!("; {word} {}", names.join(", ")),
            };
            format!(
                "{} KiB, {} of {all} needed members found{}{}",
                btf.size / 1024,
                btf.found,
                list("missing:", &btf.missing),
                list("missing, but not necessary:", &btf.dispensable),
            )
        }
        Err(error) => why(error),
    }
}

fn of_place(place: &Place) -> Vec<Fact> {
    let namespace = |initial: Option<bool>, otherwise: &str| match initial {
        Some(true) => "the machine's own".to_owned(),
        Some(false) => otherwise.to_owned(),
        None => "unknown".to_owned(),
    };
    let container = place.container.clone().unwrap_or_else(|| "no sign of one".to_owned());
    let filter = place.seccomp.map_or("unknown", |on| if on { "on" } else { "none" });
    vec![
        ("cgroups", place.cgroups.map_or("not mounted", |cgroups| cgroups.name()).to_owned()),
        (
            "user namespace",
            namespace(place.initial_user_namespace, "another one, where capabilities do not count"),
        ),
        (
            "pid namespace",
            namespace(
                place.initial_pid_namespace,
                "another one: pids in events are not those in /proc",
            ),
        ),
        ("seccomp filter", filter.to_owned()),
        ("container", container),
    ]
}

fn table<const COLUMNS: usize>(names: [&str; COLUMNS], plan: &DoctorPlan) -> Table {
    let mut table = Table::new(names.len());
    if plan.header {
        table = table.with_header();
        row(&mut table, names);
    }
    table
}

fn row<const COLUMNS: usize>(table: &mut Table, cells: [&str; COLUMNS]) {
    for cell in cells {
        table.push(cell.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use observer::{error::Refusal, facts::EventFacts, origin::Origin, render::Color};

    use super::*;

    fn diagnosis(refused: Option<Error>) -> Diagnosis {
        let rung = Rung { origin: Origin::Bpf, facts: EventFacts::ALL, refused };
        Diagnosis { ladder: vec![rung], ..Diagnosis::make() }
    }

    fn text(refused: Option<Error>) -> String {
        let plan = DoctorPlan { json: false, header: true, color: Color::No };
        String::from_utf8(write(&diagnosis(refused), &plan).unwrap()).unwrap()
    }

    #[test]
    fn what_does_not_work_says_why_and_what_to_do() {
        let missing = Refusal::Capabilities(vec!["CAP_BPF"]);
        let text = text(Some(Error::NotPermitted(missing)));
        assert!(text.contains("CAP_BPF is missing"), "{text}");
        assert!(text.contains("to do: sudo setcap cap_bpf+ep "), "{text}");
        assert!(text.contains("would always be known: every life, "), "{text}");
        assert!(text.contains("none; use `--backend proc`"), "{text}");
    }

    #[test]
    fn what_works_is_taken() {
        let text = text(None);
        assert!(text.contains("--backend bpf"), "{text}");
        assert!(!text.contains("to do:"), "{text}");
    }

    #[test]
    fn what_others_have_chosen_is_harmless() {
        let why = Error::Object { object: "\x1b[2J".to_owned(), why: "x\ny".to_owned() };
        let text = text(Some(why));
        assert!(!text.contains('\x1b') && !text.contains("x\ny"), "{text}");
    }
}
