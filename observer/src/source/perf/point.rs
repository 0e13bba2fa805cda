//! The tracepoints that are read: which are needed, and what of them the kernel is to let through.

use std::ffi::CString;

use observer_common::Kind;

use super::{ending::SPARING, reading::Reading};
use crate::{
    Error,
    tracepoint::{Fault, Format, Name, Tracefs, reader::Request},
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
    pub(super) fn fields(self) -> &'static [&'static str] {
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
        self.readings.push(Reading::new(point, format)?);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_signals_that_can_end_a_process_are_let_through() {
        let filter = Point::Generated.filter().unwrap().into_string().unwrap();
        let chld = format!("sig != {}", libc::SIGCHLD);
        assert!(filter.starts_with("(result == 0 ||") && filter.contains(&chld), "{filter}");
        assert_eq!(Point::NewTask.filter(), None);
    }
}
