//! What somebody means by a container before its events flow: the engines are asked once.

use std::collections::BTreeSet;

use observer::engines::{EngineError, Named, list_failures};

use super::{
    AskEngines, ambiguous,
    wanted::{Wanted, is_surely_an_id, may_begin_an_id},
};
use crate::exit::Failure;

/// What was typed for one container, and what is there of it.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) wanted: Wanted,
    /// The id of the container that has the name now.
    pub(super) present: Option<String>,
    /// What is waited for, in words, while there is no such container.
    pub(super) waiting: Option<String>,
}

/// An id first; then a name, then the beginning of an id, as engines have it.
///
/// # Errors
///
/// [`Failure::NoMatch`] where only an engine could tell and none answers, or several know the name.
pub(super) fn look_up(
    typed: &str,
    present: &BTreeSet<String>,
    ask: AskEngines,
) -> Result<Start, Failure> {
    let whole = typed.to_owned();
    if is_surely_an_id(typed) {
        return Ok(needs_nobody(Wanted::Beginning(whole)));
    }
    if present.contains(typed) {
        return Ok(needs_nobody(Wanted::Whole(whole)));
    }
    match ask(typed) {
        Ok(found) => called(typed, &found.containers),
        Err(EngineError::NotThere { failures, .. }) => {
            Ok(waiting(typed, &list_failures(&failures)))
        }
        Err(_) if may_begin_an_id(typed) => Ok(needs_nobody(Wanted::Beginning(whole))),
        Err(error) => Err(Failure::NoMatch(format!(
            "cannot look up container `{typed}`: {error}; start its engine, or give the id"
        ))),
    }
}

fn needs_nobody(wanted: Wanted) -> Start {
    Start { wanted, present: None, waiting: None }
}

/// Engines find containers by the beginning of an id as well.
fn called(typed: &str, found: &[Named]) -> Result<Start, Failure> {
    let called: Vec<_> = found.iter().filter(|named| named.name == typed).collect();
    match called[..] {
        [] if may_begin_an_id(typed) => Ok(needs_nobody(Wanted::Beginning(typed.to_owned()))),
        [] => Ok(waiting(typed, "")),
        [one] => Ok(Start {
            wanted: Wanted::Name(typed.to_owned()),
            present: Some(one.id.clone()),
            waiting: None,
        }),
        _ => Err(ambiguous(typed, &called.iter().map(|named| &named.id).collect::<Vec<_>>())),
    }
}

fn waiting(typed: &str, failures: &str) -> Start {
    let mut line = format!("waiting for a container called `{typed}`");
    let wanted = if may_begin_an_id(typed) {
        line.push_str(", or whose id begins with that");
        Wanted::NameOrBeginning(typed.to_owned())
    } else {
        Wanted::Name(typed.to_owned())
    };
    if !failures.is_empty() {
        line.push_str("; some engines do not answer: ");
        line.push_str(failures);
    }
    Start { wanted, present: None, waiting: Some(line) }
}

#[cfg(test)]
mod tests {
    use observer::engines::Found;

    use super::*;

    fn id(digit: &str) -> String {
        digit.repeat(64)
    }

    /// Engines that know `web`, `db`, two called `two`, and one that begins with `ab`.
    fn engines(name: &str) -> Result<Found, EngineError> {
        let ids = match name {
            "web" | "db" => vec![id("1")],
            "two" => vec![id("2"), id("3")],
            "ab" => vec![id("ab")[..64].to_owned()],
            _ => {
                let failures = Vec::new();
                return Err(EngineError::NotThere { name: name.to_owned(), failures });
            }
        };
        let name = if name == "ab" { "shop" } else { name };
        let named =
            |id| Named { id, name: name.to_owned(), image: "box".to_owned(), marks: Vec::new() };
        Ok(Found { containers: ids.into_iter().map(named).collect(), failures: Vec::new() })
    }

    fn nobody(_name: &str) -> Result<Found, EngineError> {
        Err(EngineError::NoEngine(Vec::new()))
    }

    fn start(typed: &str, ask: AskEngines) -> Result<Start, Failure> {
        look_up(typed, &BTreeSet::from([id("a"), "lxc".to_owned()]), ask)
    }

    #[test]
    fn a_name_that_is_there() {
        for name in ["web", "db"] {
            let start = start(name, engines).unwrap();
            assert_eq!(start.wanted, Wanted::Name(name.to_owned()));
            assert_eq!(start.present, Some(id("1")));
            assert_eq!(start.waiting, None);
        }
    }

    #[test]
    fn a_name_that_is_not_there_yet() {
        let new = start("new", engines).unwrap();
        assert_eq!(new.wanted, Wanted::Name("new".to_owned()));
        assert_eq!(new.waiting.unwrap(), "waiting for a container called `new`");
        let hex = start("beef", engines).unwrap();
        assert_eq!(hex.wanted, Wanted::NameOrBeginning("beef".to_owned()));
    }

    #[test]
    fn ids_need_no_engine() {
        let never: AskEngines = |name| panic!("asked for {name}");
        for (typed, wanted) in [
            (id("a"), Wanted::Beginning(id("a"))),
            ("f".repeat(12), Wanted::Beginning("f".repeat(12))),
            ("lxc".to_owned(), Wanted::Whole("lxc".to_owned())),
        ] {
            assert_eq!(start(&typed, never).unwrap().wanted, wanted);
        }
        assert_eq!(start("db", nobody).unwrap().wanted, Wanted::Beginning("db".to_owned()));
        assert_eq!(start("ab", engines).unwrap().wanted, Wanted::Beginning("ab".to_owned()));
    }

    #[test]
    fn a_name_needs_one() {
        let Err(Failure::NoMatch(line)) = start("web", nobody) else { panic!("found") };
        assert!(line.starts_with("cannot look up container `web`: no container engine"), "{line}");
    }

    #[test]
    fn a_name_of_two_is_ambiguous() {
        let Err(Failure::NoMatch(line)) = start("two", engines) else { panic!("found") };
        assert!(line.starts_with("`two` means several containers"), "{line}");
    }
}
