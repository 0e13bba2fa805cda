//! What is known of a process beyond its identity: read from /proc, or inherited.

use std::sync::Arc;

use observer_common::{CgroupNames, ProcessFacts, absent};

use crate::{event::Cgroup, field::Row};

/// What has been read, or came from the parent.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Real and effective user, real and effective group.
    ids: Option<[u32; 4]>,
    /// Its pid in its own pid namespace.
    vpid: Option<u32>,
    /// 0 for those that are not known.
    namespaces: [u32; 8],
    cgroup: Option<Arc<Place>>,
}

/// Where a process stands: directory names from the leaf upwards, each with a NUL.
#[derive(Debug, Default, PartialEq, Eq)]
struct Place {
    v2: Box<[u8]>,
    v1: Box<[u8]>,
}

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
        let status = row.status.as_ref();
        let ids = status.and_then(|status| {
            let ([uid, euid, ..], [gid, egid, ..]) = (status.uids?, status.gids?);
            Some([uid, euid, gid, egid])
        });
        Self {
            ids,
            vpid: status.and_then(|status| status.pids.last().copied()),
            namespaces: row.namespaces.map(Option::unwrap_or_default),
            cgroup: row.cgroup.as_deref().map(|cgroup| Arc::new(Place::of(cgroup))),
        }
    }

    /// What a child has from the beginning.
    pub(super) fn inherited(&self, clone_flags: u64) -> Self {
        let mut child = Self { vpid: None, ..self.clone() };
        // Pid and time namespaces count as new whatever the flags.
        for (inode, new) in child.namespaces.iter_mut().zip(NEW) {
            if new == u64::MAX || clone_flags & new != 0 {
                *inode = 0;
            }
        }
        if clone_flags & CLONE_INTO_CGROUP != 0 {
            child.cgroup = None;
        }
        child
    }

    /// What is still known after an exec that nothing could be asked about: the ids may be those
    /// of a set-user-ID program, and namespaces are left and entered mostly between fork and exec.
    pub(super) fn after_exec(&self) -> Self {
        Self { cgroup: self.cgroup.clone(), ..Self::default() }
    }

    /// It got into these namespaces, or into some that nobody could look at.
    pub(super) fn enter(&mut self, namespaces: [u32; 8]) {
        self.namespaces = namespaces;
    }

    /// It was moved in the unified hierarchy. Without an account of the other hierarchies there is
    /// nothing to move.
    pub(super) fn move_to(&mut self, path: &[u8]) {
        if let Some(before) = &self.cgroup {
            self.cgroup = Some(Arc::new(Place { v2: upwards(path), v1: before.v1.clone() }));
        }
    }

    /// Takes over where another account has it; whether that was news.
    pub(super) fn take_place(&mut self, other: Self) -> bool {
        let news = other.cgroup.is_some() && other.cgroup != self.cgroup;
        if news {
            self.cgroup = other.cgroup;
        }
        news
    }

    /// Writes what is known into a record; what is not, as bits of [`absent`].
    pub(super) fn write(&self, facts: &mut ProcessFacts) -> u32 {
        let mut missing = 0;
        let length = |names: &[u8]| u32::try_from(names.len()).unwrap_or_default();
        facts.namespaces = self.namespaces;
        match self.ids {
            Some([uid, euid, gid, egid]) => {
                (facts.uid, facts.euid, facts.gid, facts.egid) = (uid, euid, gid, egid);
            }
            None => missing |= absent::CREDENTIALS,
        }
        match self.vpid {
            Some(vpid) => facts.vpid = vpid,
            None => missing |= absent::VPID,
        }
        match &self.cgroup {
            Some(place) => {
                facts.cgroup_v2_len = length(&place.v2);
                facts.cgroup_v1_len = length(&place.v1);
            }
            None => missing |= absent::CGROUP,
        }
        missing
    }

    /// The tail of that record.
    pub(super) fn names(&self) -> CgroupNames<'_> {
        self.cgroup
            .as_ref()
            .map_or_else(CgroupNames::default, |place| CgroupNames { v2: &place.v2, v1: &place.v1 })
    }
}

impl Place {
    fn of(cgroup: &Cgroup) -> Self {
        let v1 = cgroup.v1.as_deref().unwrap_or_default();
        Self { v2: upwards(cgroup.v2.as_bytes()), v1: upwards(v1.as_bytes()) }
    }
}

/// A path from the root as names from the leaf upwards.
fn upwards(path: &[u8]) -> Box<[u8]> {
    let mut names = Vec::with_capacity(path.len());
    for name in path.rsplit(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        names.extend_from_slice(name);
        names.push(0);
    }
    names.into()
}

#[cfg(test)]
mod tests {
    use zerocopy::FromZeros as _;

    use super::*;
    use crate::{
        event::{CgroupCache, NAMESPACES},
        field::Status,
    };

    fn row() -> Row {
        let status = Status {
            uids: Some([1, 2, 3, 4]),
            gids: Some([5, 6, 7, 8]),
            pids: [900, 9].into(),
            ..Status::default()
        };
        let cgroup = Cgroup {
            v2: "/a.slice/b".to_owned(),
            v1: Some("/docker/c".to_owned()),
            container: None,
        };
        Row {
            pid: 900,
            status: Some(status),
            namespaces: [1, 2, 3, 4, 5, 6, 7, 8].map(Some),
            cgroup: Some(Arc::new(cgroup)),
            ..Row::default()
        }
    }

    fn written(known: &Known) -> (ProcessFacts, u32) {
        let mut facts = ProcessFacts::new_zeroed();
        let missing = known.write(&mut facts);
        (facts, missing)
    }

    #[test]
    fn a_row_is_told_whole() {
        let (facts, missing) = written(&Known::of(&row()));
        assert_eq!(missing, 0);
        assert_eq!((facts.uid, facts.euid, facts.gid, facts.egid), (1, 2, 5, 6));
        assert_eq!((facts.vpid, facts.namespaces), (9, [1, 2, 3, 4, 5, 6, 7, 8]));
        let known = Known::of(&row());
        let cgroup = CgroupCache::default().get(known.names());
        assert_eq!((&*cgroup.v2, cgroup.v1.as_deref()), ("/a.slice/b", Some("/docker/c")));
    }

    #[test]
    fn what_is_not_known_is_absent() {
        let (facts, missing) = written(&Known::default());
        assert_eq!(missing, absent::CREDENTIALS | absent::VPID | absent::CGROUP);
        assert_eq!(facts, ProcessFacts::new_zeroed());
    }

    #[test]
    fn a_child_inherits_what_no_flag_makes_new() {
        let parent = Known::of(&row());
        let (child, missing) = written(&parent.inherited(libc::CLONE_NEWNET as u64));
        assert_eq!(missing, absent::VPID);
        assert_eq!(child.namespaces, [0, 2, 0, 4, 5, 6, 7, 0], "{NAMESPACES:?}");
        let (_, missing) = written(&parent.inherited(CLONE_INTO_CGROUP));
        assert_eq!(missing, absent::VPID | absent::CGROUP);
    }

    #[test]
    fn a_move_is_one_in_the_unified_hierarchy() {
        let mut known = Known::of(&row());
        known.move_to(b"/x/y");
        assert_eq!(known.names(), CgroupNames { v2: b"y\0x\0", v1: b"c\0docker\0" });
        known.move_to(b"/");
        assert_eq!(known.names().v2, b"");
        let mut stranger = Known::default();
        stranger.move_to(b"/x");
        assert!(stranger.cgroup.is_none());
    }
}
