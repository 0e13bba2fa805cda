//! A process's arguments, as they stand in its memory right after exec.
//!
//! What fits goes into the exec record itself. A longer list travels ahead of it in args records
//! of the same CPU and the same copy of the program, so that the exec record completes it: a reader never waits for a piece.

use core::ffi::c_void;

use aya_ebpf::helpers::generated::bpf_loop;
use observer_common::{ArgsFacts, Kind, limits};

use crate::{
    emit::{emit, waiting},
    layout::{place, setting},
    scratch::Draft,
    task::{Task, read},
};

/// Where the arguments stand and how much of them is to be sent.
#[derive(Clone, Copy)]
pub struct Args {
    begin: u64,
    pub size: u64,
    pub wanted: u64,
}

impl Args {
    #[inline(always)]
    pub fn of(task: Task) -> Self {
        let mm = task.mm();
        let begin: u64 = read(mm, place!(mm_arg_start));
        let end: u64 = read(mm, place!(mm_arg_end));
        let size = end.saturating_sub(begin);
        let max = setting!(args_max);
        Self { begin, size, wanted: if size > max { max } else { size } }
    }

    /// Sends what is beyond the exec record's own part. Stops at the first piece that has no room:
    /// what arrives is a beginning without holes.
    #[inline(always)]
    pub fn send_ahead(self, task: Task, draft: Draft) {
        let inline = u64::from(setting!(args_inline));
        if self.wanted <= inline {
            return;
        }
        let mut pieces = Pieces { args: self, draft, start_ns: task.start_ns(), pid: task.tgid() };
        // SAFETY: the callback gets the pointer to `pieces` back, which outlives the call.
        unsafe {
            bpf_loop(limits::ARGS_PIECES, send_piece as *mut c_void, (&raw mut pieces).cast(), 0)
        };
    }

    /// Appends the beginning to the exec record and returns its length.
    #[inline(always)]
    pub fn append_beginning(self, draft: Draft) -> u32 {
        let inline = u64::from(setting!(args_inline));
        let len = if self.wanted > inline { inline } else { self.wanted };
        if len != 0 && draft.append_user::<{ limits::ARGS_INLINE as usize }>(self.begin, len) {
            len as u32
        } else {
            0
        }
    }
}

struct Pieces {
    args: Args,
    draft: Draft,
    start_ns: u64,
    pid: u32,
}

/// One piece. The position follows from the index alone: a count kept from call to call would have
/// the verifier check every call anew. Returns 1 to stop.
#[inline(never)]
unsafe extern "C" fn send_piece(index: u64, pieces: *mut Pieces) -> i64 {
    // SAFETY: `bpf_loop` hands on the pointer that `send_ahead` gave it.
    let Pieces { args, draft, start_ns, pid } = unsafe { &*pieces };
    let chunk = u64::from(setting!(args_chunk));
    let offset = u64::from(setting!(args_inline)) + index * chunk;
    if offset >= args.wanted || waiting() > u64::from(setting!(args_room)) {
        return 1;
    }
    let rest = args.wanted - offset;
    let len = if rest > chunk { chunk } else { rest };
    let facts: &mut ArgsFacts = draft.begin();
    if !draft.append_user::<{ limits::ARGS_CHUNK as usize }>(args.begin.wrapping_add(offset), len) {
        return 1;
    }
    *facts = ArgsFacts {
        start_ns: *start_ns,
        offset,
        pid: *pid,
        args_len: len as u32,
        copy: draft.copy() as u32,
        reserved: 0,
    };
    if emit(*draft, Kind::ARGS) { 0 } else { 1 }
}
