//! The only code that touches the ring: sends a record, or counts that it found no room.
//!
//! A wake-up of the reader for every record would cost the observed processes ten times what all
//! the rest does, so there are two: when `wake_bytes` have gathered, and when the reader has gone
//! to sleep for want of anything to do. In between the reader looks by itself every few
//! milliseconds.

use core::ffi::c_void;

use aya_ebpf::{
    bindings::{BPF_RB_AVAIL_DATA, BPF_RB_FORCE_WAKEUP, BPF_RB_NO_WAKEUP},
    helpers::generated::{bpf_get_smp_processor_id, bpf_ktime_get_boot_ns, bpf_loop},
};
use observer_common::{ABI_VERSION, Header, Kind, limits};

use crate::{
    copies::events_lost,
    layout::setting,
    maps::{EVENTS, READER_SLEEPS},
    scratch::Draft,
};

/// Completes the header and sends the record. Returns whether there was room.
#[inline(never)]
pub fn emit(draft: Draft, kind: Kind) -> bool {
    let Some(counters) = draft.copy().counters() else {
        return false;
    };
    let len = draft.len();
    counters.produced[kind.index()] += 1;
    linger();
    *draft.header() = header(kind, len);
    let sent = send(draft, len);
    if !sent {
        counters.lost[kind.index()] += 1;
    }
    sent
}

/// Waits on purpose, with the record begun, for a test that wants programs to be preempted.
#[inline(always)]
fn linger() {
    let rounds = setting!(linger);
    if rounds != 0 {
        // SAFETY: the callback looks at nothing.
        unsafe { bpf_loop(rounds, idle as *mut c_void, core::ptr::null_mut(), 0) };
    }
}

#[inline(never)]
extern "C" fn idle(_round: u64, _nothing: *mut c_void) -> i64 {
    0
}

#[inline(always)]
fn header(kind: Kind, len: u64) -> Header {
    // SAFETY: the helpers take nothing and cannot fail.
    let (boot_ns, cpu) = unsafe { (bpf_ktime_get_boot_ns(), bpf_get_smp_processor_id()) };
    Header {
        boot_ns,
        lost_before: events_lost(),
        len: len as u32,
        cpu,
        kind,
        version: ABI_VERSION,
        reserved: 0,
    }
}

#[inline(always)]
fn send(draft: Draft, len: u64) -> bool {
    let len = len & (limits::SCRATCH as u64 - 1);
    if len > limits::SCRATCH as u64 - 8 {
        return false;
    }
    // SAFETY: the record's bytes are initialised up to `len`, which lies inside the memory.
    let record = unsafe {
        core::slice::from_raw_parts((&raw const *draft.header()).cast::<u8>(), len as usize)
    };
    let sent = EVENTS.output::<[u8]>(record, u64::from(wake_up(len))).is_ok();
    if sent {
        wake_sleeper();
    }
    sent
}

/// Whether this record makes a batch full.
#[inline(always)]
fn wake_up(len: u64) -> u32 {
    let threshold = u64::from(setting!(wake_bytes));
    let before = waiting();
    if before < threshold && before + len >= threshold {
        BPF_RB_FORCE_WAKEUP
    } else {
        BPF_RB_NO_WAKEUP
    }
}

/// Bytes in the ring that the reader has not taken.
#[inline(always)]
pub fn waiting() -> u64 {
    EVENTS.query(u64::from(BPF_RB_AVAIL_DATA))
}

/// Wakes a reader that sleeps without a timer.
///
/// The flag is looked at when the record is in the ring already, and the reader looks at the ring
/// when its flag is set already: one of the two sees the other. To wake is to give back a piece of
/// the ring that was never used; the reader passes over it.
#[inline(always)]
fn wake_sleeper() {
    let Some(sleeps) = READER_SLEEPS.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: a live map value. Two CPUs may both see the flag; then both wake the reader.
    unsafe {
        if sleeps.read_volatile() == 0 {
            return;
        }
        sleeps.write_volatile(0);
    }
    if let Some(nothing) = EVENTS.reserve_bytes(8, 0) {
        nothing.discard(u64::from(BPF_RB_FORCE_WAKEUP));
    } else {
        // The ring is full, or its lock could not be had: the next record is to try again.
        // SAFETY: as above.
        unsafe { sleeps.write_volatile(1) };
    }
}
