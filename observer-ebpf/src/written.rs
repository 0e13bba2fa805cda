//! Takes the beginning of what a system call is given to write: one buffer, or several parts.

use core::{ffi::c_void, mem::MaybeUninit};

use aya_ebpf::helpers::generated::{bpf_loop, bpf_probe_read_user};
use observer_common::limits;

use crate::scratch::Draft;

/// What was given to the call.
pub struct Written {
    /// Bytes in all.
    pub size: u64,
    /// Bytes of them that were appended to the record: their beginning.
    pub taken: u64,
}

/// Appends the beginning of one buffer.
#[inline(always)]
pub fn append(base: u64, len: u64, draft: Draft) -> Written {
    let begin = draft.len();
    append_readable(base, len, draft);
    Written { size: len, taken: draft.len() - begin }
}

/// Appends the beginning of several parts: `count` of `struct iovec`.
#[inline(always)]
pub fn append_parts(vector: u64, count: u64, draft: Draft) -> Written {
    let begin = draft.len();
    let mut parts = Parts { vector, count, draft, begin, size: 0, is_complete: 0 };
    // SAFETY: the callback gets the pointer to `parts` back, which outlives the call.
    unsafe { bpf_loop(limits::PARTS, append_part as *mut c_void, (&raw mut parts).cast(), 0) };
    Written { size: parts.size, taken: draft.len() - begin }
}

/// Appends the beginning of a message: a `struct msghdr`.
#[inline(always)]
pub fn append_message(message: u64, draft: Draft) -> Written {
    const PARTS_AT: u64 = 16;
    let [vector, count] = read_pair(message.wrapping_add(PARTS_AT)).unwrap_or([0, 0]);
    append_parts(vector, count, draft)
}

struct Parts {
    vector: u64,
    count: u64,
    draft: Draft,
    begin: u64,
    size: u64,
    /// 1 once no more is to be appended.
    is_complete: u32,
}

/// One part. Returns 1 behind the last.
#[inline(never)]
unsafe extern "C" fn append_part(index: u64, parts: *mut Parts) -> i64 {
    // SAFETY: `bpf_loop` hands on the pointer that `append_parts` gave it.
    let parts = unsafe { &mut *parts };
    if index >= parts.count {
        return 1;
    }
    let Some([base, len]) = read_pair(parts.vector.wrapping_add(index * 16)) else {
        return 1;
    };
    parts.size = parts.size.saturating_add(len);
    let taken = parts.draft.len().wrapping_sub(parts.begin);
    if parts.is_complete == 1 || len == 0 {
        return 0;
    }
    let room = (limits::REQUEST as u64).saturating_sub(taken);
    let len = if len > room {
        parts.is_complete = 1;
        room
    } else {
        len
    };
    // What comes behind a hole is no beginning.
    if !append_readable(base, len, parts.draft) {
        parts.is_complete = 1;
    }
    0
}

/// Appends so much of a buffer, or what of it lies before a page that is not in memory. Returns
/// whether it was all.
#[inline(always)]
fn append_readable(base: u64, len: u64, draft: Draft) -> bool {
    const PAGE: u64 = 4096;
    if draft.append_user::<{ limits::REQUEST }>(base, anything(len)) {
        return true;
    }
    let until_next_page = PAGE - (base & (PAGE - 1));
    if until_next_page < len {
        draft.append_user::<{ limits::REQUEST }>(base, anything(until_next_page));
    }
    false
}

/// Returns the number unchanged, but hides its bounds from the compiler: it would leave out a
/// comparison with a constant that follows from one of two variables, and the verifier of 6.1
/// understands no other.
#[inline(always)]
fn anything(number: u64) -> u64 {
    // SAFETY: a reference is valid for reads.
    unsafe { core::ptr::read_volatile(&raw const number) }
}

/// Reads two neighbouring words of the caller's memory.
#[inline(always)]
fn read_pair(address: u64) -> Option<[u64; 2]> {
    let mut pair = MaybeUninit::<[u64; 2]>::zeroed();
    // SAFETY: the destination is as large as is said, and any bytes are a value of it.
    unsafe {
        let failed = bpf_probe_read_user(pair.as_mut_ptr().cast(), 16, address as *const c_void);
        (failed == 0).then(|| pair.assume_init())
    }
}
