//! Walks over all tasks. Each program is called for one task after the other and writes what it
//! tells of it into the iterator's output.
//!
//! A walk has one reader at a time: user space sees to it, and so scratch memory needs no lock.

mod arguments;
mod memory;
mod task;
mod typed;

use aya_ebpf::{
    bindings::{seq_file, task_struct},
    helpers::generated::{bpf_get_smp_processor_id, bpf_ktime_get_boot_ns, bpf_seq_write},
};
use observer_common::{ABI_VERSION, Header, Kind, limits};

use crate::scratch::Draft;

/// What the kernel calls the programs with: `struct bpf_iter__task`.
#[repr(C)]
pub struct Context {
    meta: *mut Meta,
    task: *mut task_struct,
}

#[repr(C)]
struct Meta {
    output: *mut seq_file,
    session: u64,
    number: u64,
}

/// Completes the header and writes the record.
#[inline(always)]
fn write(context: *mut Context, draft: Draft, kind: Kind) {
    let len = draft.len() & (limits::SCRATCH as u64 - 1);
    if len > limits::SCRATCH as u64 - 8 {
        return;
    }
    // SAFETY: the helpers take nothing and cannot fail.
    let (boot_ns, cpu) = unsafe { (bpf_ktime_get_boot_ns(), bpf_get_smp_processor_id()) };
    let len_told = len as u32;
    *draft.header() = Header {
        boot_ns,
        lost_before: 0,
        len: len_told,
        cpu,
        kind,
        version: ABI_VERSION,
        reserved: 0,
    };
    // SAFETY: the kernel gives a valid context; the record's bytes are initialised up to `len`,
    // which lies inside the memory. A failure ends the walk, and its reader is told.
    unsafe {
        let output = (*(*context).meta).output;
        bpf_seq_write(output, (&raw const *draft.header()).cast(), len_told);
    }
}
