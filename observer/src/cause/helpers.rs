//! What an engine ran for a container without naming it: the network is made before there is one.

use super::{Because, Cause, Doubt, Fact, set::CausalSet};
use crate::event::ProcessKey;

/// A helper may run this long before the shim of its container is started.
const AHEAD_NS: u64 = 2_000_000_000;

/// A client asked to start a container.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Of the container; its name until the id is known.
    pub(super) id: String,
    pub(super) client: ProcessKey,
    pub(super) boot_ns: u64,
    /// Who was asked.
    pub(super) engine: Option<u32>,
    /// When the container's first program began.
    pub(super) ready_ns: Option<u64>,
}

impl Start {
    /// Whether the engine was busy with it then.
    fn covers(&self, boot_ns: u64, now_ns: u64) -> bool {
        (self.boot_ns..=self.ready_ns.unwrap_or(now_ns)).contains(&boot_ns)
    }
}

impl CausalSet {
    /// The first program of this container began.
    pub(super) fn is_ready(&mut self, id: &str, boot_ns: u64) {
        let starting = |start: &&mut Start| start.id == id && start.ready_ns.is_none();
        if let Some(start) = self.starts.iter_mut().find(starting) {
            start.ready_ns = Some(boot_ns);
        }
    }

    pub(super) fn rename_start(&mut self, name: &str, id: &str) {
        for start in self.starts.iter_mut().filter(|start| start.id == name) {
            id.clone_into(&mut start.id);
        }
    }

    /// What an engine itself ran while it started a single container was for that one.
    pub(super) fn infer_helpers(&mut self, now_ns: u64) {
        let mut shared = 0;
        let mut containers = Vec::new();
        for (key, began_ns, engine) in self.nameless_helpers() {
            let asked = self.starts.iter().filter(|start| start.engine == Some(engine));
            let busy: Vec<_> = asked.filter(|start| start.covers(began_ns, now_ns)).collect();
            let others = self.strangers_at(began_ns);
            match busy.as_slice() {
                [] => {}
                [start] if others.is_empty() => {
                    let of = Cause::Container(start.id.clone());
                    self.adopt(key, Because { fact: Fact::Socket, of, inferred: true });
                }
                several => {
                    shared += 1;
                    containers.extend(several.iter().map(|start| start.id.clone()));
                    containers.extend(others);
                }
            }
        }
        if shared > 0 {
            containers.sort_unstable();
            containers.dedup();
            self.doubt(Doubt::SharedHelpers { count: shared, containers });
        }
    }

    /// Children of those who were asked: which, since when, of whom.
    fn nameless_helpers(&self) -> Vec<(ProcessKey, u64, u32)> {
        let is_asked = |pid: u32| self.starts.iter().any(|start| start.engine == Some(pid));
        let helpers = self.bystanders.all().filter(|bystander| is_asked(bystander.creator.pid));
        helpers.map(|b| (b.process.key, b.process.key.start_ns, b.creator.pid)).collect()
    }

    /// Containers that are nobody's and may have been in the making then.
    fn strangers_at(&self, boot_ns: u64) -> Vec<String> {
        let near = |began_ns: u64| boot_ns.abs_diff(began_ns) < AHEAD_NS;
        let strangers = self.strangers().iter().filter(|(_, began_ns)| near(*began_ns));
        strangers.map(|(id, _)| id.clone()).collect()
    }
}
