//! What is known of a process beyond its identity: read from /proc, or inherited.

use std::sync::Arc;

use crate::{
    event::{Cgroup, Process},
    field::Row,
    source::proc::{Described, Subject},
};

/// What has been read, or came from the parent.
#[derive(Clone, Debug, Default)]
pub(super) struct Known(Described);

const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;

/// The flags of clone(2) that make new namespaces, in the order of
/// [`NAMESPACES`](crate::event::NAMESPACES). Which pid and time namespaces a child gets depends on
/// what its parent has prepared for its children, which nobody tells.
const NEW: [u64; 8] = [
    u64::MAX,
    libc::CLONE_NEWNS as u64,
    libc::CLONE_NEWNET as u64,
    libc::CLONE_NEWUSER as u64,
    libc::CLONE_NEWUTS as u64,
    libc::CLONE_NEWIPC as u64,
    libc::CLONE_NEWCGROUP as u64,
    u64::MAX,
];

impl Known {
    pub(super) fn of(row: &Row) -> Self {
        Self(Described::of(row))
    }

    /// The process, as an event tells of it.
    pub(super) fn process(&self, subject: Subject) -> Process {
        self.0.clone().process(subject)
    }

    /// What a child has from the beginning.
    pub(super) fn inherited(&self, clone_flags: u64) -> Self {
        let mut child = Described { vpid: None, ..self.0.clone() };
        // Pid and time namespaces count as new whatever the flags.
        for (inode, new) in child.namespaces.iter_mut().zip(NEW) {
            if new == u64::MAX || clone_flags & new != 0 {
                *inode = 0;
            }
        }
        if clone_flags & CLONE_INTO_CGROUP != 0 {
            child.cgroup = None;
        }
        Self(child)
    }

    /// What is still known after an exec that nothing could be asked about: the ids may be those
    /// of a set-user-ID program, and namespaces are left and entered mostly between fork and exec.
    pub(super) fn after_exec(&self) -> Self {
        Self(Described { cgroup: self.0.cgroup.clone(), ..Described::default() })
    }

    /// It got into these namespaces, or into some that nobody could look at.
    pub(super) fn enter(&mut self, namespaces: [u32; 8]) {
        self.0.namespaces = namespaces;
    }

    /// It was moved in the unified hierarchy. Without an account of the other hierarchies there is
    /// nothing to move.
    pub(super) fn move_to(&mut self, path: &[u8]) {
        if let Some(before) = &self.0.cgroup {
            let v2 = Some(String::from_utf8_lossy(path).into_owned());
            self.0.cgroup = Some(Arc::new(Cgroup::of_paths(v2, before.v1.clone())));
        }
    }

    /// Takes over where another account has it; whether that was news.
    pub(super) fn take_place(&mut self, other: Self) -> bool {
        let cgroup = other.0.cgroup;
        let news = cgroup.is_some() && cgroup != self.0.cgroup;
        if news {
            self.0.cgroup = cgroup;
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::NAMESPACES, field::Status};

    fn row() -> Row {
        let status = Status {
            uids: Some([1, 2, 3, 4]),
            gids: Some([5, 6, 7, 8]),
            pids: [900, 9].into(),
            ..Status::default()
        };
        let path = |path: &str| Some(path.to_owned());
        let cgroup = Cgroup::of_paths(path("/a.slice/b"), path("/docker/c"));
        Row {
            pid: 900,
            status: Some(status),
            namespaces: [1, 2, 3, 4, 5, 6, 7, 8].map(Some),
            cgroup: Some(Arc::new(cgroup)),
            ..Row::default()
        }
    }

    #[test]
    fn a_child_inherits_what_no_flag_makes_new() {
        let parent = Known::of(&row());
        let Known(child) = parent.inherited(libc::CLONE_NEWNET as u64);
        assert_eq!((child.vpid, child.credentials), (None, parent.0.credentials));
        assert_eq!(child.namespaces, [0, 2, 0, 4, 5, 6, 7, 0], "{NAMESPACES:?}");
        assert_eq!(child.cgroup, parent.0.cgroup);
        assert_eq!(parent.inherited(CLONE_INTO_CGROUP).0.cgroup, None);
    }

    #[test]
    fn a_move_is_one_in_the_unified_hierarchy() {
        let mut known = Known::of(&row());
        let place = |known: &Known| {
            let cgroup = known.0.cgroup.clone().unwrap();
            (cgroup.v2.clone(), cgroup.v1.clone().unwrap())
        };
        known.move_to(b"/x/y");
        assert_eq!(place(&known), ("/x/y".to_owned(), "/docker/c".to_owned()));
        known.move_to(b"/");
        assert_eq!(place(&known).0, "/");
        let mut stranger = Known::default();
        stranger.move_to(b"/x");
        assert!(stranger.0.cgroup.is_none());
    }
}
