//! Which live tests ran on which machine, so that none is left out unnoticed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Names of tests by the place where they ran.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Places(BTreeMap<String, BTreeSet<String>>);

impl Places {
    pub(crate) fn add(&mut self, place: &str, tests: BTreeSet<String>) {
        if !tests.is_empty() {
            self.0.entry(place.to_owned()).or_default().extend(tests);
        }
    }

    pub(crate) fn extend(&mut self, other: Self) {
        for (place, tests) in other.0 {
            self.add(&place, tests);
        }
    }

    /// Those of `known` that ran at no place.
    pub(crate) fn missing<'a>(&self, known: &'a BTreeSet<String>) -> Vec<&'a str> {
        let ran: BTreeSet<_> = self.0.values().flatten().collect();
        known.iter().filter(|name| !ran.contains(name)).map(String::as_str).collect()
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, tests) in &self.0 {
            writeln!(f, "{place}: {} live tests", tests.len())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn a_test_is_missing_that_ran_at_no_place() {
        let mut places = Places::default();
        places.add("host", set(&["a", "b"]));
        places.add("guest", set(&["b", "c"]));
        assert_eq!(places.missing(&set(&["a", "b", "c", "d"])), ["d"]);
        assert_eq!(places.to_string(), "guest: 2 live tests\nhost: 2 live tests\n");
    }

    #[test]
    fn two_runs_at_one_place_are_one() {
        let mut places = Places::default();
        places.add("host", set(&["a"]));
        let mut others = Places::default();
        others.add("host", set(&["a", "b"]));
        others.add("guest", set(&[]));
        places.extend(others);
        assert_eq!(places.to_string(), "host: 2 live tests\n");
    }
}
