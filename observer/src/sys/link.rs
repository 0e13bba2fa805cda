//! Where a link leads, into memory that is there already: readlinkat(2).

use std::{
    ffi::CStr,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use nix::errno::Errno;

/// Reads a link below a directory. What there is no room for is cut off.
///
/// # Errors
///
/// As readlinkat(2).
pub(crate) fn read_link<'b>(
    directory: BorrowedFd<'_>,
    name: &CStr,
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Errno> {
    let (fd, name, room) = (directory.as_raw_fd(), name.as_ptr(), buffer.len());
    // SAFETY: the name ends with a NUL, and the call writes no more bytes than there is room for.
    let length = unsafe { libc::readlinkat(fd, name, buffer.as_mut_ptr().cast(), room) };
    let length = usize::try_from(Errno::result(length)?).unwrap_or_default();
    Ok(buffer.get(..length).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::{fs::File, os::fd::AsFd as _};

    use super::*;

    #[test]
    fn a_link_is_read_as_far_as_there_is_room() {
        let proc = File::open("/proc").unwrap();
        let own = std::process::id().to_string();
        let read = |name, room| {
            let mut buffer = vec![0; room];
            read_link(proc.as_fd(), name, &mut buffer).map(<[u8]>::to_vec)
        };
        assert_eq!(read(c"self", 16), Ok(own.as_bytes().to_vec()));
        assert_eq!(read(c"self", 1), Ok(own.as_bytes()[..1].to_vec()));
        assert_eq!(read(c"version", 16), Err(Errno::EINVAL));
    }
}
