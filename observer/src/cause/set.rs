//! The set as it grows: each change of the table against what is in it.

use std::collections::VecDeque;

use bytes::Bytes;
use hashbrown::HashMap;

use super::{
    Because, Cause, Caused, CausedContainer, Exec, Fact, Role,
    bystanders::{Bystander, Bystanders},
    clients::Clients,
    helpers::Start,
    program::{self, Program, Stage},
    request::Asked,
    role::Place,
};
use crate::{
    container::{self, is_id},
    event::{Comm, Peer, Process, ProcessKey, What},
    table::{Change, End},
};

/// What a command caused, so far.
#[derive(Debug)]
pub struct CausalSet {
    command: Command,
    members: HashMap<ProcessKey, Member>,
    /// Their keys, in the order in which they were attributed.
    order: Vec<ProcessKey>,
    running: usize,
    containers: Vec<CausedContainer>,
    /// What was made ready in a container under this id, and who asked to start it.
    awaited: HashMap<String, ProcessKey>,
    /// Containers that are not in the set, and when an engine began to start them.
    strangers: Vec<(String, u64)>,
    pub(super) starts: Vec<Start>,
    pub(super) clients: Clients,
    pub(super) bystanders: Bystanders,
    doubts: Vec<Doubt>,
    wishes: VecDeque<Wish>,
}

/// The command, whose fork is yet to be told.
#[derive(Debug)]
struct Command {
    pid: u32,
    spawned_ns: u64,
    key: Option<ProcessKey>,
}

/// A process of the set, with what its children need to know.
#[derive(Debug)]
struct Member {
    caused: Caused,
    /// What the runtime that it descends from is about.
    stage: Option<Stage>,
    /// The mount namespace of that runtime; 0 for none.
    outside: u32,
}

/// What only others can find out. A set does without where nobody fulfils it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// To be told what this client writes to its engine, as [`What::Request`]; see
    /// [`Source::overhear`](crate::source::Source::overhear).
    Overhear(ProcessKey),
    /// That client has ended.
    StopOverhearing(ProcessKey),
    /// To hear what an engine knows of the container with this id: [`CausalSet::describe`].
    Describe {
        /// Of the container.
        id: String,
        /// Where a client of the set spoke to the engine; empty if that is not known.
        socket: Bytes,
    },
    /// To hear which container is called this: [`CausalSet::resolve`].
    Resolve {
        /// A name, or the beginning of an id.
        name: String,
        /// Where a client of the set spoke to the engine.
        socket: Bytes,
    },
}

/// What could not be decided by facts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Doubt {
    /// These containers began while this client ran, and nothing says which of them it started:
    /// none is in the set.
    SeveralCandidates {
        /// The client.
        client: ProcessKey,
        /// Ids of the containers.
        containers: Vec<String>,
    },
    /// An engine ran helpers while it started several containers at once, and nothing says for which
    /// of them: they are not in the set.
    SharedHelpers {
        /// How many.
        count: usize,
        /// Ids of the containers.
        containers: Vec<String>,
    },
    /// So many processes of engines began that some could not be kept: if a request was told much
    /// later than what it caused, that may be missing.
    Forgotten {
        /// How many.
        count: u64,
    },
}

impl CausalSet {
    /// Of the process that was just spawned with this pid, and not before this time (in nanoseconds
    /// since boot): the changes that the set is fed with must begin before its fork.
    pub fn of_command(pid: u32, spawned_ns: u64) -> Self {
        Self {
            command: Command { pid, spawned_ns, key: None },
            members: HashMap::new(),
            order: Vec::new(),
            running: 0,
            containers: Vec::new(),
            awaited: HashMap::new(),
            strangers: Vec::new(),
            starts: Vec::new(),
            clients: Clients::default(),
            bystanders: Bystanders::default(),
            doubts: Vec::new(),
            wishes: VecDeque::new(),
        }
    }

    /// Takes in what happened next.
    pub fn apply(&mut self, change: &Change) {
        let Change { event, entry, .. } = change;
        let life = entry.as_ref().map_or(1, |entry| entry.life);
        match &event.what {
            What::Fork { process, creator, .. } => {
                self.fork(process, life, (creator.key, creator.comm));
            }
            What::Exec { process, filename, args } => {
                let (filename, args) = (filename.clone(), args.clone());
                self.meet(process, life);
                self.exec(process, Exec { boot_ns: event.boot_ns, filename, args });
            }
            What::Cgroup { process, .. } | What::Found { process } => self.meet(process, life),
            What::Exit { process, status, usage, .. } => {
                self.update(process);
                let (status, usage) = (*status, *usage);
                let end = End { boot_ns: event.boot_ns, status, usage, reaper: None };
                self.end(process.key, end);
            }
            What::Free { key, status, usage } => {
                let (status, usage) = (*status, *usage);
                let end = End { boot_ns: event.boot_ns, status, usage, reaper: None };
                self.end(*key, end);
            }
            What::Gone { key } => {
                let boot_ns = event.boot_ns;
                self.end(*key, End { boot_ns, status: None, usage: None, reaper: None });
            }
            What::Request { process, peer, bytes, .. } => {
                self.heard(process.key, event.boot_ns, peer, bytes);
            }
            What::Lost { .. } => self.clients.lost(),
            what => {
                if let Some(process) = what.process() {
                    self.update(process);
                }
            }
        }
    }

    /// Decides what can only be decided when nothing more comes: which container an unheard client
    /// started, if there is but one that it could be, and for whom an engine ran what names no
    /// container. More may be applied afterwards, and this called again.
    pub fn conclude(&mut self, now_ns: u64) {
        self.doubts.clear();
        self.infer(now_ns);
        self.infer_helpers(now_ns);
        let count = self.bystanders.forgotten();
        if count > 0 {
            self.doubts.push(Doubt::Forgotten { count });
        }
    }

    /// Attributed processes, in the order in which they were.
    pub fn processes(&self) -> impl Iterator<Item = &Caused> {
        self.order.iter().filter_map(|key| self.process(*key))
    }

    /// The process with this identity, if it belongs to the set.
    pub fn process(&self, key: ProcessKey) -> Option<&Caused> {
        self.members.get(&key).map(|member| &member.caused)
    }

    /// The command itself, once its fork has been told.
    pub fn command(&self) -> Option<&Caused> {
        self.process(self.command.key?)
    }

    /// Processes of the set that still run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// The containers that processes of the set run in, and those that clients of the set asked for.
    pub fn containers(&self) -> impl Iterator<Item = &CausedContainer> {
        self.containers.iter()
    }

    /// The container with this id, if it belongs to the set.
    pub fn container(&self, id: &str) -> Option<&CausedContainer> {
        self.containers.iter().find(|container| container.id == id)
    }

    /// What [`CausalSet::conclude`] could not decide.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// The next thing that only others can find out. Each is told once.
    pub fn next_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    /// What this client writes cannot be told, or what it wrote so far was not.
    pub fn cannot_overhear(&mut self, client: ProcessKey) {
        self.clients.is_unheard(client);
    }

    /// What an engine knows of a container: its name, the image, and its addresses, by which the
    /// engine's network helpers name it.
    pub fn describe(&mut self, id: &str, name: String, image: String, addresses: Vec<String>) {
        let names = |bystander: &&Bystander| addresses.iter().any(|mark| bystander.names(mark));
        let named = self.bystanders.all().filter(names);
        let named: Vec<_> = named.map(|bystander| bystander.process.key).collect();
        let container = self.containers.iter_mut().find(|container| container.id == id);
        let Some(container) = container else { return };
        (container.name, container.image) = (Some(name), Some(image));
        container.addresses = addresses;
        let inferred = container.inferred;
        for key in named {
            let of = Cause::Container(id.to_owned());
            self.adopt(key, Because { fact: Fact::Argv, of, inferred });
        }
    }

    /// That the container with this id is called this, which a client asked to start.
    pub fn resolve(&mut self, name: &str, id: &str) {
        let asked = self.starts.iter().find(|start| start.id == name).map(|start| start.client);
        if let Some(client) = asked {
            self.rename_start(name, id);
            self.link(id, client, Certainty::Told);
        }
    }
}

/// Whether what joins a container to its client was told or concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Certainty {
    Told,
    Inferred,
}

/// What each kind of change does.
impl CausalSet {
    fn fork(&mut self, process: &Process, life: u32, creator: (ProcessKey, Comm)) {
        let (creator, comm) = creator;
        let is_the_command = self.command.key.is_none()
            && process.key.pid == self.command.pid
            && process.key.start_ns >= self.command.spawned_ns;
        if is_the_command {
            self.command.key = Some(process.key);
        }
        if is_the_command || self.members.contains_key(&creator) {
            self.put(process, life, by_parent(creator));
        } else if let Some(because) = self.by_cgroup(process) {
            self.put(process, life, because);
        } else if self.bystanders.are_joined_by(process, creator, comm) {
            let (execs, process) = (Vec::new(), process.clone());
            self.bystanders.put(Bystander { process, life, creator, execs, end: None });
        }
    }

    /// One whose fork may have been missed, or that got into a cgroup meanwhile.
    fn meet(&mut self, process: &Process, life: u32) {
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

    fn update(&mut self, process: &Process) {
        if let Some(member) = self.members.get_mut(&process.key) {
            member.caused.process = process.clone().or(&member.caused.process);
            self.notice_container(process.key);
        }
    }

    fn exec(&mut self, process: &Process, exec: Exec) {
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

    fn end(&mut self, key: ProcessKey, end: End) {
        let Some(member) = self.members.get_mut(&key) else {
            if let Some(bystander) = self.bystanders.get_mut(key) {
                bystander.end = Some(bystander.end.map_or(end, |before| before.join(end)));
            }
            return;
        };
        let caused = &mut member.caused;
        self.running -= usize::from(caused.end.is_none());
        caused.end = Some(caused.end.map_or(end, |before| before.join(end)));
        if self.clients.end(key, end.boot_ns) {
            self.wishes.push_back(Wish::StopOverhearing(key));
        }
    }

    fn heard(&mut self, client: ProcessKey, boot_ns: u64, peer: &Peer, bytes: &Bytes) {
        if !self.members.contains_key(&client) {
            return;
        }
        self.clients.hear(client, peer);
        let start = |id: String| Start { id, client, boot_ns, engine: peer.pid, ready_ns: None };
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

    fn heard_message(&mut self, client: ProcessKey, message: &Bytes) {
        self.clients.keep_message(client, message);
        let named = self.strangers.iter().map(|(id, _)| id.clone());
        let named: Vec<_> = named.filter(|id| self.clients.who_named(id) == Some(client)).collect();
        for id in named {
            self.link(&id, client, Certainty::Told);
        }
    }
}

/// Which facts join a process to the set.
impl CausalSet {
    /// By the innermost container of the set around it.
    fn by_cgroup(&self, process: &Process) -> Option<Because> {
        if self.containers.is_empty() {
            return None;
        }
        let cgroup = process.cgroup.as_deref()?;
        let around = container::around_path(&cgroup.v2)
            .chain(cgroup.v1.iter().flat_map(|path| container::around_path(path)));
        let mut ours = around.filter_map(|around| self.container(&around.id));
        let container = ours.find(|container| container.started)?;
        let of = Cause::Container(container.id.clone());
        Some(Because { fact: Fact::Cgroup, of, inferred: container.inferred })
    }

    /// By what a bystander's arguments name. Only what runs as the engine does is believed.
    fn by_name(&self, key: ProcessKey) -> Option<Because> {
        let bystander = self.bystanders.get(key)?;
        let is_believed = |client: Option<ProcessKey>| {
            let peer = client.and_then(|key| self.clients.get(key)?.peer.as_ref()?.uid);
            peer.is_none() || bystander.uid().is_none() || peer == bystander.uid()
        };
        let awaited = self.awaited.iter().find(|(id, _)| bystander.names(id));
        if let Some((_, client)) = awaited.filter(|(_, client)| is_believed(Some(**client))) {
            let of = Cause::Process(*client);
            return Some(Because { fact: Fact::Socket, of, inferred: false });
        }
        let names = |container: &&CausedContainer| {
            container.started
                && is_believed(container.client)
                && (bystander.names(&container.id)
                    || container.addresses.iter().any(|mark| bystander.names(mark)))
        };
        let container = self.containers.iter().find(names)?;
        let of = Cause::Container(container.id.clone());
        Some(Because { fact: Fact::Argv, of, inferred: container.inferred })
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

    fn wish_for(&mut self, id: &str, client: ProcessKey) {
        let peer = self.clients.get(client).and_then(|client| client.peer.as_ref());
        let socket = peer.map(|peer| peer.path.clone()).unwrap_or_default();
        self.wishes.push_back(Wish::Describe { id: id.to_owned(), socket });
    }

    /// All bystanders that something joins to the set by now.
    fn adopt_the_named(&mut self) {
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

/// How processes get into the set.
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

    fn put(&mut self, process: &Process, life: u32, because: Because) {
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
    fn ran(&mut self, key: ProcessKey, exec: Exec) {
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
    fn is_for_a_stranger(&self, key: ProcessKey, exec: &Exec) -> bool {
        let Some(caused) = self.process(key) else { return false };
        let by_a_shim = caused.role == Role::Shim && caused.because.fact == Fact::Parent;
        let is_a_runtime = matches!(Program::of(exec), Program::Runtime(_));
        let of = program::of_runtime(exec).filter(|id| is_id(id));
        let is_strange = |id: &str| self.container(id).is_none() && !self.is_named_above(key, id);
        by_a_shim && is_a_runtime && of.is_some_and(is_strange)
    }

    /// Whether one of the shims that it descends from is there for this container.
    fn is_named_above(&self, key: ProcessKey, id: &str) -> bool {
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

    fn expel(&mut self, key: ProcessKey, exec: Exec) {
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
    fn place(&self, key: ProcessKey) -> Place {
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
    fn notice_container(&mut self, key: ProcessKey) {
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

    fn client_above(&self, key: ProcessKey) -> Option<ProcessKey> {
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

    fn note_stranger(&mut self, id: String, boot_ns: u64) {
        let is_known = self.container(&id).is_some()
            || self.strangers.iter().any(|(stranger, _)| *stranger == id);
        if !is_known {
            self.strangers.push((id, boot_ns));
        }
    }
}

/// What is concluded where no fact decides.
impl CausalSet {
    /// A client that may have started something unheard started the one container that began
    /// meanwhile and is nobody's, if there is but one.
    fn infer(&mut self, now_ns: u64) {
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

    /// When containers that are nobody's began.
    pub(super) fn strangers(&self) -> &[(String, u64)] {
        &self.strangers
    }

    pub(super) fn doubt(&mut self, doubt: Doubt) {
        self.doubts.push(doubt);
    }
}

fn by_parent(creator: ProcessKey) -> Because {
    Because { fact: Fact::Parent, of: Cause::Process(creator), inferred: false }
}
