//! Runs that the kernel skipped, so that nothing reported what happened.
//!
//! Kernels since 7.0 preempt tracepoint programs, and skip a program for everybody else on the CPU
//! while a task is preempted in the middle of it. Only the program's own counter knows. The second
//! copies of the programs do what the first were skipped for; what is lost all the same is found
//! here.

use std::{
    os::fd::{AsFd as _, OwnedFd},
    thread,
    time::Duration,
};

use observer_common::{Counters, Kind};

use crate::{Error, sys::program_info::recursion_misses};

/// The programs of one hook.
pub(super) struct Watched {
    pub(super) kind: Kind,
    pub(super) first: OwnedFd,
    pub(super) second: Option<OwnedFd>,
}

/// What was skipped of all hooks.
pub(super) struct Skips {
    /// Each with how many of its calls are known to be lost.
    hooks: Vec<(Watched, u64)>,
}

/// So long a task gets to go on from a program to its second copy, before its call is taken for
/// lost.
const ON_THE_WAY: Duration = Duration::from_millis(2);

impl Skips {
    pub(super) fn new(hooks: Vec<Watched>) -> Self {
        Self { hooks: hooks.into_iter().map(|hook| (hook, 0)).collect() }
    }

    /// The id of the first program of all.
    #[cfg(feature = "log")]
    pub(super) fn first_program(&self) -> Option<u32> {
        let (hook, _) = self.hooks.first()?;
        crate::sys::program_info::id(hook.first.as_fd()).ok()
    }

    pub(super) fn watch(&mut self, hook: Watched) {
        self.hooks.push((hook, 0));
    }

    /// Calls of hooks that nobody has looked at, and that were not known before. `counters` says
    /// what the programs have counted by now; it is asked only where a second copy was skipped.
    pub(super) fn news(
        &mut self,
        counters: impl Fn() -> Result<Vec<Counters>, Error>,
    ) -> Result<u64, Error> {
        let mut news = 0;
        for (hook, known) in &mut self.hooks {
            let mut lost = hook.lost(&counters)?;
            if lost > *known && hook.second.is_some() {
                thread::sleep(ON_THE_WAY);
                lost = lost.min(hook.lost(&counters)?);
            }
            news += lost.saturating_sub(*known);
            *known = lost.max(*known);
        }
        Ok(news)
    }
}

impl Watched {
    /// Calls that nobody has looked at. Where programs run meanwhile it may be too few, for what is
    /// read first is older, or too many, for some are on their way to the second copy. When they
    /// have come to rest it is exact.
    fn lost(&self, counters: impl Fn() -> Result<Vec<Counters>, Error>) -> Result<u64, Error> {
        let Some(second) = &self.second else {
            return misses(&self.first);
        };
        // While none of its runs is skipped, the second copy sees to every call.
        let of_the_second = misses(second)?;
        if of_the_second == 0 {
            return Ok(0);
        }
        let of_the_first = misses(&self.first)?;
        Ok(left_over(of_the_first, of_the_second, self.kind, &counters()?))
    }
}

fn misses(program: &OwnedFd) -> Result<u64, Error> {
    recursion_misses(program.as_fd()).map_err(Error::system("cannot ask for skipped runs"))
}

/// Calls that neither copy has looked at: what the first was skipped for or has passed on, less
/// what the second has taken over. A task may have been preempted between the two, so that its call
/// is among the former and not yet among the latter: never more are lost than the second was
/// skipped for.
fn left_over(first: u64, second: u64, kind: Kind, counters: &[Counters]) -> u64 {
    let sum = |of: fn(&Counters) -> &[u64; Kind::COUNT]| -> u64 {
        counters.iter().filter_map(|counters| of(counters).get(kind.index())).sum()
    };
    let passed_on = sum(|counters| &counters.passed_on);
    let taken_over = sum(|counters| &counters.taken_over);
    (first + passed_on).saturating_sub(taken_over).min(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neither_copy_looked_at_is_left_over() {
        let counters = |passed_on, taken_over| {
            let mut counters = Counters::default();
            counters.passed_on[Kind::EXIT.index()] = passed_on;
            counters.taken_over[Kind::EXIT.index()] = taken_over;
            counters.taken_over[Kind::EXEC.index()] = 1000;
            counters
        };
        let left = |first, second, cpus: &[Counters]| left_over(first, second, Kind::EXIT, cpus);
        assert_eq!(left(5, 0, &[counters(0, 5)]), 0);
        assert_eq!(left(5, 1, &[counters(0, 2), counters(0, 2)]), 1);
        assert_eq!(left(5, 9, &[counters(2, 3), counters(0, 3)]), 1, "what is passed on counts");
        assert_eq!(left(5, 0, &[counters(0, 3)]), 0, "two are on their way to the second copy");
        assert_eq!(left(5, 3, &[counters(0, 7)]), 0, "the first copy was detached earlier");
    }
}
