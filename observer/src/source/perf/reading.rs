//! A tracepoint's record → what it says.

use bytes::Bytes;

use super::{
    point::Point,
    told::{News, padded},
};
use crate::{
    Error,
    event::NamespaceCall,
    tracepoint::{
        Format,
        format::Field,
        value::{Damaged, Value},
    },
};

/// How the records of one tracepoint are understood.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) point: Point,
    fields: Vec<Field>,
    /// Newer kernels tell which thread is the last.
    group_dead: Option<Field>,
}

impl Reading {
    /// # Errors
    ///
    /// [`Fault::UnknownField`](crate::tracepoint::Fault::UnknownField) where this kernel's records
    /// are others.
    pub(super) fn new(point: Point, format: &Format) -> Result<Self, Error> {
        let field = |name| {
            let former = |missing| match point.former(name) {
                Some(former) => format.field(former),
                None => Err(missing),
            };
            format.field(name).or_else(former).cloned()
        };
        let fields = point.fields().iter().map(|name| field(name));
        let group_dead = match point {
            Point::Exit => format.field("group_dead").ok().cloned(),
            _ => None,
        };
        Ok(Self { point, fields: fields.collect::<Result<_, _>>()?, group_dead })
    }

    /// What a record says.
    ///
    /// # Errors
    ///
    /// [`Damaged`] when it is not as its format says.
    pub(super) fn news(&self, raw: &[u8]) -> Result<News, Damaged> {
        let mut fields = self.fields.iter();
        let mut next = || fields.next().map_or(Ok(Value::Unsigned(0)), |field| field.value(raw));
        Ok(match self.point {
            Point::NewTask => News::NewTask {
                tid: number(next()?),
                comm: padded(bytes(next()?)),
                clone_flags: next()?.as_u64().unwrap_or_default(),
            },
            Point::Exec => News::Exec {
                pid: number(next()?),
                old_pid: number(next()?),
                filename: Bytes::copy_from_slice(bytes(next()?)),
                overtaken: false,
            },
            Point::Exit => {
                let dead = self.group_dead.as_ref().map(|field| field.value(raw)).transpose()?;
                let group_dead = dead.map(|dead| dead.as_u64() != Some(0));
                News::Exit { comm: padded(bytes(next()?)), group_dead }
            }
            Point::Free => News::Free { tid: number(next()?) },
            Point::Rename => News::Rename {
                tid: number(next()?),
                old: padded(bytes(next()?)),
                new: padded(bytes(next()?)),
            },
            Point::Attach => News::Attach {
                pid: number(next()?),
                hierarchy: number(next()?),
                path: Bytes::copy_from_slice(bytes(next()?)),
            },
            Point::Unshare => News::NamespaceCall { flags: next()?.as_u64().unwrap_or_default() },
            Point::Setns => News::NamespaceCall { flags: lower_half(next()?) },
            Point::Unshared => News::NamespaceCallDone { call: NamespaceCall::Unshare },
            Point::SetnsDone => News::NamespaceCallDone { call: NamespaceCall::Setns },
            Point::ExitGroup => News::ExitCall { code: code(next()?), group: true },
            Point::ExitThread => News::ExitCall { code: code(next()?), group: false },
            Point::Generated => {
                News::SignalGenerated { tid: number(next()?), number: code(next()?) }
            }
            Point::Delivered => News::SignalDelivered {
                number: code(next()?),
                // SIG_DFL.
                default: next()?.as_u64() == Some(0),
            },
        })
    }
}

/// An id; none is negative.
fn number(value: Value<'_>) -> u32 {
    value.as_u64().and_then(|number| number.try_into().ok()).unwrap_or_default()
}

/// All that counts of an argument that is an `int`.
fn lower_half(value: Value<'_>) -> u64 {
    let bits = value.as_i64().map(i64::cast_unsigned).or_else(|| value.as_u64());
    bits.unwrap_or_default() & u64::from(u32::MAX)
}

/// The last byte of a number: all that counts of what a process gives to `exit`.
fn code(value: Value<'_>) -> u8 {
    let bits = value.as_i64().map(i64::cast_unsigned).or_else(|| value.as_u64());
    bits.unwrap_or_default().to_le_bytes()[0]
}

fn bytes(value: Value<'_>) -> &[u8] {
    value.as_bytes().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXIT: &str = "\
name: sched_process_exit
ID: 9
format:
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;
\tfield:pid_t pid;\toffset:24;\tsize:4;\tsigned:1;
\tfield:int prio;\toffset:28;\tsize:4;\tsigned:1;
\tfield:bool group_dead;\toffset:32;\tsize:1;\tsigned:0;

print fmt: \"x\"
";

    const EXIT_GROUP: &str = "\
name: sys_enter_exit_group
ID: 7
format:
\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;

\tfield:int error_code;\toffset:16;\tsize:8;\tsigned:0;

print fmt: \"x\"
";

    fn reading(point: Point, system: &str, text: &str) -> Reading {
        Reading::new(point, &Format::parse(system, text).unwrap()).unwrap()
    }

    fn exit_record(last: u8) -> Vec<u8> {
        let mut raw = vec![0; 40];
        raw[8..10].copy_from_slice(b"sh");
        raw[32] = last;
        raw
    }

    #[test]
    fn the_last_thread_is_told_where_the_kernel_tells_it() {
        let newer = reading(Point::Exit, "sched", EXIT);
        let exit = |group_dead| News::Exit { comm: padded(b"sh"), group_dead };
        assert_eq!(newer.news(&exit_record(1)), Ok(exit(Some(true))));
        assert_eq!(newer.news(&exit_record(0)), Ok(exit(Some(false))));
        let line = EXIT.lines().find(|line| line.contains("group_dead")).unwrap();
        let older = reading(Point::Exit, "sched", &EXIT.replace(&format!("{line}\n"), ""));
        assert_eq!(older.news(&exit_record(1)), Ok(exit(None)));
    }

    #[test]
    fn of_a_code_the_last_byte_counts() {
        let reading = reading(Point::ExitGroup, "syscalls", EXIT_GROUP);
        let code_of = |code: i64| {
            let raw = [&[0; 16], code.to_ne_bytes().as_slice()].concat();
            reading.news(&raw).unwrap()
        };
        assert_eq!(code_of(3), News::ExitCall { code: 3, group: true });
        assert_eq!(code_of(-1), News::ExitCall { code: 255, group: true });
        assert_eq!(code_of(0x1_0000_0107), News::ExitCall { code: 7, group: true });
    }

    #[test]
    fn setns_is_read_from_older_kernels_as_well() {
        const SETNS: &str = "\
name: sys_enter_setns
ID: 8
format:
\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;

\tfield:int fd;\toffset:16;\tsize:8;\tsigned:0;
\tfield:int flags;\toffset:24;\tsize:8;\tsigned:0;

print fmt: \"x\"
";
        let raw = [&[0; 24], 0xffff_ffff_4000_0000_u64.to_ne_bytes().as_slice()].concat();
        for text in [SETNS, &SETNS.replace("flags", "nstype")] {
            let news = reading(Point::Setns, "syscalls", text).news(&raw).unwrap();
            assert_eq!(news, News::NamespaceCall { flags: 0x4000_0000 });
        }
    }

    #[test]
    fn a_record_that_ends_too_early_is_damaged() {
        let reading = reading(Point::Exit, "sched", EXIT);
        for len in 0..33 {
            assert!(reading.news(&exit_record(1)[..len]).is_err(), "{len} bytes were accepted");
        }
    }
}
