//! One process → one [`Row`]: opens the files that the wanted facts are in, and no others.

use std::ffi::CStr;

use bytes::Bytes;
use nix::{errno::Errno, fcntl::OFlag};

use super::{Directory, stat::StatFile};
use crate::{
    event::CgroupCache,
    facts::Facts,
    field::{Owner, Row, Status},
};

/// Why there is no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Missing {
    /// The process has gone, or was another's pid already.
    Vanished,
    /// It may not be looked at.
    Refused,
}

/// Reads processes one after the other, each file into the same buffer.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    proc: &'a Directory,
    wanted: Facts,
    tick_ns: u64,
    buffer: Vec<u8>,
    cgroups: CgroupCache,
    /// Processes of which some fact may not be read.
    pub(super) curtailed: u64,
}

impl<'a> Reader<'a> {
    pub(super) fn new(proc: &'a Directory, wanted: Facts, tick_ns: u64) -> Self {
        const FIRST: usize = 16 << 10;
        let mut buffer = vec![0; FIRST];
        // Where no security module gives labels, no process has one.
        let unlabelled = wanted.have(Facts::LABEL)
            && proc.read(c"self/attr/current", &mut buffer) == Err(Errno::EINVAL);
        let wanted = if unlabelled { wanted.without(Facts::LABEL) } else { wanted };
        Self { proc, wanted, tick_ns, buffer, cgroups: CgroupCache::default(), curtailed: 0 }
    }

    pub(super) fn read(&mut self, pid: u32) -> Result<Row, Missing> {
        if self.wanted.without(Facts::NAMES) == Facts::NONE {
            return Ok(Row { pid, ..Row::default() });
        }
        let folder = self.proc.process(pid)?;
        self.read_in(&folder, pid)
    }

    /// Reads a process whose directory is open.
    pub(super) fn read_in(&mut self, folder: &Directory, pid: u32) -> Result<Row, Missing> {
        let mut row = Row { pid, ..Row::default() };
        self.read_essence(folder, &mut row)?;
        if self.wanted.have(Facts::TASK) {
            read_end(folder, &mut row);
        }
        if self.read_rest(folder, &mut row) && is_there(folder) {
            self.curtailed += 1;
        }
        Ok(row)
    }

    /// What every process has and anybody may read.
    fn read_essence(&mut self, folder: &Directory, row: &mut Row) -> Result<(), Missing> {
        let wanted = self.wanted;
        if wanted.have(Facts::OWNER) && !wanted.have(Facts::STATUS) {
            let attributes = folder.attributes()?;
            row.owner = Some(Owner { uid: attributes.st_uid, gid: attributes.st_gid });
        }
        if wanted.have(Facts::STAT) {
            let text = folder.read(c"stat", &mut self.buffer)?;
            if let Some(StatFile { identity, stat, cpu_time }) = StatFile::parse(text, self.tick_ns)
            {
                row.identity = Some(identity);
                row.stat = Some(stat);
                row.cpu_time = Some(cpu_time);
            }
        }
        if wanted.have(Facts::STATUS) {
            row.status = Some(Status::parse(folder.read(c"status", &mut self.buffer)?));
        }
        if wanted.have(Facts::ARGUMENTS) {
            let arguments = folder.read(c"cmdline", &mut self.buffer)?;
            row.arguments = Some(Bytes::copy_from_slice(arguments));
        }
        if wanted.have(Facts::CGROUP) {
            let lines = folder.read(c"cgroup", &mut self.buffer)?;
            row.cgroup = Some(self.cgroups.of_lines(lines));
        }
        Ok(())
    }

    /// What may be kept from us, or be none. Returns whether something was kept.
    fn read_rest(&mut self, folder: &Directory, row: &mut Row) -> bool {
        let wanted = self.wanted;
        let mut kept = false;
        if wanted.have(Facts::LABEL) {
            let label = folder.read(c"attr/current", &mut self.buffer);
            row.label = known(label, &mut kept).map(|text| trim(text).into());
        }
        if wanted.have(Facts::EXECUTABLE) {
            row.executable = known(self.link(folder, c"exe"), &mut kept).map(Into::into);
        }
        if wanted.have(Facts::WORKING_DIRECTORY) {
            row.working_directory = known(self.link(folder, c"cwd"), &mut kept).map(Into::into);
        }
        if wanted.have(Facts::WAIT_CHANNEL) {
            let name = folder.read(c"wchan", &mut self.buffer);
            row.wait_channel = known(name, &mut kept).map(|name| function(name).into());
        }
        let kinds = Facts::NAMESPACES.iter().zip(NAMESPACE_LINKS).zip(&mut row.namespaces);
        for ((_, name), inode) in kinds.filter(|((kind, _), _)| wanted.have(**kind)) {
            *inode = known(self.link(folder, name), &mut kept).and_then(inode_of);
        }
        if wanted.have(Facts::CHILDREN_NAMESPACES) {
            row.for_children = CHILDREN_LINKS
                .map(|name| known(self.link(folder, name), &mut kept).and_then(inode_of));
        }
        kept
    }

    fn link(&mut self, folder: &Directory, name: &CStr) -> Result<&[u8], Errno> {
        folder.read_link(name, &mut self.buffer)
    }
}

/// What was read, if it was; notes if it was kept from us.
fn known<T>(result: Result<T, Errno>, kept: &mut bool) -> Option<T> {
    *kept |= matches!(result, Err(Errno::EACCES | Errno::EPERM));
    result.ok()
}

/// Links of who goes at this very moment are refused as well.
fn is_there(folder: &Directory) -> bool {
    folder.open(c"stat", OFlag::O_PATH).is_ok()
}

/// A status of 0 is also what those are told who may not know it: then they may not follow this
/// link of a zombie either.
fn read_end(folder: &Directory, row: &mut Row) {
    if let Some(stat) = row.stat.as_mut().filter(|stat| stat.state == b'Z')
        && stat.exit_status.is_none()
        && folder.link(c"ns/pid").is_ok()
    {
        stat.exit_status = Some(0);
    }
}

/// In the order of [`NAMESPACES`](crate::event::NAMESPACES).
pub(super) const NAMESPACE_LINKS: [&CStr; 8] =
    [c"ns/pid", c"ns/mnt", c"ns/net", c"ns/user", c"ns/uts", c"ns/ipc", c"ns/cgroup", c"ns/time"];

/// In the order of [`Row::for_children`].
const CHILDREN_LINKS: [&CStr; 2] = [c"ns/pid_for_children", c"ns/time_for_children"];

/// Of a link such as `pid:[4026531836]`.
pub(super) fn inode_of(link: &[u8]) -> Option<u32> {
    let digits = link.split(|byte| *byte == b'[').nth(1)?.strip_suffix(b"]")?;
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Without the newlines and the NUL that some modules put at the end.
fn trim(label: &[u8]) -> &[u8] {
    let is_text = |byte: &u8| !matches!(byte, b'\n' | 0);
    let begin = label.iter().position(is_text).unwrap_or(label.len());
    let end = label.iter().rposition(is_text).map_or(begin, |last| last + 1);
    label.get(begin..end).unwrap_or_default()
}

/// The name of a kernel function without the dot and the underscores that some begin with, as
/// ps(1) has it; empty for a process that does not sleep.
fn function(name: &[u8]) -> &[u8] {
    if name == b"0" {
        return b"";
    }
    let name = name.strip_prefix(b".").unwrap_or(name);
    let begin = name.iter().position(|byte| *byte != b'_').unwrap_or(name.len());
    name.get(begin..).unwrap_or_default()
}

impl From<Errno> for Missing {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::ENOENT | Errno::ESRCH => Self::Vanished,
            _ => Self::Refused,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt as _;

    use super::*;

    #[test]
    fn what_is_around_a_value_is_trimmed() {
        assert_eq!(trim(b"unconfined\n"), b"unconfined");
        assert_eq!(trim(b"system_u:object_r:a b\0"), b"system_u:object_r:a b");
        assert_eq!(trim(b"\n"), b"");
        assert_eq!(function(b"0"), b"");
        assert_eq!(function(b".__do_wait"), b"do_wait");
        assert_eq!(inode_of(b"pid:[4026531836]"), Some(4_026_531_836));
        assert_eq!(inode_of(b"/root/pid"), None);
    }

    #[test]
    fn only_what_is_wanted_is_read() {
        let proc = Directory::proc().unwrap();
        let read = |wanted| Reader::new(&proc, wanted, 1).read(std::process::id()).unwrap();
        let row = read(Facts::IDENTITY);
        assert!(row.identity.is_some() && row.status.is_none() && row.arguments.is_none());
        let row = read(Facts::MEMORY);
        assert!(row.identity.is_none() && row.status.unwrap().resident_kib.is_some());
        let row = read(Facts::ALL);
        let status = row.status.unwrap();
        assert_eq!(status.tgid, Some(row.pid));
        assert!(row.namespaces.iter().all(Option::is_some), "{:?}", row.namespaces);
        assert_eq!(&*row.arguments.unwrap(), std::fs::read("/proc/self/cmdline").unwrap());
        let program = std::env::current_exe().unwrap().into_os_string().into_vec();
        assert_eq!(&*row.executable.unwrap(), program);
    }

    /// What stays as it is while a process lives, as another reader of /proc has it.
    #[test]
    fn agrees_with_another_reader_on_every_process_of_the_machine() {
        let proc = Directory::proc().unwrap();
        let mut reader = Reader::new(&proc, Facts::STAT | Facts::STATUS, 1);
        let mut compared = 0;
        for process in procfs::process::all_processes().unwrap().flatten() {
            let (Ok(stat), Ok(status)) = (process.stat(), process.status()) else {
                continue;
            };
            let Ok(row) = reader.read(stat.pid.cast_unsigned()) else {
                continue;
            };
            let (Some(identity), Some(own), Some(known)) = (row.identity, row.stat, row.status)
            else {
                panic!("process {} was not understood", row.pid);
            };
            if identity.start_ns != stat.starttime {
                continue;
            }
            assert_eq!(own.sid, stat.session, "{stat:?}");
            assert_eq!(own.tty, stat.tty_nr.cast_unsigned(), "{stat:?}");
            assert_eq!(own.nice, stat.nice, "{stat:?}");
            assert_eq!(own.policy, stat.policy.unwrap(), "{stat:?}");
            assert_eq!(known.tgid, Some(status.tgid.cast_unsigned()), "{status:?}");
            assert_eq!(known.uids.unwrap()[3], status.fuid, "{status:?}");
            assert_eq!(known.gids.unwrap()[2], status.sgid, "{status:?}");
            assert_eq!(known.groups.unwrap().to_vec(), status.groups, "{status:?}");
            assert_eq!(known.capabilities[3], status.capbnd, "{status:?}");
            assert_eq!(known.seccomp, status.seccomp, "{status:?}");
            compared += 1;
        }
        assert!(compared > 0, "no process was compared");
    }

    #[test]
    fn a_process_that_has_gone_is_missing() {
        let proc = Directory::proc().unwrap();
        let mut reader = Reader::new(&proc, Facts::IDENTITY, 1);
        assert_eq!(reader.read(u32::MAX).unwrap_err(), Missing::Vanished);
    }
}
