//! The memory in which a program builds its record: the BPF stack holds 512 bytes, a record up to
//! 16 KiB.
//!
//! Each program has its own, and each of its two copies, because one program may run in the middle of
//! another on the same CPU: in a softirq, or where the kernel preempts programs. It cannot run in the
//! middle of itself, for the kernel skips it then; nor does it leave its CPU before its end.

use aya_ebpf::{
    helpers::generated::{bpf_probe_read_kernel, bpf_probe_read_kernel_str, bpf_probe_read_user},
    macros::map,
    maps::PerCpuArray,
};
use core::ffi::c_void;
use observer_common::{Header, limits};
use zerocopy::FromBytes;

use crate::copies::Copy;

/// A record being built: `len` bytes of `bytes` are written.
#[repr(C)]
pub struct Scratch {
    len: u64,
    bytes: [u8; limits::SCRATCH - 8],
}

/// Keeps a position inside the first half, whatever the verifier believes of it.
const POSITION_MASK: u64 = limits::SCRATCH as u64 / 2 - 1;

macro_rules! scratch_maps {
    ($copies:literal: $($name:ident),+) => {$(
        #[map]
        pub static $name: PerCpuArray<Scratch> = PerCpuArray::with_max_entries($copies, 0);
    )+};
}

// User space takes away what the second copies do not need.
scratch_maps!(2: FORK, EXEC, EXIT, FREE, RENAME, CGROUP, NAMESPACE);
scratch_maps!(1: REQUEST, TASK, TASK_ARGS);

/// A record being built in one program's scratch memory.
#[derive(Clone, Copy)]
pub struct Draft {
    memory: *mut Scratch,
    copy: Copy,
}

impl Draft {
    /// The memory on this CPU of a program that has no second copy.
    #[inline(always)]
    pub fn new(memory: &PerCpuArray<Scratch>) -> Option<Self> {
        Self::of(memory, Copy::First)
    }

    /// The memory on this CPU of one copy of a program.
    #[inline(always)]
    pub fn of(memory: &PerCpuArray<Scratch>, copy: Copy) -> Option<Self> {
        memory.get_ptr_mut(copy as u32).map(|memory| Self { memory, copy })
    }

    /// The copy of the program whose memory it is.
    #[inline(always)]
    pub fn copy(self) -> Copy {
        self.copy
    }

    /// Begins a record: room for the header, then the fixed part `T`, which is returned to be
    /// filled in and holds what the last record left there.
    #[inline(always)]
    pub fn begin<'a, T: FromBytes>(self) -> &'a mut T {
        // SAFETY: the pointer is a live map value, aligned to 8 bytes; header and any fixed part
        // fit many times over; any bytes are a `T`; what is appended lies behind it.
        unsafe {
            (&raw mut (*self.memory).len)
                .write_volatile((size_of::<Header>() + size_of::<T>()) as u64);
            &mut *(&raw mut (*self.memory).bytes).cast::<u8>().add(size_of::<Header>()).cast()
        }
    }

    /// The record's beginning.
    #[inline(always)]
    pub fn header<'a>(self) -> &'a mut Header {
        // SAFETY: as in `begin`.
        unsafe { &mut *(&raw mut (*self.memory).bytes).cast() }
    }

    /// Bytes written so far.
    #[inline(always)]
    pub fn len(self) -> u64 {
        // SAFETY: as in `begin`. Volatile: a value from memory is unknown to the verifier, so
        // that it checks a loop's body once and not for every length that could be.
        unsafe { (&raw const (*self.memory).len).read_volatile() }
    }

    /// Appends the string at `source` in kernel memory with its NUL, cut to `MAX` bytes; returns
    /// the bytes appended, 0 when it cannot be read.
    #[inline(always)]
    pub fn append_kernel_str<const MAX: usize>(self, source: u64) -> u64 {
        // SAFETY: the end stays inside: `MAX` is at most a quarter of the memory.
        let read =
            unsafe { bpf_probe_read_kernel_str(self.end(), MAX as u32, source as *const c_void) };
        if read <= 0 {
            return 0;
        }
        self.grow(read as u64);
        read as u64
    }

    /// Appends `len` bytes at `source` in the current process's memory; returns whether they could
    /// be read. `len` is cut to `MAX`.
    #[inline(always)]
    pub fn append_user<const MAX: usize>(self, source: u64, len: u64) -> bool {
        let len = if len > MAX as u64 { MAX as u64 } else { len };
        // SAFETY: the end stays inside: `MAX` is at most half the memory.
        let failed =
            unsafe { bpf_probe_read_user(self.end(), len as u32, source as *const c_void) };
        if failed != 0 {
            return false;
        }
        self.grow(len);
        true
    }

    /// Appends `len` bytes at `source` in kernel memory; returns whether they could be read. `len`
    /// is cut to `MAX`.
    #[inline(always)]
    pub fn append_kernel<const MAX: usize>(self, source: u64, len: u64) -> bool {
        let len = if len > MAX as u64 { MAX as u64 } else { len };
        // SAFETY: the end stays inside: `MAX` is at most half the memory.
        let failed =
            unsafe { bpf_probe_read_kernel(self.end(), len as u32, source as *const c_void) };
        if failed != 0 {
            return false;
        }
        self.grow(len);
        true
    }

    /// Where the tail begins behind a fixed part `T`.
    #[inline(always)]
    pub fn tail<T>(self) -> *mut c_void {
        let position = size_of::<Header>() + size_of::<T>();
        // SAFETY: header and any fixed part fit many times over.
        unsafe { (&raw mut (*self.memory).bytes).cast::<u8>().add(position).cast() }
    }

    /// Says that the tail behind a fixed part `T`, written at its place, has `len` bytes.
    #[inline(always)]
    pub fn set_tail<T>(self, len: u64) {
        let len = (size_of::<Header>() + size_of::<T>()) as u64 + len;
        // SAFETY: as in `begin`.
        unsafe { (&raw mut (*self.memory).len).write_volatile(len) }
    }

    #[inline(always)]
    fn end(self) -> *mut c_void {
        let position = self.len() & POSITION_MASK;
        // SAFETY: the mask keeps the position inside.
        unsafe { (&raw mut (*self.memory).bytes).cast::<u8>().add(position as usize).cast() }
    }

    #[inline(always)]
    fn grow(self, by: u64) {
        // SAFETY: as in `begin`.
        unsafe { (&raw mut (*self.memory).len).write_volatile(self.len() + by) }
    }
}
