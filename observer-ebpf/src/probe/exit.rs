//! `sched_process_exit(struct task_struct *p)`, since 3.4; newer kernels add `bool group_dead`.
//!
//! Fires in each thread that ends. A process ends with its last thread, which newer kernels mark.
//! On the others `signal->live` is 0 then, but a thread that was overtaken on its way here reads 0
//! as well: the map of the exited lets one of them through.

use aya_ebpf::{bindings::BPF_NOEXIST, macros::raw_tracepoint, programs::RawTracePointContext};
use observer_common::{ExitFacts, Kind};

use crate::{
    copies::Copy,
    emit::emit,
    layout::setting,
    log::log,
    maps::{EXITED, ExitedKey},
    process::describe,
    reaper::reaper,
    scratch::{self, Draft},
    task::Task,
    threads,
};

#[raw_tracepoint]
pub fn sched_process_exit(ctx: RawTracePointContext) -> i32 {
    exits(&ctx, Copy::First)
}

#[raw_tracepoint]
pub fn sched_process_exit_second(ctx: RawTracePointContext) -> i32 {
    exits(&ctx, Copy::Second)
}

#[inline(always)]
fn exits(ctx: &RawTracePointContext, copy: Copy) -> i32 {
    let thread = Task(ctx.arg(0));
    if !copy.is_to_act(Kind::EXIT, thread) {
        return 0;
    }
    let last = if setting!(has_group_dead) == 1 {
        ctx.arg::<u64>(1) & 0xff != 0
    } else {
        thread.signal().live() == 0 && first_to_tell(thread)
    };
    if last {
        log!(*ctx, "exit: pid {}", thread.tgid());
        tell(thread, copy);
    }
    0
}

#[inline(always)]
fn first_to_tell(thread: Task) -> bool {
    const EEXIST: i32 = -17;
    let key = ExitedKey { start_ns: thread.leader().start_ns(), pid: u64::from(thread.tgid()) };
    // Any other failure is a want of memory: better told twice than not at all.
    EXITED.insert(&key, &0, u64::from(BPF_NOEXIST)) != Err(EEXIST)
}

#[inline(never)]
fn tell(thread: Task, copy: Copy) {
    let Some(draft) = Draft::of(&scratch::EXIT, copy) else {
        return;
    };
    let signal = thread.signal();
    let used = threads::used(signal);
    let facts: &mut ExitFacts = draft.begin();
    describe(thread, &mut facts.process, draft);
    facts.user_ns = used.user_ns;
    facts.system_ns = used.system_ns;
    facts.runtime_ns = used.runtime_ns;
    facts.max_rss_pages = signal.max_rss_pages();
    facts.status = signal.status();
    let reaper = reaper(thread.leader());
    facts.reaper_pid = reaper.tgid();
    facts.reaper_start_ns = reaper.leader().start_ns();
    emit(draft, Kind::EXIT);
}
