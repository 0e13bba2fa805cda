//! `task_rename(struct task_struct *task, const char *comm)`, since 3.4.
//!
//! Fires before the new name is in place: by prctl(2), by a write to /proc/PID/comm, and inside
//! every exec. A process is called what its leader is called.

use aya_ebpf::{
    helpers::generated::bpf_probe_read_kernel_str, macros::raw_tracepoint,
    programs::RawTracePointContext,
};
use observer_common::{Kind, RenameFacts, limits};

use crate::{
    copies::Copy,
    emit::emit,
    log::log,
    process::describe,
    scratch::{self, Draft},
    task::Task,
};

#[raw_tracepoint]
pub fn task_rename(ctx: RawTracePointContext) -> i32 {
    renamed(&ctx, Copy::First)
}

#[raw_tracepoint]
pub fn task_rename_second(ctx: RawTracePointContext) -> i32 {
    renamed(&ctx, Copy::Second)
}

#[inline(always)]
fn renamed(ctx: &RawTracePointContext, copy: Copy) -> i32 {
    let task = Task(ctx.arg(0));
    if copy.is_to_act(Kind::RENAME, task) && task.is_leader() {
        log!(*ctx, "rename: pid {}", task.pid());
        tell(task, ctx.arg(1), copy);
    }
    0
}

#[inline(never)]
fn tell(task: Task, name: u64, copy: Copy) {
    let Some(draft) = Draft::of(&scratch::RENAME, copy) else {
        return;
    };
    let mut new_comm = [0_u8; limits::COMM];
    // SAFETY: the destination is as long as said.
    unsafe {
        bpf_probe_read_kernel_str(
            new_comm.as_mut_ptr().cast(),
            limits::COMM as u32,
            name as *const _,
        );
    }
    if same(&new_comm, &task.comm()) {
        return;
    }
    let facts: &mut RenameFacts = draft.begin();
    facts.new_comm = new_comm;
    describe(task, &mut facts.process, draft);
    emit(draft, Kind::RENAME);
}

/// Both are NUL-padded, so that whole words can be compared.
#[inline(always)]
fn same(left: &[u8; limits::COMM], right: &[u8; limits::COMM]) -> bool {
    u128::from_ne_bytes(*left) == u128::from_ne_bytes(*right)
}
