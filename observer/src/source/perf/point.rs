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
    Unshare,
    Unshared,
    Setns,
    SetnsDone,
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

    /// What of namespaces the others do not tell. The end of a call does not say what it was
    /// called with.
    const OF_NAMESPACES: [Self; 4] = [Self::Unshare, Self::Unshared, Self::Setns, Self::SetnsDone];

    fn system(self) -> &'static str {
        match self {
            Self::NewTask | Self::Rename => "task",
            Self::Exec | Self::Exit | Self::Free => "sched",
            Self::Attach => "cgroup",
            Self::Unshare
            | Self::Unshared
            | Self::Setns
            | Self::SetnsDone
            | Self::ExitGroup
            | Self::ExitThread => "syscalls",
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
            Self::Unshare => "sys_enter_unshare",
            Self::Unshared => "sys_exit_unshare",
            Self::Setns => "sys_enter_setns",
            Self::SetnsDone => "sys_exit_setns",
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
            Self::Unshare => &["unshare_flags"],
            Self::Setns => &["flags"],
            Self::Unshared | Self::SetnsDone => &[],
            Self::ExitGroup | Self::ExitThread => &["error_code"],
            Self::Generated => &["pid", "sig"],
            Self::Delivered => &["sig", "sa_handler"],
        }
    }

    /// What a field was called by older kernels.
    pub(super) fn former(self, field: &str) -> Option<&'static str> {
        // Up to 5.7.
        (self == Self::Setns && field == "flags").then_some("nstype")
    }

    /// What the kernel is to let through: of signals those that can end a process, of calls those
    /// that succeeded.
    fn filter(self) -> Option<CString> {
        // What was made pending, with or without its details.
        const PENDING: &str = "(result == 0 || result == 4)";
        let first = match self {
            Self::Unshared | Self::SetnsDone => return CString::new("ret == 0").ok(),
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
            points.tell_ends = points.add_all_or_none(tracefs, &Point::OF_AN_END)?;
        }
        if kinds.contains(&Kind::NAMESPACE) {
            // Without them only those are told that are created in other namespaces.
            points.add_all_or_none(tracefs, &Point::OF_NAMESPACES)?;
        }
        Ok(points)
    }

    /// Whether there were all.
    fn add_all_or_none(&mut self, tracefs: &Tracefs, wanted: &[Point]) -> Result<bool, Error> {
        let mut formats = Vec::new();
        for point in wanted {
            match format(tracefs, *point)? {
                Ok(format) => formats.push((*point, format)),
                Err(_missing) => return Ok(false),
            }
        }
        for (point, format) in formats {
            self.add(point, &format)?;
        }
        Ok(true)
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
