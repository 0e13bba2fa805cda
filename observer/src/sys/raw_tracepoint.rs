//! Attaches a raw tracepoint program by its descriptor: aya's handle on it goes with the whole object.

use std::{
    ffi::CStr,
    os::fd::{BorrowedFd, OwnedFd},
};

use nix::errno::Errno;

use super::bpf::{bpf, number};

/// `union bpf_attr` as far as this command reads it.
#[repr(C)]
#[derive(Clone, Copy)]
struct Attributes {
    name: u64,
    program: u32,
    reserved: u32,
}

/// Attaches a loaded program until the descriptor that is returned is closed. Needs no rights but the
/// program.
///
/// # Errors
///
/// What bpf(2) says.
pub(crate) fn attach(program: BorrowedFd<'_>, tracepoint: &CStr) -> Result<OwnedFd, Errno> {
    const BPF_RAW_TRACEPOINT_OPEN: libc::c_long = 17;
    let attributes = Attributes {
        name: tracepoint.as_ptr().addr() as u64,
        program: number(program),
        reserved: 0,
    };
    // The kernel has copied the name when this returns.
    bpf(BPF_RAW_TRACEPOINT_OPEN, &attributes)
}
