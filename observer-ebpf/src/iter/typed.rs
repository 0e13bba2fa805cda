//! Loads through pointers that the verifier knows the type of: an instruction each, where a helper
//! call costs ten times as much.
//!
//! The verifier follows a pointer from the task that the kernel gives an iterator, as long as each
//! member is read whole and at an offset that it knows, which the patched layout is. A stale or
//! missing pointer reads as zeros here too.

use observer_common::ABSENT;

use crate::layout::place;

/// Reads a member of the structure at `base`.
#[inline(always)]
pub fn load<T: Copy>(base: u64, offset: u32) -> T {
    let address = base.wrapping_add(u64::from(offset)) as *const T;
    // SAFETY: the kernel catches the fault of a load that goes wrong and gives zeros; callers read
    // integers, for which any bytes are a value. Volatile: the verifier wants to see each member
    // read by itself.
    unsafe { address.read_volatile() }
}

/// Reads a member that the kernel may not have; 0 where it does not.
#[inline(always)]
pub fn load_optional<T: Copy + Default>(base: u64, offset: u32) -> T {
    if offset == ABSENT { T::default() } else { load(base, offset) }
}

/// A task's name, a word at a time.
#[inline(always)]
pub fn comm(task: u64) -> [u8; 16] {
    let offset = place!(task_comm);
    let words: [u64; 2] = [load(task, offset), load(task, offset + 8)];
    // SAFETY: both are 16 bytes of which any are a value.
    unsafe { core::mem::transmute(words) }
}

/// The inode number of a namespace of `nsproxy`; 0 for none.
#[inline(always)]
pub fn inode(nsproxy: u64, member: u32, inum: u32) -> u32 {
    if member == ABSENT || inum == ABSENT {
        return 0;
    }
    let namespace: u64 = load(nsproxy, member);
    load(namespace, inum)
}
