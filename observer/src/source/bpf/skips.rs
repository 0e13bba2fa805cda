//! Runs that the kernel skipped, so that nobody told of what happened.
//!
//! Kernels since 7.0 preempt tracepoint programs, and skip a program for everybody else on the CPU
//! while a task is preempted in the middle of it. Only the program's own counter knows. The second
//! copies of the programs do what the first were skipped for; what is lost all the same is found here.

use std::os::fd::{AsFd as _, OwnedFd};

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
    hooks: Vec<(Watched, Seen)>,
}

/// What was found of one hook before.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Skipped runs of the last program on the hook.
    of_the_last: u64,
    lost: u64,
}

impl Skips {
    pub(super) fn new(hooks: Vec<Watched>) -> Self {
        Self { hooks: hooks.into_iter().map(|hook| (hook, Seen::default())).collect() }
    }

    pub(super) fn watch(&mut self, hook: Watched) {
        self.hooks.push((hook, Seen::default()));
    }

    /// Calls of hooks that nobody has looked at, and that were not known before. `counters` are those
    /// of now; they are asked for only where something was skipped.
    pub(super) fn news(
        &mut self,
        counters: impl Fn() -> Result<Vec<Counters>, Error>,
    ) -> Result<u64, Error> {
        let mut news = 0;
        for (hook, seen) in &mut self.hooks {
            // While none of its runs is skipped, the last program on a hook sees to every call.
            let of_the_last = misses(hook.second.as_ref().unwrap_or(&hook.first))?;
            if of_the_last == seen.of_the_last {
                continue;
            }
            seen.of_the_last = of_the_last;
            let lost = if hook.second.is_none() {
                of_the_last
            } else {
                // In this order: what is skipped first is taken over afterwards.
                let of_the_first = misses(&hook.first)?;
                left_over(of_the_first, of_the_last, hook.kind, &counters()?)
            };
            news += lost.saturating_sub(seen.lost);
            seen.lost = seen.lost.max(lost);
        }
        Ok(news)
    }
}

fn misses(program: &OwnedFd) -> Result<u64, Error> {
    recursion_misses(program.as_fd()).map_err(Error::system("cannot ask for skipped runs"))
}

/// Calls that neither copy has looked at: what the first was skipped for or has passed on, less what
/// the second has taken over. A task may have been preempted between the two, so that its call is
/// among the former and not yet among the latter: never more are lost than the second was skipped for.
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
