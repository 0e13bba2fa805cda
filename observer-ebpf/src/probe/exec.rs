//! `sched_process_exec(struct task_struct *p, pid_t old_pid, struct linux_binprm *bprm)`, since
//! 3.4.
//!
//! Fires in the process itself, past the point of no return: a failed exec never gets here. Its
//! memory is the new program's, its arguments in place and not yet touched.

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use observer_common::{ExecFacts, Kind, limits};

use crate::{
    args::Args,
    copies::Copy,
    emit::emit,
    layout::place,
    log::log,
    process::describe,
    scratch::{self, Draft},
    task::{Task, read},
};

#[raw_tracepoint]
pub fn sched_process_exec(ctx: RawTracePointContext) -> i32 {
    executes(&ctx, Copy::First)
}

#[raw_tracepoint]
pub fn sched_process_exec_second(ctx: RawTracePointContext) -> i32 {
    executes(&ctx, Copy::Second)
}

#[inline(always)]
fn executes(ctx: &RawTracePointContext, copy: Copy) -> i32 {
    let task = Task(ctx.arg(0));
    if copy.is_to_act(Kind::EXEC, task) {
        log!(*ctx, "exec: pid {}", task.tgid());
        tell(task, ctx.arg(2), copy);
    }
    0
}

#[inline(never)]
fn tell(task: Task, bprm: u64, copy: Copy) {
    let Some(draft) = Draft::of(&scratch::EXEC, copy) else {
        return;
    };
    let args = Args::of(task);
    args.send_ahead(task, draft);
    let facts: &mut ExecFacts = draft.begin();
    describe(task, &mut facts.process, draft);
    let filename: u64 = read(bprm, place!(bprm_filename));
    facts.filename_len = draft.append_kernel_str::<{ limits::FILENAME }>(filename) as u32;
    facts.args_len = args.append_beginning(draft);
    facts.args_size = args.size;
    facts.args_wanted = args.wanted;
    facts.copy = copy as u32;
    facts.reserved = 0;
    emit(draft, Kind::EXEC);
}
