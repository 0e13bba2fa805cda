//! A thread gets into other namespaces: by unshare(2) or setns(2), or is created in them by clone(2).
//!
//! `sys_exit(struct pt_regs *regs, long ret)`, since 2.6.32, fires at the end of every system call;
//! `task_newtask` as in `fork`, for threads too. Where the kernel preempts
//! programs, one may run in the middle of the other: each has memory and counts of its own, as if they
//! were two copies of one.

use aya_ebpf::{macros::raw_tracepoint, programs::RawTracePointContext};
use observer_common::{ABSENT, Kind, NamespaceFacts, call};

use crate::{
    copies::Copy,
    emit::emit,
    layout::place,
    log::log,
    namespaces,
    process::describe,
    scratch::{self, Draft},
    task::{Task, read},
};

/// `CLONE_NEWTIME`, `NEWNS`, `NEWCGROUP`, `NEWUTS`, `NEWIPC`, `NEWUSER`, `NEWPID`, `NEWNET`.
const NEW: u64 = 0x80
    | 0x0002_0000
    | 0x0200_0000
    | 0x0400_0000
    | 0x0800_0000
    | 0x1000_0000
    | 0x2000_0000
    | 0x4000_0000;

#[raw_tracepoint]
pub fn namespace_call(ctx: RawTracePointContext) -> i32 {
    if ctx.arg::<u64>(1) == 0
        && let Some((call, flags)) = of_namespaces(ctx.arg(0))
    {
        let thread = Task::current();
        log!(ctx, "namespaces: tid {}, call {}", thread.pid(), call);
        tell(thread, call, flags, Copy::First);
    }
    0
}

#[raw_tracepoint]
pub fn namespace_clone(ctx: RawTracePointContext) -> i32 {
    let flags = ctx.arg::<u64>(1);
    if flags & NEW != 0 {
        let thread = Task(ctx.arg(0));
        log!(ctx, "namespaces: tid {}, clone", thread.pid());
        tell(thread, call::CLONE, flags, Copy::Second);
    }
    0
}

/// Which of the calls this is, with its flags, if it is one of them. The arguments are still in
/// the registers.
#[inline(always)]
fn of_namespaces(regs: u64) -> Option<(u32, u64)> {
    if place!(regs_orig_ax) == ABSENT {
        return None;
    }
    let number: u64 = read(regs, place!(regs_orig_ax));
    let (call, of_32_bits, flags) = match number {
        272 => (call::UNSHARE, false, place!(regs_di)),
        308 => (call::SETNS, false, place!(regs_si)),
        310 => (call::UNSHARE, true, place!(regs_bx)),
        346 => (call::SETNS, true, place!(regs_cx)),
        _ => return None,
    };
    // The numbers of one ABI are other calls in the other.
    if Task::current().is_in_32_bit_call() != of_32_bits {
        return None;
    }
    let flags = read::<u64>(regs, flags);
    // setns(2) looks at the lower half only.
    Some((call, if call == call::SETNS { flags & 0xffff_ffff } else { flags }))
}

#[inline(never)]
fn tell(thread: Task, call: u32, flags: u64, program: Copy) {
    let Some(draft) = Draft::of(&scratch::NAMESPACE, program) else {
        return;
    };
    let facts: &mut NamespaceFacts = draft.begin();
    describe(thread, &mut facts.process, draft);
    namespaces::tell(thread, facts);
    facts.flags = flags;
    facts.call = call;
    facts.reserved = 0;
    emit(draft, Kind::NAMESPACE);
}
