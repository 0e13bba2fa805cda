//! `sched_process_free(struct task_struct *p)`, since 2.6.
//!
//! Fires some milliseconds after a process was waited for, from an RCU callback, for every thread.
//! By then all its accounting is final, and its pid may already belong to another.

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use observer_common::{FreeFacts, Kind};

use crate::{
    copies::Copy,
    emit::emit,
    log::log,
    scratch::{self, Draft},
    task::Task,
};

#[raw_tracepoint]
pub fn sched_process_free(ctx: RawTracePointContext) -> i32 {
    freed(&ctx, Copy::First)
}

#[raw_tracepoint]
pub fn sched_process_free_second(ctx: RawTracePointContext) -> i32 {
    freed(&ctx, Copy::Second)
}

#[inline(always)]
fn freed(ctx: &RawTracePointContext, copy: Copy) -> i32 {
    let task = Task(ctx.arg(0));
    // A thread that took over its process by exec leaves the old leader behind, with the same
    // start time and the thread's former id.
    if copy.is_to_act(Kind::FREE, task) && task.is_leader() {
        log!(*ctx, "free: pid {}", task.pid());
        tell(task, copy);
    }
    0
}

#[inline(never)]
fn tell(leader: Task, copy: Copy) {
    let Some(draft) = Draft::of(&scratch::FREE, copy) else {
        return;
    };
    let signal = leader.signal();
    let used = signal.used_by_the_gone();
    *draft.begin() = FreeFacts {
        start_ns: leader.start_ns(),
        user_ns: used.user_ns,
        system_ns: used.system_ns,
        runtime_ns: used.runtime_ns,
        max_rss_pages: signal.max_rss_pages(),
        pid: leader.pid(),
        status: signal.status(),
    };
    emit(draft, Kind::FREE);
}
