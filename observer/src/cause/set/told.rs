//! What each kind of change does to the set.

use bytes::Bytes;

use super::{Bystander, CausalSet, Certainty, Start, by_parent};
use crate::{
    cause::{Exec, Role, program, request::Asked},
    container::is_id,
    event::{Comm, Peer, Process, ProcessKey},
    follow::Wish,
    table::End,
};

impl CausalSet {
    pub(super) fn fork(&mut self, process: &Process, life: u32, creator: (ProcessKey, Comm)) {
        let (creator, comm) = creator;
        let is_the_command = self.command.key.is_none()
            && process.key.pid == self.command.pid
            && process.key.start_ns >= self.command.spawned_ns;
        if is_the_command {
            self.command.key = Some(process.key);
        }
        if self.members.contains_key(&process.key) {
            // Its exec was told first.
            self.update(process);
        } else if is_the_command || self.members.contains_key(&creator) {
            self.put(process, life, by_parent(creator));
        } else if let Some(because) = self.by_cgroup(process) {
            self.put(process, life, because);
        } else if self.bystanders.are_joined_by(process, creator, comm) {
            let (execs, process) = (Vec::new(), process.clone());
            self.bystanders.put(Bystander { process, life, creator, execs, end: None });
        }
    }

    /// One whose fork may have been missed, or that got into a cgroup meanwhile.
    pub(super) fn meet(&mut self, process: &Process, life: u32) {
        if self.members.contains_key(&process.key) {
            self.update(process);
            return;
        }
        let is_known = self.bystanders.get_mut(process.key).is_some();
        let parent = process.parent.filter(|key| !is_known && self.members.contains_key(key));
        if let Some(because) = parent.map(by_parent).or_else(|| self.by_cgroup(process)) {
            if is_known {
                self.adopt(process.key, because);
            } else {
                self.put(process, life, because);
            }
            self.update(process);
        } else if let Some(bystander) = self.bystanders.get_mut(process.key) {
            bystander.process = process.clone().or(&bystander.process);
        }
    }

    pub(super) fn update(&mut self, process: &Process) {
        if let Some(member) = self.members.get_mut(&process.key) {
            member.caused.process = process.clone().or(&member.caused.process);
            self.notice_container(process.key);
        }
    }

    pub(super) fn exec(&mut self, process: &Process, exec: Exec) {
        if self.members.contains_key(&process.key) {
            self.ran(process.key, exec);
            return;
        }
        let Some(bystander) = self.bystanders.get_mut(process.key) else { return };
        bystander.execs.push(exec.clone());
        if let Some(id) = program::started_by(&exec) {
            if let Some(client) = self.clients.who_named(&id) {
                self.link(&id, client, Certainty::Told);
            }
            self.note_stranger(id, exec.boot_ns);
        }
        if let Some(because) = self.by_name(process.key) {
            self.adopt(process.key, because);
        }
    }

    pub(super) fn end(&mut self, key: ProcessKey, end: End) {
        let Some(member) = self.members.get_mut(&key) else {
            if let Some(bystander) = self.bystanders.get_mut(key) {
                bystander.end = Some(bystander.end.map_or(end, |before| before.join(end)));
            }
            return;
        };
        let caused = &mut member.caused;
        self.running -= usize::from(caused.end.is_none());
        caused.end = Some(caused.end.map_or(end, |before| before.join(end)));
        let is_first = caused.role == Role::ContainerInit;
        let container = caused.process.container().filter(|_| is_first);
        if let Some(id) = container.map(|container| container.id.clone()) {
            self.is_over(&id, end.boot_ns);
        }
        if self.clients.end(key, end.boot_ns) {
            self.wishes.push_back(Wish::StopOverhearing(key));
        }
    }

    pub(super) fn heard(&mut self, client: ProcessKey, boot_ns: u64, peer: &Peer, bytes: &Bytes) {
        if !self.members.contains_key(&client) {
            return;
        }
        self.clients.hear(client, peer);
        let start = |id: String| Start {
            id,
            client,
            boot_ns,
            engine: peer.pid,
            ready_ns: None,
            over_ns: None,
        };
        match Asked::of(bytes) {
            Asked::Start(id) if is_id(&id) => {
                self.starts.push(start(id.clone()));
                self.link(&id, client, Certainty::Told);
            }
            Asked::Start(name) => {
                self.clients.has_started(client);
                self.starts.push(start(name.clone()));
                self.wishes.push_back(Wish::Resolve { name, socket: peer.path.clone() });
            }
            Asked::Exec(id) => {
                self.clients.has_started(client);
                self.awaited.insert(id, client);
                self.adopt_the_named();
            }
            Asked::Vaguely => self.clients.is_vague(client),
            Asked::Message => self.heard_message(client, bytes),
            Asked::Other => {}
        }
    }

    pub(super) fn heard_message(&mut self, client: ProcessKey, message: &Bytes) {
        self.clients.keep_message(client, message);
        let named = self.strangers.iter().map(|(id, _)| id.clone());
        let named: Vec<_> = named.filter(|id| self.clients.who_named(id) == Some(client)).collect();
        for id in named {
            self.link(&id, client, Certainty::Told);
        }
    }
}
