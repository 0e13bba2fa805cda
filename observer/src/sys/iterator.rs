//! Iterators of bpf(2): a link once, a descriptor for each walk. aya's link is used up by the
//! first walk.

use std::{
    fs::File,
    os::fd::{BorrowedFd, OwnedFd},
};

use nix::errno::Errno;

use super::bpf::{bpf, number};

/// `union bpf_attr` as far as these two commands read it; the rest is zero.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attributes {
    /// Of a link the program, of an iterator the link.
    fd: u32,
    /// Of a link always 0; of an iterator its flags, none of which exist.
    zero: u32,
    attach_type: u32,
    reserved: [u32; 13],
}

/// Binds a loaded iterator program. Needs the rights that loading it needed.
///
/// # Errors
///
/// What bpf(2) says.
pub(crate) fn link(program: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    const BPF_LINK_CREATE: libc::c_long = 28;
    const BPF_TRACE_ITER: u32 = 28;
    bpf(
        BPF_LINK_CREATE,
        &Attributes { fd: number(program), attach_type: BPF_TRACE_ITER, ..Attributes::default() },
    )
}

/// Begins a walk: reading to the end calls the program for one task after the other. Needs no
/// rights but the link.
///
/// # Errors
///
/// What bpf(2) says.
pub(crate) fn begin(link: BorrowedFd<'_>) -> Result<File, Errno> {
    const BPF_ITER_CREATE: libc::c_long = 33;
    let attributes = Attributes { fd: number(link), ..Attributes::default() };
    bpf(BPF_ITER_CREATE, &attributes).map(File::from)
}
