//! The new parent of a dead process's children: what the kernel's `find_new_reaper` will decide a
//! moment after the exit hook, when nothing can be hooked any more.
//!
//! The nearest ancestor that called itself a subreaper and lives, in the same pid namespace; else
//! that namespace's init.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::bpf_loop;
use observer_common::limits;

use crate::{
    layout::place,
    task::{Task, read},
};

/// The heir of `leader`'s children; a task of address 0 where the dead is the namespace's init
/// itself, which takes all of it along.
#[inline(always)]
pub fn reaper(leader: Task) -> Task {
    let signal = leader.signal();
    if signal.has_subreaper() {
        let level = signal.pid_level();
        let mut ancestor = Ancestor { task: leader.real_parent(), level, found: 0 };
        // SAFETY: the callback gets the pointer to `ancestor` back, which outlives the call.
        unsafe { bpf_loop(limits::ANCESTORS, visit as *mut c_void, (&raw mut ancestor).cast(), 0) };
        if ancestor.found == 1 {
            return ancestor.task;
        }
    }
    let (_, pid_namespace) = signal.own_pid();
    let init = Task(read(pid_namespace, place!(pid_ns_child_reaper)));
    if init.tgid() == leader.tgid() { Task(0) } else { init }
}

/// A walk from parent to parent.
struct Ancestor {
    task: Task,
    level: u32,
    found: u32,
}

/// One ancestor. Returns 1 at the end of the walk.
#[inline(never)]
unsafe extern "C" fn visit(_index: u64, ancestor: *mut Ancestor) -> i64 {
    // SAFETY: `bpf_loop` hands on the pointer that `reaper` gave it.
    let ancestor = unsafe { &mut *ancestor };
    let signal = ancestor.task.signal();
    // The ancestor of all has the pid 0.
    if ancestor.task.tgid() == 0 || signal.pid_level() != ancestor.level {
        return 1;
    }
    if signal.is_subreaper() && signal.live() != 0 {
        ancestor.found = 1;
        return 1;
    }
    ancestor.task = ancestor.task.real_parent();
    0
}
