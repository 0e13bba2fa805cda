//! A name or a pattern → the tracepoints that are meant, or what may have been meant.

use super::{Tracefs, module};
use crate::{
    Error,
    nearest::nearest,
    tracepoint::{Fault, Name, glob, name},
};

/// Names that are offered instead of an unknown one.
const OFFERED: usize = 3;

impl Tracefs {
    /// The tracepoint of that name (`sched:sched_switch`), or all whose names match a pattern
    /// (`sched:*`, `*:*exit*`, `sched:sched_process_[ef]*`), sorted.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAName`] without a system; [`Fault::Unknown`], [`Fault::NoMatch`],
    /// [`Fault::ModuleNotLoaded`] where nothing is found; [`Fault::WithoutId`] for what cannot be
    /// opened; and as [`names`](Self::names).
    pub fn find(&self, pattern: &str) -> Result<Vec<Name>, Error> {
        if !glob::is_closed(pattern) {
            return Err(Fault::OpenBracket(pattern.to_owned()).into());
        }
        match name::parts(pattern) {
            None => Err(self.without_system(pattern)?.into()),
            Some((system, event)) if glob::is_pattern(pattern) => self.matching(system, event),
            Some(_) => {
                let name: Name = pattern.parse()?;
                if !self.can_be_opened(&name) {
                    return Err(self.absent(&name)?.into());
                }
                Ok(vec![name])
            }
        }
    }

    fn matching(&self, system: &str, event: &str) -> Result<Vec<Name>, Error> {
        let pattern = format!("{system}:{event}");
        let mut names = self.names()?;
        names.retain(|name| glob::matches(&pattern, &name.to_string()));
        if !names.is_empty() {
            return Ok(names);
        }
        let module = (!glob::is_pattern(system)).then(|| module::not_loaded(system)).flatten();
        Err(match module {
            Some(module) => Fault::ModuleNotLoaded { name: pattern, module },
            None => Fault::NoMatch(pattern),
        }
        .into())
    }

    /// Why there is no such tracepoint.
    pub(super) fn absent(&self, name: &Name) -> Result<Fault, Error> {
        if self.has_format(name) {
            return Ok(Fault::WithoutId(name.to_string()));
        }
        let names = self.names()?;
        let known = names.iter().any(|other| other.system() == name.system());
        if !known && let Some(module) = module::not_loaded(name.system()) {
            return Ok(Fault::ModuleNotLoaded { name: name.to_string(), module });
        }
        Ok(Fault::Unknown { name: name.to_string(), nearest: alike(name, &names) })
    }

    fn without_system(&self, text: &str) -> Result<Fault, Error> {
        let names = self.names()?;
        let same = names.iter().filter(|name| glob::matches(text, name.event()));
        let mut meant: Vec<_> = same.take(OFFERED).map(Name::to_string).collect();
        if meant.is_empty() {
            meant = with_events_alike(text, &names);
        }
        Ok(Fault::NotAName { text: text.to_owned(), meant })
    }
}

/// Of events that are spelled alike, the names.
fn with_events_alike(event: &str, names: &[Name]) -> Vec<String> {
    let alike = nearest(event, names.iter().map(Name::event), OFFERED).into_iter();
    let name = |event| names.iter().find(|name| name.event() == event).map(Name::to_string);
    alike.filter_map(name).collect()
}

/// In a system that there is, its events that are spelled alike; else the same event of other
/// systems, and names that are spelled alike as a whole.
fn alike(wanted: &Name, names: &[Name]) -> Vec<String> {
    let system = names.iter().filter(|name| name.system() == wanted.system());
    let system: Vec<_> = system.cloned().collect();
    if !system.is_empty() {
        return with_events_alike(wanted.event(), &system);
    }
    let same = names.iter().filter(|name| name.event() == wanted.event());
    let mut offered: Vec<_> = same.map(Name::to_string).collect();
    let all: Vec<_> = names.iter().map(Name::to_string).collect();
    for other in nearest(&wanted.to_string(), all.iter().map(String::as_str), OFFERED) {
        if !offered.iter().any(|known| known == other) {
            offered.push(other.to_owned());
        }
    }
    offered.truncate(OFFERED);
    offered
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(wanted: &str) -> Vec<String> {
        let names = ["sched:sched_switch", "sched:sched_wakeup", "syscalls:sys_enter_open"];
        alike(&wanted.parse().unwrap(), &names.map(|name| name.parse().unwrap()))
    }

    #[test]
    fn a_misspelled_event_is_looked_for_in_its_system() {
        assert_eq!(offered("sched:sched_swich")[0], "sched:sched_switch");
        assert_eq!(offered("sched:zzz"), [""; 0]);
    }

    #[test]
    fn in_another_system_the_same_event_comes_first() {
        assert_eq!(offered("raw:sched_wakeup"), ["sched:sched_wakeup"]);
        assert_eq!(offered("syscall:sys_enter_open"), ["syscalls:sys_enter_open"]);
    }
}
