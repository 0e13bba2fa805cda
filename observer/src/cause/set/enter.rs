//! How processes get into the set, and what they are there.

use super::{Bystander, CausalSet, Member, by_parent};
use crate::{
    cause::{
        Because, Cause, Caused, CausedContainer, Exec, Fact, Role,
        program::{self, Program, Stage},
        role::Place,
    },
    container::is_id,
    event::{Process, ProcessKey},
    follow::Wish,
};

impl CausalSet {
    /// A bystander with all that descends from it.
    pub(super) fn adopt(&mut self, key: ProcessKey, because: Because) {
        let mut waiting = vec![(key, because)];
        while let Some((key, because)) = waiting.pop() {
            let children = self.bystanders.children(key);
            let Some(bystander) = self.bystanders.take(key) else { continue };
            self.put(&bystander.process, bystander.life, because);
            for exec in bystander.execs {
                self.ran(key, exec);
            }
            if let Some(end) = bystander.end {
                self.end(key, end);
            }
            waiting.extend(children.into_iter().rev().map(|child| (child, by_parent(key))));
        }
    }

    pub(super) fn put(&mut self, process: &Process, life: u32, because: Because) {
        let creator = match &because.of {
            Cause::Process(key) => self.members.get(key),
            Cause::Container(_) => None,
        };
        let role = match (because.fact, creator) {
            (Fact::Parent, Some(creator)) => creator.caused.role.of_a_child(),
            (Fact::Parent, None) => Role::Command,
            (Fact::Socket | Fact::Argv, _) => Role::Engine,
            (Fact::Cgroup, _) if process.vpid == Some(1) => Role::ContainerInit,
            (Fact::Cgroup, _) => Role::ContainerProcess,
        };
        let by_parent = creator.filter(|_| because.fact == Fact::Parent);
        let stage = by_parent.and_then(|creator| creator.stage);
        let outside = by_parent.map_or(0, |creator| creator.outside);
        let (process, execs) = (process.clone(), Vec::new());
        let key = process.key;
        let caused = Caused { process, life, role, because, execs, end: None };
        self.members.insert(key, Member { caused, stage, outside });
        self.order.push(key);
        self.running += 1;
        self.notice_container(key);
    }

    /// A process of the set started another program.
    pub(super) fn ran(&mut self, key: ProcessKey, exec: Exec) {
        if self.is_for_a_stranger(key, &exec) {
            self.expel(key, exec);
            return;
        }
        let program = Program::of(&exec);
        let place = self.place(key);
        let Some(member) = self.members.get_mut(&key) else { return };
        if let Program::Runtime(stage) = program {
            // A later stage of the same run does not say again what it is about.
            member.stage = stage.or(member.stage);
            if stage.is_some() {
                let [_, mnt, ..] = member.caused.process.namespaces;
                member.outside = mnt;
            }
        }
        let before = member.caused.role;
        member.caused.role = before.running(program, member.stage, place);
        let boot_ns = exec.boot_ns;
        member.caused.execs.push(exec);
        let is_ready = member.caused.role == Role::ContainerInit && before != Role::ContainerInit;
        if let Some(container) = member.caused.process.container().filter(|_| is_ready) {
            let id = container.id.clone();
            self.is_ready(&id, boot_ns);
        }
        if let Program::Client(errand) = program
            && self.clients.begin(key, boot_ns, errand)
        {
            self.wishes.push_back(Wish::Overhear(key));
        }
        self.notice_container(key);
    }

    /// A shim may serve several containers: those of a pod. What it does for one that is not in the
    /// set is not in the set either.
    pub(super) fn is_for_a_stranger(&self, key: ProcessKey, exec: &Exec) -> bool {
        let Some(caused) = self.process(key) else { return false };
        let by_a_shim = caused.role == Role::Shim && caused.because.fact == Fact::Parent;
        let is_a_runtime = matches!(Program::of(exec), Program::Runtime(_));
        let of = program::of_runtime(exec).filter(|id| is_id(id));
        let is_strange = |id: &str| self.container(id).is_none() && !self.is_named_above(key, id);
        by_a_shim && is_a_runtime && of.is_some_and(is_strange)
    }

    /// Whether one of the shims that it descends from is there for this container.
    pub(super) fn is_named_above(&self, key: ProcessKey, id: &str) -> bool {
        let mut next = self.process(key);
        while let Some(caused) = next.filter(|caused| caused.role == Role::Shim) {
            if caused.execs.iter().any(|exec| program::names(exec, id)) {
                return true;
            }
            next = match caused.because.of {
                Cause::Process(creator) => self.process(creator),
                Cause::Container(_) => None,
            };
        }
        false
    }

    pub(super) fn expel(&mut self, key: ProcessKey, exec: Exec) {
        let Some(Member { caused, .. }) = self.members.remove(&key) else { return };
        self.order.retain(|kept| *kept != key);
        self.running -= usize::from(caused.end.is_none());
        let Caused { process, life, because, mut execs, end, .. } = caused;
        execs.push(exec);
        if let Cause::Process(creator) = because.of {
            self.bystanders.put(Bystander { process, life, creator, execs, end });
        }
    }

    /// Whether it is in a container, as seen from the command.
    pub(super) fn place(&self, key: ProcessKey) -> Place {
        let Some(member) = self.members.get(&key) else { return Place::Outside };
        let process = &member.caused.process;
        let own = self.command().and_then(|command| command.process.container());
        let [_, mnt, ..] = process.namespaces;
        let is_elsewhere = member.outside != 0 && mnt != 0 && mnt != member.outside;
        let is_contained = process.container().is_some() && process.container() != own;
        if is_elsewhere || is_contained { Place::Inside } else { Place::Outside }
    }

    /// A process of the set runs in a container that no request named: one that a client started by
    /// itself, one in a container, or one that was there before.
    pub(super) fn notice_container(&mut self, key: ProcessKey) {
        let Some(member) = self.members.get(&key) else { return };
        let Some(container) = member.caused.process.container() else { return };
        let runtime = container.runtime.name();
        if let Some(known) = self.containers.iter_mut().find(|known| known.id == container.id) {
            known.runtime.get_or_insert(runtime);
            return;
        }
        if self.place(key) == Place::Outside {
            return;
        }
        let id = container.id.clone();
        let started = member.stage != Some(Stage::Exec);
        let client = self.client_above(key);
        let new = CausedContainer::new(id.clone(), client);
        self.containers.push(CausedContainer { runtime: Some(runtime), started, ..new });
        if let Some(client) = client {
            self.wish_for(&id, client);
        }
    }

    pub(super) fn client_above(&self, key: ProcessKey) -> Option<ProcessKey> {
        let mut next = Some(key);
        // No cause is later than what it caused, so that this ends.
        while let Some(caused) = next.and_then(|key| self.process(key)) {
            if caused.role == Role::Client {
                return next;
            }
            next = match caused.because.of {
                Cause::Process(key) if Some(key) != next => Some(key),
                _ => None,
            };
        }
        None
    }

    pub(super) fn note_stranger(&mut self, id: String, boot_ns: u64) {
        let is_known = self.container(&id).is_some()
            || self.strangers.iter().any(|(stranger, _)| *stranger == id);
        if !is_known {
            self.strangers.push((id, boot_ns));
        }
    }
}
