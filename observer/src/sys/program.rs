//! Puts eBPF programs, their types and their read-only data into the kernel: commands of bpf(2) for which
//! aya has no public function that does without its own reading of all the kernel's types.

use std::{
    ffi::CStr,
    os::fd::{BorrowedFd, OwnedFd},
};

use aya_obj::generated::bpf_insn;
use nix::errno::Errno;

use super::bpf::{bpf, command, number};

/// A program that is ready to be loaded: all references resolved.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Program<'a> {
    /// Cut to 15 bytes by the kernel's own rule.
    pub(crate) name: &'a str,
    /// `BPF_PROG_TYPE_…`.
    pub(crate) kind: u32,
    /// `BPF_F_…`.
    pub(crate) flags: u32,
    /// `BPF_TRACE_…`, of tracing programs; else 0.
    pub(crate) attach_type: u32,
    /// The type id of the kernel function that it stands for, of tracing programs; else 0.
    pub(crate) attach_type_id: u32,
    pub(crate) license: &'a CStr,
    pub(crate) instructions: &'a [bpf_insn],
    /// Its object's own types.
    pub(crate) types: BorrowedFd<'a>,
    /// Which of these types each of its functions has: what a callback cannot do without.
    pub(crate) functions: Records<'a>,
}

/// A table of records of one size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Records<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) size: u32,
}

/// `union bpf_attr` of `BPF_PROG_LOAD` as far as it is needed.
#[repr(C)]
#[derive(Clone, Copy)]
struct ProgramAttributes {
    kind: u32,
    instruction_count: u32,
    instructions: u64,
    license: u64,
    log_level: u32,
    log_size: u32,
    log: u64,
    kernel_version: u32,
    flags: u32,
    name: [u8; 16],
    interface: u32,
    attach_type: u32,
    types: u32,
    function_size: u32,
    functions: u64,
    function_count: u32,
    line_size: u32,
    lines: u64,
    line_count: u32,
    attach_type_id: u32,
}

/// Loads a program. The verifier's words go into `log`, if it has room for any.
///
/// # Errors
///
/// What bpf(2) says: `EACCES` or `EINVAL` where the verifier refuses it, `ENOSPC` where its words find no
/// room.
pub(crate) fn load(program: &Program<'_>, log: &mut [u8]) -> Result<OwnedFd, Errno> {
    const BPF_PROG_LOAD: libc::c_long = 5;
    const VERDICT_AND_STEPS: u32 = 1;
    let functions = program.functions;
    let attributes = ProgramAttributes {
        kind: program.kind,
        instruction_count: length(program.instructions.len())?,
        instructions: address(program.instructions),
        license: program.license.as_ptr().expose_provenance() as u64,
        log_level: if log.is_empty() { 0 } else { VERDICT_AND_STEPS },
        log_size: length(log.len())?,
        log: if log.is_empty() { 0 } else { log.as_mut_ptr().expose_provenance() as u64 },
        kernel_version: 0,
        flags: program.flags,
        name: short(program.name),
        interface: 0,
        attach_type: program.attach_type,
        types: number(program.types),
        function_size: functions.size,
        functions: address(functions.bytes),
        function_count: length(functions.bytes.len())?.checked_div(functions.size).unwrap_or(0),
        line_size: 0,
        lines: 0,
        line_count: 0,
        attach_type_id: program.attach_type_id,
    };
    // What the addresses lead to outlives the call: it is borrowed by `program` and `log`.
    bpf(BPF_PROG_LOAD, &attributes)
}

/// Loads an object's types.
///
/// # Errors
///
/// What bpf(2) says.
pub(crate) fn load_types(types: &[u8]) -> Result<OwnedFd, Errno> {
    #[repr(C)]
    #[derive(Clone, Copy)]
    struct Attributes {
        types: u64,
        log: u64,
        size: u32,
        log_size: u32,
        log_level: u32,
        reserved: u32,
    }
    const BPF_BTF_LOAD: libc::c_long = 18;
    let (types, size) = (address(types), length(types.len())?);
    let attributes = Attributes { types, log: 0, size, log_size: 0, log_level: 0, reserved: 0 };
    bpf(BPF_BTF_LOAD, &attributes)
}

/// Fills the only value of an array and lets nobody change it from here on: to the verifier it is
/// constant. The value must have the map's size.
///
/// # Errors
///
/// What bpf(2) says.
pub(crate) fn fill_and_freeze(map: BorrowedFd<'_>, value: &[u8]) -> Result<(), Errno> {
    #[repr(C)]
    struct Update {
        map: u32,
        padding: u32,
        key: u64,
        value: u64,
        flags: u64,
    }
    #[repr(C)]
    struct Freeze {
        map: u32,
        reserved: u32,
    }
    const BPF_MAP_UPDATE_ELEM: libc::c_long = 2;
    const BPF_MAP_FREEZE: libc::c_long = 22;
    let key = 0_u32;
    let key_at = std::ptr::from_ref(&key).expose_provenance() as u64;
    let map = number(map);
    let mut update = Update { map, padding: 0, key: key_at, value: address(value), flags: 0 };
    command(BPF_MAP_UPDATE_ELEM, &mut update)?;
    command(BPF_MAP_FREEZE, &mut Freeze { map, reserved: 0 })?;
    Ok(())
}

fn address<T>(slice: &[T]) -> u64 {
    slice.as_ptr().expose_provenance() as u64
}

fn length(length: usize) -> Result<u32, Errno> {
    u32::try_from(length).map_err(|_too_long| Errno::E2BIG)
}

/// A program's name as the kernel takes it: 15 bytes and a NUL.
fn short(name: &str) -> [u8; 16] {
    let mut short = [0; 16];
    for (to, from) in short.iter_mut().take(15).zip(name.bytes()) {
        *to = from;
    }
    short
}
