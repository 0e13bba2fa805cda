//! What a tracepoint is called.
//!
//! Refuses what could not be a name in tracefs, so that a name is safe as a part of a path.

use std::{fmt, str::FromStr};

use super::Fault;

/// The name of a tracepoint, `sched:sched_switch` for example. Printed with a colon.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    system: String,
    event: String,
}

impl Name {
    /// A name of its two parts.
    ///
    /// # Errors
    ///
    /// [`Fault::NotAName`] when a part is empty or holds what no name in tracefs can.
    pub fn new(system: &str, event: &str) -> Result<Self, Fault> {
        if !(is_part(system) && is_part(event)) {
            return Err(Fault::NotAName { text: format!("{system}:{event}"), meant: Vec::new() });
        }
        Ok(Self { system: system.to_owned(), event: event.to_owned() })
    }

    /// The part in front of the colon: what the event belongs to.
    pub fn system(&self) -> &str {
        &self.system
    }

    /// The part behind the colon.
    pub fn event(&self) -> &str {
        &self.event
    }
}

/// The names of directories, without those that lead elsewhere.
fn is_part(text: &str) -> bool {
    !(text.is_empty() || text == "." || text == ".." || text.contains(['/', ':', '\0']))
}

/// The system and the event of `system:event` or `system/event`.
pub(super) fn parts(text: &str) -> Option<(&str, &str)> {
    text.split_once([':', '/'])
}

/// Takes `system:event`, and `system/event` as it stands in tracefs.
impl FromStr for Name {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        let refusal = || Fault::NotAName { text: text.to_owned(), meant: Vec::new() };
        let (system, event) = parts(text).ok_or_else(refusal)?;
        Self::new(system, event).map_err(|_in_parts| refusal())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.system, self.event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_one_name() {
        let name: Name = "sched:sched_switch".parse().unwrap();
        assert_eq!((name.system(), name.event()), ("sched", "sched_switch"));
        assert_eq!("sched/sched_switch".parse(), Ok(name.clone()));
        assert_eq!(name.to_string(), "sched:sched_switch");
    }

    #[test]
    fn what_leads_elsewhere_is_no_name() {
        let wrong = ["", "open", ":", "a:", ":b", "a:b:c", "a/b/c", "..:b", "a:..", "a/.", "a:b\0"];
        for text in wrong {
            match text.parse::<Name>() {
                Err(Fault::NotAName { text: told, .. }) => assert_eq!(told, text),
                other => panic!("`{text}`: {other:?}"),
            }
        }
    }

    #[test]
    fn names_are_sorted_by_system_first() {
        let mut names = ["b:a", "a:c", "a:b"].map(|text| text.parse::<Name>().unwrap());
        names.sort();
        assert_eq!(names.map(|name| name.to_string()), ["a:b", "a:c", "b:a"]);
    }
}
