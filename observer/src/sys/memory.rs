//! Memory that was freed, back to the kernel.

/// Gives it back. glibc keeps what lies below the topmost living allocation, however large.
pub(crate) fn give_back_freed_memory() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes no pointer; touches only memory that the allocator holds free, under its locks.
    let _given_back = unsafe { libc::malloc_trim(0) };
}
