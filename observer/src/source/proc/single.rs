//! Processes read one at a time, by who wants to know of one now.

use std::{ffi::CStr, fs};

use super::{
    Directory,
    reader::{NAMESPACE_LINKS, Reader, inode_of},
};
use crate::{Error, facts::Facts, field::Row};

/// /proc, open to be asked of single processes.
#[derive(Debug)]
pub(crate) struct Single {
    proc: Directory,
    tick_ns: u64,
}

impl Single {
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub(crate) fn open(tick_ns: u64) -> Result<Self, Error> {
        let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
        Ok(Self { proc, tick_ns })
    }

    /// Reads what is wanted of one process: all of it of the same life. `None` when it has gone or
    /// may not be looked at.
    pub(crate) fn read(&self, pid: u32, wanted: Facts) -> Option<Row> {
        Reader::new(&self.proc, wanted, self.tick_ns).read(pid).ok()
    }

    /// Inode numbers of a thread's namespaces, in the order of
    /// [`NAMESPACES`](crate::event::NAMESPACES), then of those that its children get, of pids and of
    /// time; 0 for what there is not. All are 0 of a thread that has gone, or may not be looked at.
    pub(crate) fn namespaces(&self, pid: u32, tid: u32) -> [u32; 10] {
        let Ok(folder) = self.proc.thread(pid, tid) else { return [0; 10] };
        let mut links = NAMESPACE_LINKS.iter().chain(&LINKS_FOR_CHILDREN);
        let inodes = std::array::from_fn(|_| {
            let link = links.next().and_then(|name| folder.link(name).ok());
            link.and_then(|link| inode_of(link.as_encoded_bytes())).unwrap_or_default()
        });
        // What has ended leaves all but two at once; looked at last, for it may have done so meanwhile.
        if folder.link(MOUNT_LINK).is_ok() { inodes } else { [0; 10] }
    }
}

const MOUNT_LINK: &CStr = c"ns/mnt";

const LINKS_FOR_CHILDREN: [&CStr; 2] = [c"ns/pid_for_children", c"ns/time_for_children"];

/// The ids of a process's threads; none when it has gone.
pub(crate) fn threads(pid: u32) -> Vec<u32> {
    let Ok(folder) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    folder.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;
    use crate::event::NAMESPACES;

    #[test]
    fn namespaces_of_a_thread() {
        let own = std::process::id();
        let single = Single::open(10_000_000).unwrap();
        let inodes = single.namespaces(own, own);
        for (kind, inode) in NAMESPACES.iter().zip(inodes) {
            let truth = fs::metadata(format!("/proc/self/ns/{kind}")).map(|file| file.ino());
            assert_eq!(u64::from(inode), truth.unwrap_or_default(), "{kind}");
        }
        let [pid, .., time, pid_for_children, time_for_children] = inodes;
        assert_eq!((pid_for_children, time_for_children), (pid, time));
        assert_eq!(single.namespaces(own, u32::MAX), [0; 10]);
    }

    #[test]
    fn one_process_and_its_threads() {
        let own = std::process::id();
        let single = Single::open(10_000_000).unwrap();
        let row = single.read(own, Facts::IDENTITY).unwrap();
        assert!(row.identity.is_some() && row.status.is_none());
        assert!(single.read(u32::MAX, Facts::IDENTITY).is_none());
        let tid = std::thread::spawn(|| (nix::unistd::gettid(), threads(std::process::id())));
        let (tid, threads) = tid.join().unwrap();
        assert!(threads.contains(&own) && threads.contains(&tid.as_raw().cast_unsigned()));
    }
}
