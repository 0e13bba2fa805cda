//! What the threads of a process have used together.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::bpf_loop;
use observer_common::limits;

use crate::{
    layout::place,
    task::{Signal, Task, Usage, read},
};

/// A walk along the threads that the kernel has not let go of: of a dead process the one that
/// acts, a leader that ended before the others, and those that are on their way out beside it.
struct Threads {
    node: u64,
    head: u64,
    used: Usage,
}

/// What the threads use that are there, and what those used that are not any more.
#[inline(always)]
pub fn used(signal: Signal) -> Usage {
    let head = signal.thread_head();
    let mut threads = Threads { node: read(head, 0), head, used: signal.used_by_the_gone() };
    // SAFETY: the callback gets the pointer to `threads` back, which outlives the call.
    unsafe { bpf_loop(limits::THREADS, add_thread as *mut c_void, (&raw mut threads).cast(), 0) };
    threads.used
}

#[inline(never)]
unsafe extern "C" fn add_thread(_index: u64, threads: *mut Threads) -> i64 {
    // SAFETY: `bpf_loop` hands on the pointer that `used` gave it.
    let threads = unsafe { &mut *threads };
    if threads.node == threads.head || threads.node == 0 {
        return 1;
    }
    let task = Task(threads.node.wrapping_sub(u64::from(place!(task_thread_node))));
    threads.used.add(task.used());
    threads.node = read(threads.node, 0);
    0
}
