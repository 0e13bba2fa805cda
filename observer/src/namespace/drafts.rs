//! What has been found of each namespace, before the kernel is asked about it. By inode number: no
//! two namespaces have the same at one time, of whatever kind.

use hashbrown::HashMap;
use nix::errno::Errno;

use super::{Holder, NamespaceKind, handle::Handle, holder::open_of};
use crate::{field::Row, source::proc::Directory};

/// So many processes are tried, if the first ones have just ended.
const TRIES: usize = 8;

#[derive(Debug, Default)]
pub(super) struct Drafts {
    by_inode: HashMap<u64, Draft>,
}

/// What is known of one so far.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: NamespaceKind,
    pub(super) members: Vec<u32>,
    pub(super) zombies: usize,
    pub(super) kernel_threads: usize,
    pub(super) holders: Vec<Holder>,
    /// As many as a member sees, of a mount namespace.
    pub(super) mounts: Option<u64>,
    /// Where it was opened already.
    pub(super) handle: Option<Handle>,
}

/// What came of opening one.
#[derive(Debug)]
pub(super) enum Opened {
    /// Here it is.
    Yes(Handle),
    /// Something has it that may not be looked into.
    Refused,
    /// All who had it have ended or left since they were looked at.
    Gone,
}

impl Drafts {
    /// What rows by ascending pid tell.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut drafts = Self::default();
        for row in rows {
            for (kind, inode) in NamespaceKind::ALL.into_iter().zip(row.namespaces) {
                if let Some(inode) = inode {
                    drafts.get(kind, inode.into()).add(row);
                }
            }
            drafts.add_for_children(row);
        }
        drafts
    }

    fn add_for_children(&mut self, row: &Row) {
        let kinds = [NamespaceKind::Pid, NamespaceKind::Time];
        for (kind, inode) in kinds.into_iter().zip(row.for_children) {
            let own = row.namespaces.get(kind.index()).copied().flatten();
            if let Some(inode) = inode.filter(|_| inode != own) {
                self.hold(kind, inode.into(), Holder::Children { pid: row.pid });
            }
        }
    }

    /// The one with this number, which may be new.
    pub(super) fn get(&mut self, kind: NamespaceKind, inode: u64) -> &mut Draft {
        self.by_inode.entry(inode).or_insert_with(|| Draft::new(kind))
    }

    /// Something keeps it alive.
    pub(super) fn hold(&mut self, kind: NamespaceKind, inode: u64, holder: Holder) {
        self.get(kind, inode).holders.push(holder);
    }

    pub(super) fn contains(&self, inode: u64) -> bool {
        self.by_inode.contains_key(&inode)
    }

    /// One that was opened: it is asked through that.
    pub(super) fn opened(&mut self, handle: Handle) -> &mut Draft {
        let draft = self.get(handle.id.kind, handle.id.inode);
        draft.handle.get_or_insert(handle);
        draft
    }

    pub(super) fn remove(&mut self, inode: u64) -> Option<Draft> {
        self.by_inode.remove(&inode)
    }

    /// In no order.
    pub(super) fn inodes(&self) -> Vec<u64> {
        self.by_inode.keys().copied().collect()
    }

    /// Members of each mount namespace.
    pub(super) fn mount_namespaces(&self) -> Vec<(u64, Vec<u32>)> {
        let all = self.by_inode.iter().filter(|(_, draft)| draft.kind == NamespaceKind::Mount);
        all.map(|(inode, draft)| (*inode, draft.some_members().to_vec())).collect()
    }
}

impl Draft {
    fn new(kind: NamespaceKind) -> Self {
        Self {
            kind,
            members: Vec::new(),
            zombies: 0,
            kernel_threads: 0,
            holders: Vec::new(),
            mounts: None,
            handle: None,
        }
    }

    fn add(&mut self, row: &Row) {
        self.members.push(row.pid);
        self.zombies += usize::from(row.is_zombie());
        self.kernel_threads += usize::from(row.is_kernel_thread());
    }

    pub(super) fn some_members(&self) -> &[u32] {
        self.members.get(..TRIES.min(self.members.len())).unwrap_or_default()
    }

    /// Opens it, by whatever way there is.
    pub(super) fn open(&mut self, proc: &Directory, inode: u64) -> Opened {
        if let Some(handle) = self.handle.take() {
            return Opened::Yes(handle);
        }
        let kind = self.kind;
        let by_members = self.members.iter().map(|pid| open_of(proc, *pid, kind));
        let by_holders = self.holders.iter().map(|holder| holder.open(proc, kind));
        let mut opened = Opened::Gone;
        for attempt in by_members.chain(by_holders) {
            match attempt {
                Ok(handle) if (handle.id.kind, handle.id.inode) == (kind, inode) => {
                    return Opened::Yes(handle);
                }
                // It was left for another one, or with the life.
                Ok(_) | Err(Errno::ENOENT | Errno::ESRCH) => {}
                Err(_) => opened = Opened::Refused,
            }
        }
        opened
    }
}
