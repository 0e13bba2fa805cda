//! Which facts join a process to the set, and a container to a client.

use super::{Bystander, CausalSet, Certainty};
use crate::{
    cause::{Because, Cause, CausedContainer, Fact},
    container,
    event::{Process, ProcessKey},
    follow::Wish,
};

/// An engine takes back a container's address this soon after its first process has ended.
const GIVEN_BACK_NS: u64 = 1_000_000_000;

impl CausalSet {
    /// By the innermost container of the set around it.
    pub(super) fn by_cgroup(&self, process: &Process) -> Option<Because> {
        // Most processes of a machine are in none.
        let innermost = process.container().filter(|_| !self.containers.is_empty())?;
        let cgroup = process.cgroup.as_deref()?;
        let known = |id: &str| self.container(id).filter(|container| container.started);
        let container = known(&innermost.id).or_else(|| {
            let paths = std::iter::once(&cgroup.v2).chain(&cgroup.v1);
            let mut around = paths.flat_map(|path| container::around_path(path));
            around.find_map(|around| known(&around.id))
        })?;
        let of = Cause::Container(container.id.clone());
        Some(Because { fact: Fact::Cgroup, of, inferred: container.inferred })
    }

    /// By what a bystander's arguments name. Only what runs as the engine does is believed.
    pub(super) fn by_name(&self, key: ProcessKey) -> Option<Because> {
        let bystander = self.bystanders.get(key)?;
        let awaited = self.awaited.iter().find(|(id, _)| bystander.names(id));
        if let Some((_, client)) = awaited.filter(|(_, client)| self.runs_as(bystander, **client)) {
            let of = Cause::Process(*client);
            return Some(Because { fact: Fact::Socket, of, inferred: false });
        }
        let is_named = |container: &&CausedContainer| {
            let client = container.client;
            container.started
                && client.is_none_or(|client| self.runs_as(bystander, client))
                && (bystander.names(&container.id) || self.is_marked(container, bystander))
        };
        let container = self.containers.iter().find(is_named)?;
        let of = Cause::Container(container.id.clone());
        Some(Because { fact: Fact::Argv, of, inferred: container.inferred })
    }

    /// Whether it has the user of the engine that this client speaks to, as far as both are known.
    fn runs_as(&self, bystander: &Bystander, client: ProcessKey) -> bool {
        let peer = self.clients.get(client).and_then(|client| client.peer.as_ref());
        let engine = peer.and_then(|peer| peer.uid);
        engine.is_none() || bystander.uid().is_none() || engine == bystander.uid()
    }

    /// Whether it names an address of this container's, or the like, while that is its own: another
    /// one gets it afterwards.
    fn is_marked(&self, container: &CausedContainer, bystander: &Bystander) -> bool {
        let began_ns = bystander.process.key.start_ns;
        let start = self.starts.iter().find(|start| start.id == container.id);
        let is_its_own = start.is_none_or(|start| {
            let over_ns = start.over_ns.map(|over_ns| over_ns.saturating_add(GIVEN_BACK_NS));
            (start.boot_ns..=over_ns.unwrap_or(u64::MAX)).contains(&began_ns)
        });
        is_its_own && container.marks.iter().any(|mark| bystander.names(mark))
    }

    /// A client of the set had this container started.
    pub(super) fn link(&mut self, id: &str, client: ProcessKey, certainty: Certainty) {
        let inferred = certainty == Certainty::Inferred;
        self.clients.has_started(client);
        if let Some(known) = self.containers.iter_mut().find(|container| container.id == id) {
            known.started = true;
        } else {
            let new = CausedContainer::new(id.to_owned(), Some(client));
            self.containers.push(CausedContainer { inferred, started: true, ..new });
            self.wish_for(id, client);
        }
        self.strangers.retain(|(stranger, _)| stranger != id);
        self.adopt_the_named();
    }

    pub(super) fn wish_for(&mut self, id: &str, client: ProcessKey) {
        let peer = self.clients.get(client).and_then(|client| client.peer.as_ref());
        let socket = peer.map(|peer| peer.path.clone()).unwrap_or_default();
        self.wishes.push_back(Wish::Describe { id: id.to_owned(), socket });
    }

    /// All bystanders that something joins to the set by now.
    pub(super) fn adopt_the_named(&mut self) {
        let keys: Vec<_> = self.bystanders.all().map(|bystander| bystander.process.key).collect();
        for key in keys {
            let process = self.bystanders.get(key).map(|bystander| bystander.process.clone());
            let because = self.by_name(key).or_else(|| self.by_cgroup(&process?));
            if let Some(because) = because {
                self.adopt(key, because);
            }
        }
    }
}
