//! The tracepoints that are read: their names and fields, and what of them the kernel is to let
//! through.

use std::ffi::CString;

use super::ending::SPARING;

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
    pub(super) const ALWAYS: [Self; 5] =
        [Self::NewTask, Self::Exec, Self::Exit, Self::Rename, Self::Attach];

    /// Together they tell how a process ends.
    pub(super) const OF_AN_END: [Self; 4] =
        [Self::ExitGroup, Self::ExitThread, Self::Generated, Self::Delivered];

    /// What of namespaces the others do not tell. The end of a call does not say what it was
    /// called with.
    pub(super) const OF_NAMESPACES: [Self; 4] =
        [Self::Unshare, Self::Unshared, Self::Setns, Self::SetnsDone];

    pub(super) fn system(self) -> &'static str {
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

    pub(super) fn event(self) -> &'static str {
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

    /// The fields that are read, in the order in which [`Reading::news`](super::reading::Reading::news) takes them.
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
    pub(super) fn filter(self) -> Option<CString> {
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
