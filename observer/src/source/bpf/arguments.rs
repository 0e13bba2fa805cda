//! What a walk tells of arguments → the arguments, and the program that they stand for.

use bytes::Bytes;
use observer_common::{Record, TaskArgsFacts};

use super::records::records;
use crate::{
    event::{Args, ProcessKey},
    source::proc,
    table::Program,
};

/// The arguments of every process that has memory, as one walk read them; to be taken apart when they
/// are wanted.
#[derive(Debug)]
pub struct AllArguments(pub(super) Bytes);

impl AllArguments {
    /// Of one process after the other, by ascending pid.
    pub fn iter(&self) -> impl Iterator<Item = Arguments<'_>> {
        records(&self.0).filter_map(|record| match record {
            Ok((header, Record::TaskArgs { facts, bytes })) => {
                Some(Arguments { boot_ns: header.boot_ns, facts, bytes, all: &self.0 })
            }
            _ => None,
        })
    }
}

/// The arguments of one process, borrowed from a walk's records.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a> {
    boot_ns: u64,
    facts: TaskArgsFacts,
    bytes: &'a [u8],
    all: &'a Bytes,
}

impl Arguments<'_> {
    /// Whose they are.
    pub fn key(&self) -> ProcessKey {
        ProcessKey { pid: self.facts.pid, start_ns: self.facts.start_ns }
    }

    /// All of them, each with its NUL; `None` where they could not be read. What is too long for a walk
    /// is read from /proc.
    pub fn take(&self) -> Option<Bytes> {
        if self.facts.failed == 1 {
            return None;
        }
        let told = self.all.slice_ref(self.bytes);
        if self.facts.is_title == 1 {
            // A title ends at its first NUL, wherever the area ends.
            let end = told.iter().position(|byte| *byte == 0).map_or(told.len(), |nul| nul + 1);
            return Some(told.slice(..end));
        }
        let is_cut = self.facts.args_size > told.len() as u64;
        let whole = if is_cut { proc::arguments(self.key()) } else { None };
        Some(whole.unwrap_or(told))
    }

    /// What the process runs, as far as its memory tells. `None` where it has no arguments at all:
    /// an exec is under way that has not put them there yet.
    pub(crate) fn program(&self) -> Option<Program> {
        let args = self.take().filter(|args| !args.is_empty())?;
        // A copy: a program outlives the walk by far.
        let args = Bytes::copy_from_slice(&args);
        let size = if self.facts.is_title == 1 { args.len() as u64 } else { self.facts.args_size };
        Some(Program {
            filename: None,
            args: Some(Args::new(args, size, size)),
            exec_id: self.facts.exec_id,
            exec_ns: self.boot_ns,
        })
    }
}

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros as _;

    use super::*;

    fn check(bytes: &'static [u8], is_title: u32, failed: u32, expected: Option<&[u8]>) {
        let records = Bytes::from_static(bytes);
        let args_size = bytes.len() as u64;
        let facts = TaskArgsFacts { args_size, is_title, failed, ..TaskArgsFacts::new_zeroed() };
        let arguments = Arguments { boot_ns: 1, facts, bytes: &records, all: &records };
        assert_eq!(arguments.take().as_deref(), expected);
    }

    #[test]
    fn a_list_a_title_and_what_could_not_be_read() {
        check(b"sh\0-c\0", 0, 0, Some(b"sh\0-c\0"));
        check(b"worker: idle\0HOME=/\0", 1, 0, Some(b"worker: idle\0"));
        check(b"a title without an end", 1, 0, Some(b"a title without an end"));
        check(b"", 0, 1, None);
    }

    #[test]
    fn memory_without_arguments_yet_is_no_program() {
        let facts = TaskArgsFacts { exec_id: 7, ..TaskArgsFacts::new_zeroed() };
        let (records, boot_ns) = (Bytes::new(), 1);
        let arguments = Arguments { boot_ns, facts, bytes: &records, all: &records };
        assert_eq!(arguments.take(), Some(Bytes::new()));
        assert_eq!(arguments.program(), None);
    }
}
