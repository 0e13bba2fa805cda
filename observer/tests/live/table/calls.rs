//! The system calls that these tests need and no safe wrapper offers.
#![expect(unsafe_code, reason = "direct system calls; each block says why it is sound")]

use std::io;

/// Makes the caller the parent of all orphans below it.
pub(super) fn become_subreaper() -> io::Result<()> {
    // SAFETY: takes plain numbers.
    let result = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Lets the allocator give back what nobody uses, so that what is resident is what is in use.
pub(super) fn give_back_memory() {
    // SAFETY: always sound; it moves nothing that is in use.
    unsafe { libc::malloc_trim(0) };
}
