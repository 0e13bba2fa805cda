//! A client writes to its server's unix socket: by write(2), writev(2), send(2) or sendmsg(2).
//!
//! `sys_enter(struct pt_regs *regs, long id)`, since 2.6.32, fires at the beginning of every system
//! call, in the caller's context. User space attaches this program only
//! while somebody is overheard, and only to kernels that have every place that is read here.

use aya_ebpf::{
    helpers::generated::bpf_get_current_pid_tgid, macros::raw_tracepoint,
    programs::RawTracePointContext,
};
use observer_common::{Kind, RequestFacts, limits};

use crate::{
    emit::emit,
    layout::place,
    log::log,
    maps::OVERHEARD,
    process::describe,
    scratch::{self, Draft},
    task::{Task, read},
    unix_socket::Peer,
    written::{self, Written},
};

const WRITE: u64 = 1;
const WRITEV: u64 = 20;
const SENDTO: u64 = 44;
const SENDMSG: u64 = 46;

#[raw_tracepoint]
pub fn request(ctx: RawTracePointContext) -> i32 {
    let number = ctx.arg::<u64>(1);
    // Nearly every call of the machine ends here.
    if matches!(number, WRITE | WRITEV | SENDTO | SENDMSG) && is_overheard() {
        log!(ctx, "request: call {}", number);
        tell(ctx.arg(0), number);
    }
    0
}

#[inline(always)]
fn is_overheard() -> bool {
    // SAFETY: the helper takes nothing and cannot fail.
    let pid = (unsafe { bpf_get_current_pid_tgid() } >> 32) as u32;
    // SAFETY: the value is copied at once.
    let Some(start_ns) = (unsafe { OVERHEARD.get(pid) }).copied() else {
        return false;
    };
    let thread = Task::current();
    // The numbers of one ABI are other calls in the other.
    start_ns == thread.leader().start_ns() && !thread.is_in_32_bit_call()
}

#[inline(never)]
fn tell(regs: u64, number: u64) {
    let thread = Task::current();
    let Some(peer) = Peer::of(thread, read(regs, place!(regs_di))) else {
        return;
    };
    let Some(draft) = Draft::new(&scratch::REQUEST) else {
        return;
    };
    let facts: &mut RequestFacts = draft.begin();
    describe(thread, &mut facts.process, draft);
    facts.peer_pid = peer.pid;
    facts.peer_uid = peer.uid;
    let has_name = draft.append_kernel::<{ limits::SOCKET_NAME }>(peer.name, peer.name_len);
    facts.path_len = if has_name { peer.name_len as u32 } else { 0 };
    let Written { size, taken } = written(regs, number, draft);
    facts.size = size;
    facts.bytes_len = taken as u32;
    emit(draft, Kind::REQUEST);
}

/// Appends the beginning of what is given to the call.
#[inline(always)]
fn written(regs: u64, number: u64, draft: Draft) -> Written {
    let second: u64 = read(regs, place!(regs_si));
    let third: u64 = read(regs, place!(regs_dx));
    match number {
        WRITEV => written::append_parts(second, third, draft),
        SENDMSG => written::append_message(second, draft),
        _ => written::append(second, third, draft),
    }
}
