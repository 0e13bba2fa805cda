//! Sums the `test result:` lines of test programs, and keeps the reasons of skipped live tests.

use std::fmt;
use std::ops::AddAssign;

/// How many tests passed, failed and were skipped.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
    /// `NAME: REASON` of each live test that could not run.
    pub(crate) reasons: Vec<String>,
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
        }
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
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped, reasons: _ } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// What follows `label`, which a serial console may have put something in front of.
fn after<'a>(line: &'a str, label: &str) -> Option<&'a str> {
    line.split_once(label).map(|(_, rest)| rest)
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
        assert_eq!(tally, Tally::default());
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
        assert_eq!(sum, Tally { passed: 2, failed: 2, skipped: 2, reasons: vec!["a: b".into()] });
    }
}
