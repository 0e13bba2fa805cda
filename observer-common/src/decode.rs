//! Bytes → [`Record`]. Total: any bytes give a record or a [`Malformed`], never a panic.

use core::fmt;

use zerocopy::FromBytes;

use crate::{
    ABI_VERSION, ArgsFacts, CgroupFacts, ExecFacts, ExitFacts, ForkFacts, FreeFacts, Header, Kind,
    NamespaceFacts, ProcessFacts, RenameFacts, RequestFacts, TaskArgsFacts, TaskFacts,
};

/// A record as it stands in the ring: fixed parts copied out, tails borrowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the parts that the facts describe")]
pub enum Record<'a> {
    /// A process was created.
    Fork { facts: ForkFacts, cgroup: CgroupNames<'a> },
    /// A process started to run another program; `args` is the beginning of the arguments.
    Exec { facts: ExecFacts, cgroup: CgroupNames<'a>, filename: &'a [u8], args: &'a [u8] },
    /// The last thread of a process ended.
    Exit { facts: ExitFacts, cgroup: CgroupNames<'a> },
    /// The kernel let go of a process.
    Free { facts: FreeFacts },
    /// A process changed its name.
    Rename { facts: RenameFacts, cgroup: CgroupNames<'a> },
    /// A process was moved to another cgroup.
    Cgroup { facts: CgroupFacts, cgroup: CgroupNames<'a> },
    /// A thread got into other namespaces.
    Namespace { facts: NamespaceFacts, cgroup: CgroupNames<'a> },
    /// A process wrote to a socket whose other end is called `path`; `bytes` is the beginning of it.
    Request { facts: RequestFacts, cgroup: CgroupNames<'a>, path: &'a [u8], bytes: &'a [u8] },
    /// A piece of the arguments of the exec that follows.
    Args { facts: ArgsFacts, bytes: &'a [u8] },
    /// A process as a walk found it; `name` is a kernel thread's whole one, NUL included, `groups`
    /// the supplementary groups, each as 4 bytes of the machine's order.
    Task { facts: TaskFacts, cgroup: CgroupNames<'a>, name: &'a [u8], groups: &'a [u8] },
    /// The arguments of a process as a walk found them.
    TaskArgs { facts: TaskArgsFacts, bytes: &'a [u8] },
    /// A record of a newer object.
    Unknown { kind: Kind, bytes: &'a [u8] },
}

/// The names that lead from a process's cgroup up to the root, each with a NUL.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CgroupNames<'a> {
    /// In the unified hierarchy; empty for its root.
    pub v2: &'a [u8],
    /// In a v1 hierarchy; empty for its root or when there is none.
    pub v1: &'a [u8],
}

/// Why bytes are no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// Shorter than what it must hold.
    Short {
        /// Bytes there are.
        got: usize,
        /// Bytes there should be.
        need: usize,
    },
    /// Written by an object of another [`ABI_VERSION`].
    Version(u16),
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { got, need } => write!(f, "got {got} bytes, need {need}"),
            Self::Version(got) => write!(f, "got version {got}, expected {ABI_VERSION}"),
        }
    }
}

impl core::error::Error for Malformed {}

/// Takes a record apart.
///
/// # Errors
///
/// [`Malformed`] when the bytes end too early or belong to another version of the contract.
pub fn decode(bytes: &[u8]) -> Result<(Header, Record<'_>), Malformed> {
    let mut tail = Tail(bytes);
    let header: Header = tail.fixed()?;
    if header.version != ABI_VERSION {
        return Err(Malformed::Version(header.version));
    }
    let record = match header.kind {
        Kind::FORK => {
            let facts: ForkFacts = tail.fixed()?;
            Record::Fork { cgroup: tail.cgroup(&facts.child)?, facts }
        }
        Kind::EXEC => exec(&mut tail)?,
        Kind::EXIT => {
            let facts: ExitFacts = tail.fixed()?;
            Record::Exit { cgroup: tail.cgroup(&facts.process)?, facts }
        }
        Kind::FREE => Record::Free { facts: tail.fixed()? },
        Kind::RENAME => {
            let facts: RenameFacts = tail.fixed()?;
            Record::Rename { cgroup: tail.cgroup(&facts.process)?, facts }
        }
        Kind::CGROUP => {
            let facts: CgroupFacts = tail.fixed()?;
            Record::Cgroup { cgroup: tail.cgroup(&facts.process)?, facts }
        }
        Kind::NAMESPACE => {
            let facts: NamespaceFacts = tail.fixed()?;
            Record::Namespace { cgroup: tail.cgroup(&facts.process)?, facts }
        }
        Kind::REQUEST => request(&mut tail)?,
        Kind::ARGS => {
            let facts: ArgsFacts = tail.fixed()?;
            Record::Args { bytes: tail.bytes(facts.args_len)?, facts }
        }
        Kind::TASK => {
            let facts: TaskFacts = tail.fixed()?;
            let cgroup = tail.cgroup(&facts.process)?;
            let name = tail.bytes(facts.name_len)?;
            Record::Task { cgroup, name, groups: tail.bytes(facts.groups_len)?, facts }
        }
        Kind::TASK_ARGS => {
            let facts: TaskArgsFacts = tail.fixed()?;
            Record::TaskArgs { bytes: tail.bytes(facts.args_len)?, facts }
        }
        kind => Record::Unknown { kind, bytes: tail.0 },
    };
    Ok((header, record))
}

fn exec<'a>(tail: &mut Tail<'a>) -> Result<Record<'a>, Malformed> {
    let facts: ExecFacts = tail.fixed()?;
    let cgroup = tail.cgroup(&facts.process)?;
    let filename = tail.bytes(facts.filename_len)?;
    let args = tail.bytes(facts.args_len)?;
    Ok(Record::Exec { facts, cgroup, filename, args })
}

fn request<'a>(tail: &mut Tail<'a>) -> Result<Record<'a>, Malformed> {
    let facts: RequestFacts = tail.fixed()?;
    let cgroup = tail.cgroup(&facts.process)?;
    let path = tail.bytes(facts.path_len)?;
    let bytes = tail.bytes(facts.bytes_len)?;
    Ok(Record::Request { facts, cgroup, path, bytes })
}

/// What of a record is still to be read.
struct Tail<'a>(&'a [u8]);

impl<'a> Tail<'a> {
    fn fixed<T: FromBytes>(&mut self) -> Result<T, Malformed> {
        let short = Malformed::Short { got: self.0.len(), need: size_of::<T>() };
        let (value, rest) = T::read_from_prefix(self.0).map_err(|_too_short| short)?;
        self.0 = rest;
        Ok(value)
    }

    fn bytes(&mut self, len: u32) -> Result<&'a [u8], Malformed> {
        let need = len as usize;
        let short = Malformed::Short { got: self.0.len(), need };
        let (bytes, rest) = self.0.split_at_checked(need).ok_or(short)?;
        self.0 = rest;
        Ok(bytes)
    }

    fn cgroup(&mut self, process: &ProcessFacts) -> Result<CgroupNames<'a>, Malformed> {
        Ok(CgroupNames {
            v2: self.bytes(process.cgroup_v2_len)?,
            v1: self.bytes(process.cgroup_v1_len)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zerocopy::{FromZeros as _, IntoBytes as _};

    use super::*;

    extern crate std;

    use std::vec::Vec;

    fn header(kind: Kind) -> Header {
        Header { kind, version: ABI_VERSION, ..Header::new_zeroed() }
    }

    fn bytes(parts: &[&[u8]]) -> Vec<u8> {
        parts.concat()
    }

    #[test]
    fn an_exec_is_taken_apart() {
        let header = header(Kind::EXEC);
        let mut facts = ExecFacts { filename_len: 3, args_len: 4, ..ExecFacts::new_zeroed() };
        facts.process.cgroup_v2_len = 2;
        facts.process.cgroup_v1_len = 1;
        let record =
            bytes(&[header.as_bytes(), facts.as_bytes(), b"a\0", b"\0", b"/x\0", b"x\0y\0"]);
        let cgroup = CgroupNames { v2: b"a\0", v1: b"\0" };
        let expected = Record::Exec { facts, cgroup, filename: b"/x\0", args: b"x\0y\0" };
        assert_eq!(decode(&record), Ok((header, expected)));
        for len in 0..record.len() {
            assert!(decode(&record[..len]).is_err(), "cut to {len} bytes it was accepted");
        }
    }

    #[test]
    fn other_namespaces_are_taken_apart() {
        let header = header(Kind::NAMESPACE);
        let ids = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
        let mut facts = NamespaceFacts { ids, flags: 11, ..NamespaceFacts::new_zeroed() };
        (facts.process.cgroup_v2_len, facts.process.cgroup_v1_len) = (2, 2);
        let record = bytes(&[header.as_bytes(), facts.as_bytes(), b"a\0", b"b\0"]);
        let cgroup = CgroupNames { v2: b"a\0", v1: b"b\0" };
        assert_eq!(decode(&record), Ok((header, Record::Namespace { facts, cgroup })));
        for len in 0..record.len() {
            assert!(decode(&record[..len]).is_err(), "cut to {len} bytes it was accepted");
        }
    }

    #[test]
    fn a_request_is_taken_apart() {
        let header = header(Kind::REQUEST);
        let mut facts = RequestFacts { path_len: 3, bytes_len: 4, ..RequestFacts::new_zeroed() };
        (facts.size, facts.process.cgroup_v2_len) = (5, 2);
        let record = bytes(&[header.as_bytes(), facts.as_bytes(), b"a\0", b"/s\0", b"GET "]);
        let cgroup = CgroupNames { v2: b"a\0", v1: b"" };
        let expected = Record::Request { facts, cgroup, path: b"/s\0", bytes: b"GET " };
        assert_eq!(decode(&record), Ok((header, expected)));
        for len in 0..record.len() {
            assert!(decode(&record[..len]).is_err(), "cut to {len} bytes it was accepted");
        }
    }

    #[test]
    fn kinds_of_a_newer_object_survive() {
        let header = header(Kind(99));
        let record = bytes(&[header.as_bytes(), b"what"]);
        let expected = Record::Unknown { kind: Kind(99), bytes: b"what" };
        assert_eq!(decode(&record), Ok((header, expected)));
    }

    #[test]
    fn another_version_is_refused() {
        let header = Header { version: ABI_VERSION + 1, ..header(Kind::FREE) };
        assert_eq!(decode(header.as_bytes()), Err(Malformed::Version(ABI_VERSION + 1)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_record_or_malformed(body: Vec<u8>, kind in 0_u16..12) {
            let record = bytes(&[header(Kind(kind)).as_bytes(), &body]);
            let _total = decode(&record);
            let _total = decode(&body);
        }
    }
}
