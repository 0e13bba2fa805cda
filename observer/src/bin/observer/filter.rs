//! Which events to print: by what they say of their process. Containers have names as well, and a
//! filter of their own.

use observer::event::{Process, What};

/// Lists of which each that is not empty must hold the process's value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) pids: Vec<u32>,
    pub(crate) parents: Vec<u32>,
    /// Effective users.
    pub(crate) uids: Vec<u32>,
    pub(crate) comms: Vec<Vec<u8>>,
}

impl Filter {
    /// Of a process that the kernel has let go of only the pid is known: it matches no other list.
    pub(crate) fn matches(&self, what: &What) -> bool {
        let pid = what.key().is_some_and(|key| any(&self.pids, |pid| *pid == key.pid));
        pid && match what.process() {
            Some(process) => self.matches_process(process),
            None => self.has_only_pids(),
        }
    }

    fn has_only_pids(&self) -> bool {
        let Self { pids: _, parents, uids, comms } = self;
        parents.is_empty() && uids.is_empty() && comms.is_empty()
    }

    fn matches_process(&self, process: &Process) -> bool {
        let parent = process.parent.map_or(0, |parent| parent.pid);
        let user = process.credentials.map(|ids| ids.effective_uid);
        any(&self.parents, |pid| *pid == parent)
            && any(&self.uids, |uid| Some(*uid) == user)
            && any(&self.comms, |comm| comm == process.comm.as_bytes())
    }
}

fn any<T>(wanted: &[T], matches: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(matches)
}
