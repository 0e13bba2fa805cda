//! The tracepoints that are read: which are needed, and how their records are understood.

use std::ffi::CString;

use bytes::Bytes;
use observer_common::Kind;

use super::{
    ending::SPARING,
    told::{News, padded},
};
use crate::{
    Error,
    tracepoint::{
        Fault, Format, Name, Tracefs,
        format::Field,
        reader::Request,
        value::{Damaged, Value},
    },
};

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    NewTask,
    Exec,
    Exit,
    Free,
    Rename,
    Attach,
    ExitGroup,
    ExitThread,
    Generated,
    Delivered,
}

impl Point {
    /// Identity, names and what is inherited need these, whatever is asked for.
    const ALWAYS: [Self; 5] = [Self::NewTask, Self::Exec, Self::Exit, Self::Rename, Self::Attach];

    /// Together they tell how a process ends.
    const OF_AN_END: [Self; 4] =
        [Self::ExitGroup, Self::ExitThread, Self::Generated, Self::Delivered];

    fn system(self) -> &'static str {
        match self {
            Self::NewTask | Self::Rename => "task",
            Self::Exec | Self::Exit | Self::Free => "sched",
            Self::Attach => "cgroup",
            Self::ExitGroup | Self::ExitThread => "syscalls",
            Self::Generated | Self::Delivered => "signal",
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::NewTask => "task_newtask",
            Self::Exec => "sched_process_exec",
            Self::Exit => "sched_process_exit",
            Self::Free => "sched_process_free",
            Self::Rename => "task_rename",
            Self::Attach => "cgroup_attach_task",
            Self::ExitGroup => "sys_enter_exit_group",
            Self::ExitThread => "sys_enter_exit",
            Self::Generated => "signal_generate",
            Self::Delivered => "signal_deliver",
        }
    }

    /// The fields that are read, in the order in which [`Reading::news`] takes them.
    fn fields(self) -> &'static [&'static str] {
        match self {
            Self::NewTask => &["pid", "comm", "clone_flags"],
            Self::Exec => &["pid", "old_pid", "filename"],
            Self::Exit => &["comm"],
            Self::Free => &["pid"],
            Self::Rename => &["pid", "oldcomm", "newcomm"],
            Self::Attach => &["pid", "dst_root", "dst_path"],
            Self::ExitGroup | Self::ExitThread => &["error_code"],
            Self::Generated => &["pid", "sig"],
            Self::Delivered => &["sig", "sa_handler"],
        }
    }

    /// The kind of record that is missing when one of its records is lost.
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::NewTask => Kind::FORK,
            Self::Exec => Kind::EXEC,
            Self::Free => Kind::FREE,
            Self::Rename => Kind::RENAME,
            Self::Attach => Kind::CGROUP,
            Self::Exit | Self::ExitGroup | Self::ExitThread | Self::Generated | Self::Delivered => {
                Kind::EXIT
            }
        }
    }

    /// What the kernel is to let through: of signals those that can end a process.
    fn filter(self) -> Option<CString> {
        // What was made pending, with or without its details.
        const PENDING: &str = "(result == 0 || result == 4)";
        let first = match self {
            Self::Generated => PENDING,
            Self::Delivered => "sig > 0",
            _ => return None,
        };
        let spared = SPARING.map(|number| format!(" && sig != {number}")).concat();
        CString::new(format!("{first}{spared}")).ok()
    }
}

/// What is to be read.
#[derive(Debug)]
pub(super) struct Points {
    pub(super) readings: Vec<Reading>,
    pub(super) requests: Vec<Request>,
    /// Whether it can be told how a process ended.
    pub(super) tell_ends: bool,
}

impl Points {
    /// Those that these kinds need. Some kernels are built without those of system calls: then
    /// nobody can tell how a process ended.
    ///
    /// # Errors
    ///
    /// [`Error::Tracepoint`] when tracefs cannot be read, or is without those that all else rests
    /// on.
    pub(super) fn find(tracefs: &Tracefs, kinds: &[Kind]) -> Result<Self, Error> {
        let mut points = Self { readings: Vec::new(), requests: Vec::new(), tell_ends: false };
        for point in Point::ALWAYS {
            match format(tracefs, point)? {
                Ok(format) => points.add(point, &format)?,
                // Without cgroups nobody can be moved.
                Err(_) if point == Point::Attach => {}
                Err(missing) => return Err(missing),
            }
        }
        if kinds.contains(&Kind::FREE) {
            let format = format(tracefs, Point::Free)??;
            points.add(Point::Free, &format)?;
        }
        if kinds.iter().any(|kind| [Kind::EXIT, Kind::FREE].contains(kind)) {
            points.add_those_of_an_end(tracefs)?;
        }
        Ok(points)
    }

    fn add_those_of_an_end(&mut self, tracefs: &Tracefs) -> Result<(), Error> {
        let mut formats = Vec::new();
        for point in Point::OF_AN_END {
            match format(tracefs, point)? {
                Ok(format) => formats.push((point, format)),
                Err(_missing) => return Ok(()),
            }
        }
        for (point, format) in formats {
            self.add(point, &format)?;
        }
        self.tell_ends = true;
        Ok(())
    }

    fn add(&mut self, point: Point, format: &Format) -> Result<(), Error> {
        let fields = point.fields().iter().map(|name| format.field(name).cloned());
        let group_dead = match point {
            Point::Exit => format.field("group_dead").ok().cloned(),
            _ => None,
        };
        self.readings.push(Reading {
            point,
            fields: fields.collect::<Result<_, _>>()?,
            group_dead,
        });
        let (id, name) = (format.id, format.name.clone());
        self.requests.push(Request { id, filter: point.filter(), name });
        Ok(())
    }
}

/// The format of a tracepoint, or that this kernel does not have it.
fn format(tracefs: &Tracefs, point: Point) -> Result<Result<Format, Error>, Error> {
    let name = Name::new(point.system(), point.event())?;
    match tracefs.format(&name) {
        Err(missing @ Error::Tracepoint(Fault::Unknown { .. } | Fault::ModuleNotLoaded { .. })) => {
            Ok(Err(missing))
        }
        Err(error) => Err(error),
        Ok(format) => Ok(Ok(format)),
    }
}

/// How the records of one tracepoint are understood.
#[derive(Debug)]
pub(super) struct Reading {
    pub(super) point: Point,
    fields: Vec<Field>,
    /// Newer kernels tell which thread is the last.
    group_dead: Option<Field>,
}

impl Reading {
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
        let mut points = Points { readings: Vec::new(), requests: Vec::new(), tell_ends: false };
        points.add(point, &Format::parse(system, text).unwrap()).unwrap();
        points.readings.pop().unwrap()
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
    fn a_record_that_ends_too_early_is_damaged() {
        let reading = reading(Point::Exit, "sched", EXIT);
        for len in 0..33 {
            assert!(reading.news(&exit_record(1)[..len]).is_err(), "{len} bytes were accepted");
        }
    }

    #[test]
    fn only_signals_that_can_end_a_process_are_let_through() {
        let filter = Point::Generated.filter().unwrap().into_string().unwrap();
        let chld = format!("sig != {}", libc::SIGCHLD);
        assert!(filter.starts_with("(result == 0 ||") && filter.contains(&chld), "{filter}");
        assert_eq!(Point::NewTask.filter(), None);
    }
}
