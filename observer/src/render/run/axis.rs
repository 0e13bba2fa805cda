//! The time axis: round marks along it.

use crate::render::time::span;

/// The finest step: what [`span`] still tells apart.
const FINEST_NS: u64 = 100_000;

/// Moments to mark from 0 up to `span_ns`, at most so many and the 0, at round distances.
pub(super) fn ticks(span_ns: u64, most: u64) -> impl Iterator<Item = u64> {
    let at_least = span_ns / most.max(1);
    let decades = (0..).map_while(|power| FINEST_NS.checked_mul(10_u64.checked_pow(power)?));
    let steps = decades.flat_map(|decade| [1, 2, 5].map(|factor| decade.saturating_mul(factor)));
    let step = steps.into_iter().find(|step| *step > at_least).unwrap_or(u64::MAX);
    (0..=span_ns / step).map(move |index| index * step)
}

/// A moment of the axis in words.
pub(super) fn label(ns: u64) -> String {
    if ns == 0 { "0".to_owned() } else { span(ns) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_and_not_more_than_asked_for() {
        let check = |span_ns, most, expected: &[&str]| {
            let labels: Vec<_> = ticks(span_ns, most).map(label).collect();
            assert_eq!(labels, expected);
        };
        check(1_203_000_000, 4, &["0", "500.0ms", "1.000s"]);
        check(
            1_203_000_000,
            8,
            &["0", "200.0ms", "400.0ms", "600.0ms", "800.0ms", "1.000s", "1.200s"],
        );
        check(90_000, 4, &["0"]);
        check(0, 0, &["0"]);
    }

    #[test]
    fn every_span_has_its_marks_within() {
        for power in 0..64 {
            for most in 1..12 {
                let span_ns = (1_u64 << power) + 1234;
                let all: Vec<_> = ticks(span_ns, most).collect();
                assert!(all.len() as u64 <= most + 1, "{span_ns}: {all:?}");
                assert!(all.iter().all(|tick| *tick <= span_ns), "{span_ns}: {all:?}");
            }
        }
    }
}
