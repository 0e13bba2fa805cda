//! What /proc says of a process → what an event says of it: the one converter of all that read /proc for
//! events and looks.

use std::sync::Arc;

use crate::{
    event::{Cgroup, Comm, Credentials, Process, ProcessKey},
    field::{Row, Status},
};

/// What is known of a process beyond its identity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    pub(crate) credentials: Option<Credentials>,
    /// Its pid in its own pid namespace.
    pub(crate) vpid: Option<u32>,
    /// Inode numbers, 0 for those that are not known.
    pub(crate) namespaces: [u32; 8],
    pub(crate) cgroup: Option<Arc<Cgroup>>,
}

/// Which process it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) key: ProcessKey,
    pub(crate) parent: Option<ProcessKey>,
    /// The thread that acted.
    pub(crate) tid: u32,
    pub(crate) comm: Comm,
}

impl Described {
    /// As a row tells it.
    pub(crate) fn of(row: &Row) -> Self {
        let status = row.status.as_ref();
        Self {
            credentials: status.and_then(credentials),
            vpid: status.and_then(|status| status.pids.last().copied()),
            namespaces: row.namespaces.map(Option::unwrap_or_default),
            cgroup: row.cgroup.clone(),
        }
    }

    /// The process, as an event tells of it.
    pub(crate) fn process(self, subject: Subject) -> Process {
        let Self { credentials, vpid, namespaces, cgroup } = self;
        let Subject { key, parent, tid, comm } = subject;
        Process { key, parent, exec_id: 0, tid, vpid, comm, credentials, namespaces, cgroup }
    }
}

fn credentials(status: &Status) -> Option<Credentials> {
    let ([real_uid, effective_uid, ..], [real_gid, effective_gid, ..]) =
        (status.uids?, status.gids?);
    Some(Credentials { real_uid, effective_uid, real_gid, effective_gid })
}
