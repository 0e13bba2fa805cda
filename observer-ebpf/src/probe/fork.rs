//! `task_newtask(struct task_struct *task, unsigned long clone_flags)`, since 3.4.
//!
//! Fires in the creator, when the child is complete and in its cgroup but has not run yet. Unlike
//! `sched_process_fork` it tells the flags.

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use observer_common::{ForkFacts, Kind};

use crate::{
    copies::Copy,
    emit::emit,
    log::log,
    process::describe,
    scratch::{self, Draft},
    task::Task,
};

#[raw_tracepoint]
pub fn task_newtask(ctx: RawTracePointContext) -> i32 {
    created(&ctx, Copy::First)
}

#[raw_tracepoint]
pub fn task_newtask_second(ctx: RawTracePointContext) -> i32 {
    created(&ctx, Copy::Second)
}

#[inline(always)]
fn created(ctx: &RawTracePointContext, copy: Copy) -> i32 {
    let child = Task(ctx.arg(0));
    // A thread is not a process; the idle task of a CPU that comes up has pid 0.
    if copy.is_to_act(Kind::FORK, child) && child.is_leader() && child.pid() != 0 {
        log!(*ctx, "fork: pid {}", child.pid());
        tell(child, ctx.arg(1), copy);
    }
    0
}

#[inline(never)]
fn tell(child: Task, clone_flags: u64, copy: Copy) {
    let Some(draft) = Draft::of(&scratch::FORK, copy) else {
        return;
    };
    let thread = Task::current();
    let creator = thread.leader();
    let facts: &mut ForkFacts = draft.begin();
    describe(child, &mut facts.child, draft);
    facts.creator_start_ns = creator.start_ns();
    facts.clone_flags = clone_flags;
    facts.creator_pid = thread.tgid();
    facts.creator_tid = thread.pid();
    facts.creator_comm = creator.comm();
    emit(draft, Kind::FORK);
}
