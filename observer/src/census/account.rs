//! What /proc says of a process → as the table wants it.

use bytes::Bytes;

use crate::{
    event::{Args, Comm, ProcessKey, Status},
    facts::Facts,
    field::Row,
    source::proc::{self, Described, Subject},
    table::{Program, Seen},
};

/// What the table wants to know.
pub(super) const DESCRIPTION: Facts = Facts::IDENTITY
    .and(Facts::TASK)
    .and(Facts::IDS)
    .and(Facts::PIDS)
    .and(Facts::CGROUP)
    .and(Facts::ALL_NAMESPACES);

/// What has not become known in between.
#[derive(Clone, Copy, Debug)]
pub(super) struct Beside {
    /// Its parent, by its identity.
    pub(super) parent: Option<ProcessKey>,
    /// Its start to the nanosecond, if somebody knows that.
    pub(super) exact_start_ns: Option<u64>,
    /// When it was looked at, or a moment before.
    pub(super) boot_ns: u64,
}

/// `None` for a row without a start: nobody could say who it is.
pub(super) fn seen(row: &Row, beside: Beside) -> Option<Seen> {
    let key = row.key()?;
    let ended = row.identity.as_ref().is_some_and(|identity| identity.zombie);
    let threads = row.stat.as_ref().map_or(0, |stat| stat.threads);
    // A leader that has ended ahead of its threads looks like a zombie.
    let zombie = ended && threads <= 1;
    let status = row.stat.as_ref().and_then(|stat| stat.exit_status);
    // What has ended has no memory to read arguments from.
    let arguments = if ended { None } else { row.arguments.clone() };
    let mut described = Described::of(row);
    if ended {
        described.namespaces = [0; 8];
    }
    let key = ProcessKey { start_ns: beside.exact_start_ns.unwrap_or(key.start_ns), ..key };
    let subject = Subject { key, parent: beside.parent, tid: row.pid, comm: comm(row) };
    Some(Seen {
        process: described.process(subject),
        boot_ns: beside.boot_ns,
        zombie,
        status: status.filter(|_| zombie).map(Status::from_wait),
        program: arguments.map(program_of),
        start_is_exact: beside.exact_start_ns.is_some(),
    })
}

fn comm(row: &Row) -> Comm {
    let name = row.identity.as_ref().map_or(&b""[..], |identity| &identity.comm);
    let flags = row.stat.as_ref().map_or(0, |stat| stat.flags);
    Comm::new(proc::task_name(name, flags))
}

/// What a process runs of which only /proc tells.
fn program_of(arguments: Bytes) -> Program {
    let size = arguments.len() as u64;
    Program { filename: None, args: Some(Args::new(arguments, size, size)), exec_id: 0, exec_ns: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::{Identity, Stat};

    const BESIDE: Beside = Beside { parent: None, exact_start_ns: None, boot_ns: 9 };

    fn row(state: u8, threads: u32) -> Row {
        let identity = Identity { start_ns: 7, zombie: state == b'Z', ..Identity::default() };
        let stat = Stat { state, threads, exit_status: Some(256), ..Stat::default() };
        let arguments = Some(Bytes::from_static(b""));
        Row { pid: 5, identity: Some(identity), stat: Some(stat), arguments, ..Row::default() }
    }

    #[test]
    fn a_zombie_says_how_it_ended_and_nothing_of_a_program() {
        let seen = seen(&row(b'Z', 1), BESIDE).unwrap();
        assert!(seen.zombie);
        assert_eq!(seen.status, Some(Status::Code(1)));
        assert_eq!(seen.program, None);
    }

    #[test]
    fn a_leader_that_ended_ahead_of_its_threads_is_no_zombie() {
        let seen = seen(&row(b'Z', 2), BESIDE).unwrap();
        assert!(!seen.zombie);
        assert_eq!((seen.status, seen.program), (None, None));
    }

    #[test]
    fn what_may_not_be_read_is_unknown_and_costs_nobody_the_process() {
        let seen = seen(&row(b'S', 1), BESIDE).unwrap();
        let process = seen.process;
        assert_eq!((process.vpid, process.credentials, process.cgroup), (None, None, None));
        assert_eq!(process.key, ProcessKey { pid: 5, start_ns: 7 });
        assert!(!seen.start_is_exact);
        assert!(seen.program.is_some());
    }
}
