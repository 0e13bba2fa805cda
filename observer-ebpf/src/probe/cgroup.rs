//! `cgroup_attach_task(struct cgroup *dst_cgrp, const char *path, struct task_struct *task,
//! bool threadgroup)`, since 4.3.
//!
//! Fires once for each hierarchy in which a process is moved, after the move; told are those
//! hierarchies whose names a record has. A process that is created inside its cgroup never gets
//! here.

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use observer_common::{CgroupFacts, Kind};

use crate::{
    cgroup::is_named,
    copies::Copy,
    emit::emit,
    log::log,
    process::describe,
    scratch::{self, Draft},
    task::Task,
};

#[raw_tracepoint]
pub fn cgroup_attach_task(ctx: RawTracePointContext) -> i32 {
    attached(&ctx, Copy::First)
}

#[raw_tracepoint]
pub fn cgroup_attach_task_second(ctx: RawTracePointContext) -> i32 {
    attached(&ctx, Copy::Second)
}

#[inline(always)]
fn attached(ctx: &RawTracePointContext, copy: Copy) -> i32 {
    let task = Task(ctx.arg(2));
    if copy.is_to_act(Kind::CGROUP, task)
        && task.is_leader()
        && is_named(ctx.arg(0), task.css_set())
    {
        log!(*ctx, "cgroup: pid {}", task.pid());
        tell(task, copy);
    }
    0
}

#[inline(never)]
fn tell(task: Task, copy: Copy) {
    let Some(draft) = Draft::of(&scratch::CGROUP, copy) else {
        return;
    };
    let facts: &mut CgroupFacts = draft.begin();
    describe(task, &mut facts.process, draft);
    emit(draft, Kind::CGROUP);
}
