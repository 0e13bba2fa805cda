//! How many descriptors this process may hold: an event takes one for each CPU.

use nix::errno::Errno;

/// Raises the limit to `wanted`, as far as the hard one allows; says what it is then.
///
/// # Errors
///
/// What getrlimit(2) and setrlimit(2) say.
pub(crate) fn raise_open_files(wanted: u64) -> Result<u64, Errno> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the kernel writes to a live value of its type.
    Errno::result(unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) })?;
    if limit.rlim_cur >= wanted {
        return Ok(limit.rlim_cur);
    }
    limit.rlim_cur = limit.rlim_max.min(wanted);
    // SAFETY: the kernel reads a live value of its type.
    Errno::result(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) })?;
    Ok(limit.rlim_cur)
}
