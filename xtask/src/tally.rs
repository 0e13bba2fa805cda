//! Sums the `test result:` lines of test programs, and keeps the names of tests and the reasons of
//! skipped live ones.

use std::collections::BTreeSet;
use std::fmt;
use std::mem;
use std::ops::AddAssign;

use crate::places::Places;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// `NAME: REASON` of each live test that could not run.
    pub(crate) reasons: Vec<String>,
    /// Tests that were started, until it is said where.
    pub(crate) started: BTreeSet<String>,
    /// Where which live tests ran.
    pub(crate) places: Places,
}

impl Tally {
    /// Takes one line of a test program's output into account.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(counts) = after(line, "test result:") {
            self.passed += count(counts, "passed");
            self.failed += count(counts, "failed");
            self.skipped += count(counts, "ignored");
        } else if let Some(reason) = line.trim_start().strip_prefix("skipped: ") {
            self.reasons.push(reason.trim_end().to_owned());
        } else {
            self.started.extend(started(line).map(str::to_owned));
        }
    }

    /// Says that what was started up to now ran at that place.
    pub(crate) fn ran_at(&mut self, place: &str) {
        self.places.add(place, mem::take(&mut self.started));
    }

    /// The tests that were skipped for a reason.
    pub(crate) fn excused(&self) -> BTreeSet<&str> {
        self.reasons.iter().filter_map(|reason| Some(reason.split_once(": ")?.0)).collect()
    }

    /// How many tests were started or skipped.
    pub(crate) fn total(&self) -> u64 {
        self.passed + self.failed + self.skipped
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, rhs: Self) {
        self.passed += rhs.passed;
        self.failed += rhs.failed;
        self.skipped += rhs.skipped;
        self.reasons.extend(rhs.reasons);
        self.started.extend(rhs.started);
        self.places.extend(rhs.places);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped, .. } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// What follows `label`, which a serial console may have put something in front of.
fn after<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    line.split_once(label).map(|(_, rest)| rest)
}

/// The name in `test NAME ... ok`, which a test that fails or talks leaves unfinished.
fn started(line: &str) -> Option<&str> {
    let (name, outcome) = line.strip_prefix("test ")?.split_once(" ... ")?;
    (outcome.trim_end() != "ignored").then(|| name.trim_end())
}

/// The number in front of `word`; 0 if there is none.
fn count(counts: &str, word: &str) -> u64 {
    let mut before = None;
    for part in counts.split([' ', ';']).filter(|part| !part.is_empty()) {
        if part == word {
            return before.and_then(|number: &str| number.parse().ok()).unwrap_or(0);
        }
        before = Some(part);
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        for line in lines {
            tally.read(line);
        }
        tally
    }

    #[test]
    fn results_are_summed() {
        let tally = read(&[
            "running 3 tests",
            "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.00s",
            "test result: FAILED. 10 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out",
        ]);
        assert_eq!(tally.to_string(), "12 passed, 3 failed, 1 skipped");
        assert_eq!(tally.total(), 16);
    }

    #[test]
    fn a_console_may_put_escapes_in_front() {
        let tally = read(&["\u{1b}[2J\u{1b}[Htest result: ok. 7 passed; 0 failed; 0 ignored;"]);
        assert_eq!(tally.passed, 7);
    }

    #[test]
    fn other_lines_count_nothing() {
        let tally = read(&["test a::b ... ok", "5 passed", "the test failed"]);
        assert_eq!(Tally { started: BTreeSet::new(), ..tally }, Tally::default());
    }

    #[test]
    fn names_are_kept_of_what_was_started() {
        let mut tally = read(&[
            "test a::b          ... ok",
            "test c             ... said meanwhile",
            "test d::e          ... ignored",
            "test result: ok. 2 passed; 0 failed; 1 ignored;",
        ]);
        tally.ran_at("here");
        let known = ["a::b", "c", "d::e"].map(str::to_owned).into();
        assert_eq!(tally.places.missing(&known), ["d::e"]);
        tally.ran_at("there");
        assert_eq!(tally.places.to_string(), "here: 2 live tests\n");
    }

    #[test]
    fn reasons_of_skipped_tests_are_kept() {
        let tally = read(&["skipped: docker::stages: no `dockerd` found\r"]);
        assert_eq!(tally.reasons, ["docker::stages: no `dockerd` found"]);
        assert_eq!(tally.total(), 0);
    }

    #[test]
    fn adding_keeps_everything() {
        let mut sum = read(&["test result: ok. 1 passed; 1 failed; 1 ignored;"]);
        sum += read(&["test result: ok. 1 passed; 1 failed; 1 ignored;", "skipped: a: b"]);
        let reasons = vec!["a: b".into()];
        assert_eq!(sum, Tally { passed: 2, failed: 2, skipped: 2, reasons, ..Tally::default() });
        assert_eq!(sum.excused(), ["a"].into());
    }
}
