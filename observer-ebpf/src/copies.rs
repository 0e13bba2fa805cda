//! Which copy of a program does the work.
//!
//! Kernels since 7.0 run tracepoint programs with preemption on. While a task is preempted inside a
//! program, the kernel skips that program for every other task on that CPU. So each program that is
//! always on has a second copy behind it on the same tracepoint, which does what the first was
//! skipped for, and only that: the first leaves a note of each call that it takes, the second removes
//! it, and where it finds none the call is its own.
//!
//! A call is skipped altogether only where another task is preempted in each of the two at once. User
//! space counts these; see `Counters`.
//!
//! On other kernels there are no second copies, and all of this is a constant to the verifier.

use observer_common::{Counters, Kind};

use crate::{
    layout::setting,
    maps::{COUNTERS, TAKEN, TakenKey},
    task::Task,
};

/// One of the two programs of a hook.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Copy {
    First = 0,
    Second = 1,
}

impl Copy {
    /// Whether this copy is to do what the hook of `kind` was called for with `subject`: the task that
    /// it is about.
    #[inline(always)]
    pub fn is_to_act(self, kind: Kind, subject: Task) -> bool {
        if setting!(has_second_copies) == 0 {
            return true;
        }
        let (subject, caller) = (subject.0, Task::current().0);
        let call = TakenKey { subject, caller, kind: u64::from(kind.0) };
        match self {
            Self::First => takes(&call, kind),
            Self::Second => takes_over(&call, kind),
        }
    }

    /// What this copy counts on this CPU.
    #[inline(always)]
    pub fn counters<'a>(self) -> Option<&'a mut Counters> {
        let index = if setting!(has_second_copies) == 0 { 0 } else { self as u32 };
        // SAFETY: a live map value of this CPU. Each number in it has one writer at a time.
        COUNTERS.get_ptr_mut(index).map(|counters| unsafe { &mut *counters })
    }
}

/// Events of this CPU that were lost, by whichever copy.
#[inline(always)]
pub fn events_lost() -> u64 {
    let lost = |copy: Copy| copy.counters().map_or(0, |counters| counters.events_lost());
    if setting!(has_second_copies) == 0 {
        lost(Copy::First)
    } else {
        lost(Copy::First) + lost(Copy::Second)
    }
}

/// What cannot be noted is left to the second copy: that finds no note.
#[inline(always)]
fn takes(call: &TakenKey, kind: Kind) -> bool {
    if TAKEN.insert(call, &0, 0).is_ok() {
        return true;
    }
    if let Some(counters) = Copy::First.counters() {
        counters.passed_on[kind.index()] += 1;
    }
    false
}

#[inline(always)]
fn takes_over(call: &TakenKey, kind: Kind) -> bool {
    if TAKEN.get_ptr(call).is_some() {
        // A note that stays would have the next call about this task taken for done, if the first
        // program is skipped for that: it is counted as lost then.
        let _ = TAKEN.remove(call);
        return false;
    }
    if let Some(counters) = Copy::Second.counters() {
        counters.taken_over[kind.index()] += 1;
    }
    true
}
