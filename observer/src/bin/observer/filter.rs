//! Which events to print: by what they say of their process.

use observer::event::Process;

/// Lists of which each that is not empty must hold the process's value.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) pids: Vec<u32>,
    pub(crate) parents: Vec<u32>,
    /// Effective users.
    pub(crate) uids: Vec<u32>,
    pub(crate) comms: Vec<Vec<u8>>,
    /// Beginnings of ids.
    pub(crate) containers: Vec<String>,
}

impl Filter {
    pub(crate) fn matches(&self, process: &Process) -> bool {
        let parent = process.parent.map_or(0, |parent| parent.pid);
        let container = process
            .cgroup
            .container
            .as_ref()
            .map(|container| &container.id);
        any(&self.pids, |pid| *pid == process.key.pid)
            && any(&self.parents, |pid| *pid == parent)
            && any(&self.uids, |uid| *uid == process.credentials.effective_uid)
            && any(&self.comms, |comm| comm == process.comm.as_bytes())
            && any(&self.containers, |wanted| {
                container.is_some_and(|id| id.starts_with(wanted.as_str()))
            })
    }
}

fn any<T>(wanted: &[T], matches: impl FnMut(&T) -> bool) -> bool {
    wanted.is_empty() || wanted.iter().any(matches)
}
