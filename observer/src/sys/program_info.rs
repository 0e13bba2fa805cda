//! What the kernel says of a loaded program: bpf(2), `BPF_OBJ_GET_INFO_BY_FD`.

use std::os::fd::BorrowedFd;

use nix::errno::Errno;

use super::bpf::{command, number};

/// `union bpf_attr` as far as this command reads it.
#[repr(C)]
struct Attributes {
    program: u32,
    length: u32,
    info: u64,
}

/// `struct bpf_prog_info` up to `recursion_misses`, in words of eight bytes.
const WORDS: usize = 27;

/// A program's id.
///
/// # Errors
///
/// What bpf(2) says.
#[cfg(feature = "log")]
pub(crate) fn id(program: BorrowedFd<'_>) -> Result<u32, Errno> {
    let [kind_and_id, ..] = info(program)?;
    let [.., a, b, c, d] = kind_and_id.to_ne_bytes();
    Ok(u32::from_ne_bytes([a, b, c, d]))
}

/// Runs of a program that the kernel skipped, on all CPUs since it was loaded: because it was running
/// already on the CPU, in a task that had been preempted or interrupted. Linux 5.12 and newer; 0 on
/// older kernels, which skip nothing. Needs no rights but the descriptor, from Linux 5.19 on.
///
/// # Errors
///
/// What bpf(2) says.
pub(crate) fn recursion_misses(program: BorrowedFd<'_>) -> Result<u64, Errno> {
    let [.., misses] = info(program)?;
    Ok(misses)
}

fn info(program: BorrowedFd<'_>) -> Result<[u64; WORDS], Errno> {
    const BPF_OBJ_GET_INFO_BY_FD: libc::c_long = 15;
    let mut info = [0_u64; WORDS];
    let mut attributes = Attributes {
        program: number(program),
        length: u32::try_from(size_of_val(&info)).unwrap_or_default(),
        info: info.as_mut_ptr().expose_provenance() as u64,
    };
    // The kernel writes `length` bytes at `info` at most, which lives until behind the call.
    command(BPF_OBJ_GET_INFO_BY_FD, &mut attributes)?;
    Ok(info)
}
