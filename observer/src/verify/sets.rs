//! The processes that must be in a snapshot taken between two looks at /proc, and those that must
//! not. Pure.

use std::collections::BTreeSet;

/// Pid and start in clock ticks: what both sides know of every process.
pub(super) type Identity = (u32, u64);

/// Processes that both looks found, or one of them.
#[derive(Debug)]
pub(super) struct Looks {
    through: BTreeSet<Identity>,
    either: BTreeSet<Identity>,
    /// Processes that began later may have come, or gone, between two of the looks.
    settled_ticks: u64,
}

impl Looks {
    pub(super) fn new(
        before: &BTreeSet<Identity>,
        after: &BTreeSet<Identity>,
        settled_ticks: u64,
    ) -> Self {
        Self { through: before & after, either: before | after, settled_ticks }
    }

    /// Those who were there before and after, but not in the snapshot.
    pub(super) fn missing(&self, snapshot: &BTreeSet<Identity>) -> Vec<Identity> {
        let missing = self.through.difference(snapshot).copied();
        missing.filter(|identity| self.is_settled(*identity)).collect()
    }

    /// Those in the snapshot who were there neither before nor after. One that began since the
    /// first look may have ended before the second.
    pub(super) fn ghosts(&self, snapshot: &BTreeSet<Identity>) -> Vec<Identity> {
        let unknown = snapshot.difference(&self.either).copied();
        unknown.filter(|identity| self.is_settled(*identity)).collect()
    }

    fn is_settled(&self, (_, start_ticks): Identity) -> bool {
        start_ticks < self.settled_ticks
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(identities: &[Identity]) -> BTreeSet<Identity> {
        identities.iter().copied().collect()
    }

    fn check(snapshot: &[Identity]) -> (Vec<Identity>, Vec<Identity>) {
        let before = set(&[(1, 0), (2, 10), (3, 20), (9, 101)]);
        let after = set(&[(1, 0), (2, 10), (4, 90), (9, 101)]);
        let looks = Looks::new(&before, &after, 100);
        (looks.missing(&set(snapshot)), looks.ghosts(&set(snapshot)))
    }

    #[test]
    fn who_is_there_before_and_after_is_in_the_snapshot() {
        assert_eq!(check(&[(1, 0), (2, 10), (9, 101)]), (vec![], vec![]));
        assert_eq!(check(&[(1, 0)]).0, [(2, 10)]);
    }

    #[test]
    fn who_comes_or_goes_meanwhile_may_be_in_it_or_not() {
        assert_eq!(check(&[(1, 0), (2, 10), (3, 20), (4, 90), (9, 101)]), (vec![], vec![]));
    }

    #[test]
    fn who_lives_only_between_the_looks_is_no_ghost() {
        assert_eq!(check(&[(1, 0), (2, 10), (5, 100)]).1, []);
    }

    #[test]
    fn who_began_before_and_is_seen_by_neither_look_is_a_ghost() {
        assert_eq!(check(&[(1, 0), (2, 10), (5, 99)]).1, [(5, 99)]);
    }

    #[test]
    fn another_life_of_a_pid_is_another_process() {
        assert_eq!(check(&[(1, 0), (2, 11)]), (vec![(2, 10)], vec![(2, 11)]));
    }

    #[test]
    fn who_has_just_begun_is_not_judged() {
        assert_eq!(check(&[(1, 0), (2, 10)]).0, []);
    }
}
