//! Names, fields and a filter, as they were typed → what to open and what to print.

use std::collections::BTreeSet;

use observer::{
    Error,
    render::trace::Shown,
    tracepoint::{Fault, Format, Name, Tracefs, filter, format::Field, reader::Request},
};

use crate::{
    exit::{Failure, describe},
    plan::Watched,
};

/// Tracepoints that a pattern may match but no reader can have.
const NO_READER: [Unfit; 2] = [
    FOR_FTRACE,
    Unfit { name: "irq_vectors:irq_work_exit", why: "each record would be the cause of another" },
];
/// And no counter.
const NO_COUNTER: [Unfit; 6] = [
    FOR_FTRACE,
    sum_of_time("sched:sched_stat_blocked"),
    sum_of_time("sched:sched_stat_iowait"),
    sum_of_time("sched:sched_stat_runtime"),
    sum_of_time("sched:sched_stat_sleep"),
    sum_of_time("sched:sched_stat_wait"),
];
const FOR_FTRACE: Unfit =
    Unfit { name: "ftrace:function", why: "it is for the kernel's own tracers" };

const fn sum_of_time(name: &'static str) -> Unfit {
    Unfit { name, why: "the kernel counts its nanoseconds, not how often it fires" }
}

/// What is left out where a pattern meant it among others.
#[derive(Debug)]
struct Unfit {
    name: &'static str,
    why: &'static str,
}

impl Unfit {
    fn is(&self, name: &Name) -> bool {
        name.to_string() == self.name
    }

    fn is_among(&self, names: &[Name]) -> bool {
        names.iter().any(|name| self.is(name))
    }

    #[expect(clippy::print_stderr, reason = "what is not part of the stream")]
    fn tell(&self) {
        eprintln!("observer: `{}` is left out: {}", self.name, self.why);
    }
}

/// What to open, and at the same index what to print of it.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) requests: Vec<Request>,
    pub(super) shown: Vec<Shown>,
}

/// Everything of a stream, checked.
///
/// # Errors
///
/// [`Failure`] for what is not there or makes no sense.
pub(super) fn for_stream(
    tracefs: &Tracefs,
    watched: &Watched,
    fields: &[String],
) -> Result<Chosen, Failure> {
    let names = names(tracefs, &watched.events, &NO_READER)?;
    let formats = names.iter().map(|name| tracefs.format(name));
    let formats = formats.collect::<Result<Vec<_>, _>>()?;
    for field in fields {
        require(field, &formats)?;
    }
    let mut chosen = Chosen::default();
    for format in &formats {
        chosen.requests.push(request(format, watched.filter.as_deref())?);
        chosen.shown.push(Shown::new(&format.name, shown_fields(format, fields)));
    }
    Ok(chosen)
}

/// What is to be counted. Formats are looked at for the sake of a filter only.
///
/// # Errors
///
/// As [`for_stream`].
pub(super) fn for_count(tracefs: &Tracefs, watched: &Watched) -> Result<Vec<Request>, Failure> {
    let names = names(tracefs, &watched.events, &NO_COUNTER)?;
    // Of a pattern these were left out already.
    if let Some(Unfit { name, why }) = NO_COUNTER.iter().find(|unfit| unfit.is_among(&names)) {
        return Err(Failure::Usage(format!(
            "cannot count `{name}`: {why}; trace it or leave it out"
        )));
    }
    let request = |name: Name| match &watched.filter {
        Some(expression) => request(&tracefs.format(&name)?, Some(expression)),
        None => Ok(Request { id: tracefs.id(&name)?, filter: None, name }),
    };
    names.into_iter().map(request).collect()
}

/// The tracepoints of a name or a pattern.
///
/// # Errors
///
/// [`Failure::Usage`] for what can be no name, [`Failure::Library`] where there is none of it.
pub(super) fn find(tracefs: &Tracefs, pattern: &str) -> Result<Vec<Name>, Failure> {
    tracefs.find(pattern).map_err(|error| match error {
        Error::Tracepoint(Fault::NotAName { .. } | Fault::OpenBracket(_)) => {
            Failure::Usage(describe(&error))
        }
        error => error.into(),
    })
}

/// Each once, in the order in which they were asked for.
fn names(tracefs: &Tracefs, patterns: &[String], unfit: &[Unfit]) -> Result<Vec<Name>, Failure> {
    let mut names: Vec<Name> = Vec::new();
    for pattern in patterns {
        let mut found = find(tracefs, pattern)?;
        if found.iter().all(|name| !is_name(pattern, name)) {
            for unfit in unfit.iter().filter(|unfit| unfit.is_among(&found)) {
                unfit.tell();
            }
            found.retain(|name| !unfit.iter().any(|unfit| unfit.is(name)));
        }
        names.extend(found);
    }
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    Ok(names)
}

/// Whether exactly this was typed, and not a pattern that it matches.
fn is_name(text: &str, name: &Name) -> bool {
    text.parse().is_ok_and(|typed: Name| typed == *name)
}

fn request(format: &Format, filter: Option<&str>) -> Result<Request, Failure> {
    let filter = filter.map(|expression| filter::check(expression, format)).transpose()?;
    Ok(Request { id: format.id, filter, name: format.name.clone() })
}

/// Those asked for that the tracepoint has; all of its own where none was.
fn shown_fields(format: &Format, wanted: &[String]) -> Vec<Field> {
    if wanted.is_empty() {
        return format.fields.clone();
    }
    let fields = wanted.iter().filter_map(|name| format.field(name).ok());
    fields.cloned().collect()
}

/// A field must be of one tracepoint at least.
fn require(field: &str, formats: &[Format]) -> Result<(), Failure> {
    let mut nearest: Vec<String> = Vec::new();
    for format in formats {
        match format.field(field) {
            Ok(_) => return Ok(()),
            Err(error) if formats.len() == 1 => return Err(Failure::Usage(describe(&error))),
            Err(Error::Tracepoint(Fault::UnknownField { known, .. })) => {
                nearest.extend(known.into_iter().next());
            }
            Err(error) => return Err(error.into()),
        }
    }
    nearest.sort_unstable();
    nearest.dedup();
    nearest.truncate(OFFERED);
    Err(Failure::Usage(format!(
        "none of the {} events has a field `{field}`; did you mean `{}`? `observer trace --show \
         EVENT` shows the fields of one",
        formats.len(),
        nearest.join("`, `")
    )))
}

/// Names that are offered in place of an unknown one.
const OFFERED: usize = 5;
