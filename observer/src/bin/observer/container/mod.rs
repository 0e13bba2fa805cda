//! Which container a name, an id or its beginning means: in a listing, and in a stream of events
//! ([`Following`]).

mod following;
mod held;
mod start;
mod verdicts;
mod wanted;

use std::collections::BTreeSet;

use observer::{
    Listing,
    container::Container,
    engines::{self, EngineError},
    field::Row,
};

pub(crate) use self::{following::Following, verdicts::Verdict, wanted::is_surely_an_id};
use crate::exit::Failure;

/// As many digits as engines print: taken for an id without asking anybody.
const SHORT_ID: usize = 12;

/// Keeps the processes of the container that is meant.
///
/// # Errors
///
/// [`Failure::NoMatch`] where no container, or more than one, is meant.
pub(crate) fn keep(listing: &mut Listing, meant: &str) -> Result<(), Failure> {
    let id = resolve(meant, &present(listing), engines::id_of)?;
    let id = id.map_err(|error| not_there(meant, &error))?;
    retain(listing, &id);
    Ok(())
}

/// Keeps the processes of a container that may not exist yet: none, while no engine knows it.
///
/// # Errors
///
/// [`Failure::NoMatch`] where more than one container is meant, or no engine can tell.
pub(crate) fn keep_if_there(listing: &mut Listing, meant: &str) -> Result<(), Failure> {
    match resolve(meant, &present(listing), engines::id_of)? {
        Ok(id) => retain(listing, &id),
        Err(EngineError::NotThere { .. }) => listing.rows.clear(),
        Err(error) => return Err(not_there(meant, &error)),
    }
    Ok(())
}

fn retain(listing: &mut Listing, id: &str) {
    listing.rows.retain(|row| container(row).is_some_and(|found| found.id == id));
}

fn not_there(meant: &str, why: &EngineError) -> Failure {
    Failure::NoMatch(match why {
        EngineError::NoEngine(_) => format!(
            "no running container `{meant}`; names cannot be looked up, because {why}; give its \
             id, or start its engine"
        ),
        _ => format!("no running container `{meant}`: {why}; give the name or id of a running one"),
    })
}

/// Ids of the containers that have a process.
fn present(listing: &Listing) -> BTreeSet<String> {
    listing.rows.iter().filter_map(container).map(|found| found.id.clone()).collect()
}

fn container(row: &Row) -> Option<&Container> {
    row.cgroup.as_ref()?.container.as_ref()
}

type AskEngines = fn(&str) -> Result<engines::Found, EngineError>;

/// Its id, or why there is none.
type Resolved = Result<String, EngineError>;

/// A whole id first, then a name, then the beginning of an id, as engines have it.
fn resolve(meant: &str, present: &BTreeSet<String>, ask: AskEngines) -> Result<Resolved, Failure> {
    let begun: Vec<&String> = present.iter().filter(|id| id.starts_with(meant)).collect();
    if let [id] = begun[..]
        && (id == meant || meant.len() >= SHORT_ID)
    {
        return Ok(Ok(id.clone()));
    }
    match ask(meant) {
        Ok(found) => match &found.containers[..] {
            [one] => Ok(Ok(one.id.clone())),
            several => {
                let ids: Vec<_> = several.iter().map(|named| &named.id).collect();
                Err(ambiguous(meant, &ids))
            }
        },
        Err(error) => match begun[..] {
            [] => Ok(Err(error)),
            [id] => Ok(Ok(id.clone())),
            _ => Err(ambiguous(meant, &begun)),
        },
    }
}

fn ambiguous(meant: &str, ids: &[&String]) -> Failure {
    let list = ids.iter().map(|id| short(id)).collect::<Vec<_>>().join("`, `");
    Failure::NoMatch(format!("`{meant}` means several containers: `{list}`; give an id"))
}

/// An id as engines print it.
fn short(id: &str) -> &str {
    id.get(..SHORT_ID).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use observer::engines::{Found, Named};

    use super::*;

    fn id(digit: &str) -> String {
        digit.repeat(64)
    }

    fn web(name: &str) -> Result<Found, EngineError> {
        if name != "web" {
            return Err(EngineError::NoEngine(Vec::new()));
        }
        let containers =
            vec![Named { id: id("b"), name: "web".into(), image: "box".into(), marks: Vec::new() }];
        Ok(Found { containers, failures: Vec::new() })
    }

    fn check(meant: &str, expected: Option<&str>) {
        let present = BTreeSet::from([id("a"), format!("a{}", "c".repeat(63)), id("b")]);
        let found = resolve(meant, &present, web).ok().and_then(Result::ok);
        assert_eq!(found.as_deref(), expected, "{meant}");
    }

    #[test]
    fn ids_names_and_beginnings() {
        check(&id("a"), Some(&id("a")));
        check(&"a".repeat(12), Some(&id("a")));
        check("web", Some(&id("b")));
        check("b", Some(&id("b")));
        check("aa", Some(&id("a")));
        check("a", None);
        check("shop", None);
    }
}
