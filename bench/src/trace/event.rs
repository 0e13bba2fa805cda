//! The tracepoints that are measured, and which lines tell of the load.

use nix::libc;

use super::load::{Load, Made, NAME_OF_SWITCHES};

/// A tracepoint that a load fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    Call,
    Switch,
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Call => "raw_syscalls:sys_enter",
            Self::Switch => "sched:sched_switch",
        }
    }

    /// A filter for everybody, in the kernel's language, which bpftrace's shares.
    ///
    /// Readers make calls and are switched too: without a filter some would keep themselves busy.
    pub(crate) fn filter(self) -> String {
        match self {
            Self::Call => format!("id == {}", libc::SYS_getppid),
            Self::Switch => format!("prev_comm == \"{NAME_OF_SWITCHES}\""),
        }
    }

    /// A burst of at least so many events, slow enough for everybody.
    pub(crate) fn probe(self, number: u64) -> Load {
        match self {
            Self::Call => Load::Calls { number, rate: Some(100_000) },
            Self::Switch => Load::Switches { turns: number / 2 },
        }
    }

    /// Whether a line with this id tells of what the load made.
    ///
    /// A switch must bear the name as well, of the process that was switched away from: it does for
    /// as long as its switches are counted.
    pub(crate) fn is_told(self, line: &str, id: u64, made: &Made) -> bool {
        made.ids.contains(&id)
            && match self {
                Self::Call => true,
                Self::Switch => line.split_once("prev_comm").is_some_and(|(_, rest)| {
                    rest.trim_start_matches(['=', ':', ' ', '"']).starts_with(NAME_OF_SWITCHES)
                }),
            }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_line_tells_of_the_load_or_of_another() {
        let made = Made { wall: Duration::ZERO, events: 1, ids: vec![7] };
        assert!(Event::Call.is_told("id=110", 7, &made));
        assert!(!Event::Call.is_told("id=110", 8, &made));
        for line in ["8 prev_comm=bench-switches a", "8 x(prev_comm: \"bench-switches\", "] {
            assert!(Event::Switch.is_told(line, 7, &made), "{line}");
            assert!(!Event::Switch.is_told(line, 8, &made), "{line}");
        }
        assert!(!Event::Switch.is_told("prev_comm=a next_comm=bench-switches", 7, &made));
    }
}
