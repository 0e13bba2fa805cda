//! Where this process stands: whether tracepoints and /proc speak of the same pids here, and how
//! much memory each CPU gets.

use std::fs;

use nix::unistd::{SysconfVar, sysconf};

use crate::{Error, source::RingSize, tracepoint::Fault};

/// The inode number of the initial pid namespace, on every kernel.
const INITIAL: &str = "pid:[4026531836]";

/// The ids in a tracepoint are those of the initial pid namespace, those in /proc are the ones of
/// the namespace it was mounted in.
///
/// # Errors
///
/// [`Fault::PidNamespace`] where the two differ.
pub(super) fn check_pid_namespace() -> Result<(), Error> {
    match fs::read_link("/proc/self/ns/pid") {
        Ok(own) if own.as_os_str() != INITIAL => Err(Fault::PidNamespace.into()),
        // A kernel without pid namespaces has only this one.
        _ => Ok(()),
    }
}

/// The share of one CPU in a size for all of them together: a power of two, a page at least.
///
/// # Errors
///
/// [`Error::System`].
pub(super) fn share(all: RingSize) -> Result<usize, Error> {
    let setting = |name| {
        let value = sysconf(name).map_err(Error::system("cannot read a system setting"))?;
        Ok::<_, Error>(value.and_then(|value| usize::try_from(value).ok()).unwrap_or(1).max(1))
    };
    let cpus = setting(SysconfVar::_NPROCESSORS_ONLN)?;
    let page = setting(SysconfVar::PAGE_SIZE)?;
    Ok(share_of(all.bytes() as usize, cpus, page))
}

fn share_of(all: usize, cpus: usize, page: usize) -> usize {
    (all / cpus.next_power_of_two()).max(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_cpus_together_take_no_more_than_was_asked_for() {
        assert_eq!(share_of(4 << 20, 2, 4096), 2 << 20);
        assert_eq!(share_of(4 << 20, 6, 4096), 512 << 10);
        assert_eq!(share_of(4096, 4, 4096), 4096, "a page is the least");
    }
}
