//! What is concluded where no fact decides: for want of another that it could be.

use super::{CausalSet, Certainty, Doubt};
use crate::event::ProcessKey;

/// A client asked to start a container.
#[derive(Clone, Debug)]
pub(super) struct Start {
    /// Of the container; its name until the id is known.
    pub(super) id: String,
    pub(super) client: ProcessKey,
    pub(super) boot_ns: u64,
    /// The engine that was asked.
    pub(super) engine: Option<u32>,
    /// When the container's first program began.
    pub(super) ready_ns: Option<u64>,
    /// When the container's first process ended.
    pub(super) over_ns: Option<u64>,
}

impl Start {
    /// Whether the engine was busy with it then.
    fn covers(&self, boot_ns: u64, now_ns: u64) -> bool {
        (self.boot_ns..=self.ready_ns.unwrap_or(now_ns)).contains(&boot_ns)
    }
}

impl CausalSet {
    /// A client that may have started something unheard started the one container that began
    /// meanwhile and is nobody's, if there is but one.
    pub(super) fn infer(&mut self, now_ns: u64) {
        for client in self.clients.unexplained() {
            let Some(known) = self.clients.get(client) else { continue };
            let during = known.began_ns..=known.ended_ns.unwrap_or(now_ns);
            let began = self.strangers.iter().filter(|(_, began_ns)| during.contains(began_ns));
            let mut containers: Vec<_> = began.map(|(id, _)| id.clone()).collect();
            if containers.len() > 1 {
                self.doubts.push(Doubt::SeveralCandidates { client, containers });
            } else if let Some(id) = containers.pop() {
                self.link(&id, client, Certainty::Inferred);
            }
        }
    }

    /// The first program of this container began.
    pub(super) fn is_ready(&mut self, id: &str, boot_ns: u64) {
        let starting = |start: &&mut Start| start.id == id && start.ready_ns.is_none();
        if let Some(start) = self.starts.iter_mut().find(starting) {
            start.ready_ns = Some(boot_ns);
        }
    }

    /// The first process of this container ended.
    pub(super) fn is_over(&mut self, id: &str, boot_ns: u64) {
        let running = |start: &&mut Start| start.id == id && start.over_ns.is_none();
        if let Some(start) = self.starts.iter_mut().find(running) {
            start.over_ns = Some(boot_ns);
        }
    }

    pub(super) fn rename_start(&mut self, name: &str, id: &str) {
        for start in self.starts.iter_mut().filter(|start| start.id == name) {
            id.clone_into(&mut start.id);
        }
    }

    /// What an engine ran while it started a container of the set may have been for that one, or
    /// for whatever else it does: `runc --version` for somebody's `docker info`.
    pub(super) fn count_nameless_helpers(&mut self, now_ns: u64) {
        let mut count = 0;
        let mut containers = Vec::new();
        for helper in self.bystanders.all() {
            let (engine, began_ns) = (helper.creator.pid, helper.process.key.start_ns);
            let asked = self.starts.iter().filter(|start| start.engine == Some(engine));
            let busy = asked.filter(|start| start.covers(began_ns, now_ns));
            let before = containers.len();
            containers.extend(busy.map(|start| start.id.clone()));
            count += usize::from(containers.len() > before);
        }
        if count > 0 {
            containers.sort_unstable();
            containers.dedup();
            self.doubts.push(Doubt::NamelessHelpers { count, containers });
        }
    }
}
