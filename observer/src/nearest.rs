//! The names that come nearest to one that is unknown.

/// At most so many, the most similar first; those that resemble it too little are left out.
pub(crate) fn nearest<'a>(
    name: &str,
    known: impl Iterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    const ALIKE: f64 = 0.75;
    let mut scored = by_likeness(name, known);
    scored.retain(|(score, _)| *score >= ALIKE);
    scored.into_iter().take(most).map(|(_, known)| known).collect()
}

/// All of them, the most similar first.
#[cfg(feature = "perf")]
pub(crate) fn sorted<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    by_likeness(name, known).into_iter().map(|(_, known)| known).collect()
}

/// Equally similar ones stay in their order.
fn by_likeness<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Vec<(f64, &'a str)> {
    let name = name.to_lowercase();
    let score = |known: &str| strsim::jaro_winkler(&name, &known.to_lowercase());
    let mut scored: Vec<_> = known.map(|known| (score(known), known)).collect();
    scored.sort_by(|(left, _), (right, _)| right.total_cmp(left));
    scored
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 4] = ["sched_switch", "sched_wakeup", "sched_waking", "task_rename"];

    #[test]
    fn the_most_similar_is_first() {
        assert_eq!(nearest("sched_swich", NAMES.into_iter(), 1), ["sched_switch"]);
        assert_eq!(nearest("SCHED_WAKEUP", NAMES.into_iter(), 2)[0], "sched_wakeup");
        assert_eq!(nearest("zzz", NAMES.into_iter(), 3), [""; 0]);
    }

    #[test]
    #[cfg(feature = "perf")]
    fn sorting_leaves_nothing_out() {
        let mut sorted = sorted("rename", NAMES.into_iter());
        sorted.sort_unstable();
        assert_eq!(sorted, NAMES);
    }
}
