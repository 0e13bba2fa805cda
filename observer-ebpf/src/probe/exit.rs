//! `sched_process_exit(struct task_struct *p)`, since 3.4; newer kernels add `bool group_dead`.
//!
//! Fires in each thread that ends. A process ends with its last thread, which newer kernels mark.
//! On the others `signal->live` is 0 then, but a thread that was overtaken on its way here reads 0
//! as well: the map of the exited lets one of them through.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::BPF_NOEXIST, helpers::generated::bpf_loop, macros::raw_tracepoint,
    programs::RawTracePointContext,
};
use observer_common::{ExitFacts, Kind, limits};

use crate::{
    emit::emit,
    layout::{place, setting},
    log::log,
    maps::{EXITED, ExitedKey},
    process::describe,
    reaper::reaper,
    scratch::{self, Draft},
    task::{CpuTime, Signal, Task, read},
};

#[raw_tracepoint]
pub fn sched_process_exit(ctx: RawTracePointContext) -> i32 {
    let thread = Task(ctx.arg(0));
    let last = if setting!(has_group_dead) == 1 {
        ctx.arg::<u64>(1) & 0xff != 0
    } else {
        thread.signal().live() == 0 && first_to_tell(thread)
    };
    if last {
        log!(ctx, "exit: pid {}", thread.tgid());
        tell(thread);
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

#[inline(always)]
fn tell(thread: Task) {
    let Some(draft) = Draft::new(&scratch::EXIT) else {
        return;
    };
    let signal = thread.signal();
    let time = cpu_time(signal);
    let facts: &mut ExitFacts = draft.begin();
    describe(thread, &mut facts.process, draft);
    facts.user_ns = time.user_ns;
    facts.system_ns = time.system_ns;
    facts.runtime_ns = time.runtime_ns;
    facts.max_rss_pages = signal.max_rss_pages();
    facts.status = signal.status();
    let reaper = reaper(thread.leader());
    facts.reaper_pid = reaper.tgid();
    facts.reaper_start_ns = reaper.leader().start_ns();
    emit(draft, Kind::EXIT);
}

/// A walk along the threads that the kernel has not let go of: the one that acts, a leader that
/// ended before the others, and those that are on their way out beside this one.
struct Threads {
    node: u64,
    head: u64,
    time: CpuTime,
}

#[inline(always)]
fn cpu_time(signal: Signal) -> CpuTime {
    let head = signal.thread_head();
    let mut threads = Threads { node: read(head, 0), head, time: signal.gone_cpu_time() };
    // SAFETY: the callback gets the pointer to `threads` back, which outlives the call.
    unsafe { bpf_loop(limits::THREADS, add_thread as *mut c_void, (&raw mut threads).cast(), 0) };
    threads.time
}

#[inline(never)]
unsafe extern "C" fn add_thread(_index: u64, threads: *mut Threads) -> i64 {
    // SAFETY: `bpf_loop` hands on the pointer that `cpu_time` gave it.
    let threads = unsafe { &mut *threads };
    if threads.node == threads.head || threads.node == 0 {
        return 1;
    }
    let task = Task(threads.node.wrapping_sub(u64::from(place!(task_thread_node))));
    threads.time.add(task.cpu_time());
    threads.node = read(threads.node, 0);
    0
}
