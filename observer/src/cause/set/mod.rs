//! The set as it grows: each change of the table against what is in it.

mod conclude;
mod enter;
mod join;
mod told;

use std::collections::VecDeque;

use hashbrown::HashMap;

use self::conclude::Start;
use super::{
    Because, Cause, Caused, CausedContainer, Exec, Fact,
    bystanders::{Bystander, Bystanders},
    clients::Clients,
    program::Stage,
};
use crate::{
    event::{Kind, ProcessKey, What},
    follow::{Answer, Follower, Wish},
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
    starts: Vec<Start>,
    clients: Clients,
    bystanders: Bystanders,
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
    /// An engine ran helpers while it started these containers, and nothing says that they were for
    /// one of them: they are not in the set.
    NamelessHelpers {
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
            // Who has ended may have been waited for, which no event tells: then it stays whose it was.
            What::Reparent { process, .. } if self.has_ended(process.key) => {}
            what => {
                if let Some(process) = what.process() {
                    self.update(process);
                }
            }
        }
    }

    /// Decides what can only be decided when nothing more comes: which container an unheard client
    /// started, if there is but one that it could be; and says what could not be decided. More may be
    /// applied afterwards, and this called again.
    pub fn conclude(&mut self, now_ns: u64) {
        self.doubts.clear();
        self.infer(now_ns);
        self.count_nameless_helpers(now_ns);
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

    fn has_ended(&self, key: ProcessKey) -> bool {
        self.process(key).is_some_and(|caused| caused.end.is_some())
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

    /// What an engine knows of a container: its name, the image, and what else of it the engine's
    /// helpers may name, such as its addresses.
    pub fn describe(&mut self, id: &str, name: String, image: String, marks: Vec<String>) {
        let container = self.containers.iter_mut().find(|container| container.id == id);
        let Some(container) = container else { return };
        (container.name, container.image) = (Some(name), Some(image));
        container.marks = marks;
        self.adopt_the_named();
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

impl Follower for CausalSet {
    fn kinds(&self) -> &'static [Kind] {
        &[Kind::REQUEST]
    }

    fn apply(&mut self, change: &Change) {
        Self::apply(self, change);
    }

    fn next_wish(&mut self) -> Option<Wish> {
        Self::next_wish(self)
    }

    fn answer(&mut self, answer: &Answer) {
        match answer {
            Answer::Overhearing { key, begun: Ok(false) | Err(_) } => self.cannot_overhear(*key),
            Answer::Described { id, name, image, marks } => {
                self.describe(id, name.clone(), image.clone(), marks.clone());
            }
            Answer::Resolved { name, id } => self.resolve(name, id),
            _ => {}
        }
    }
}

/// Whether what joins a container to its client was told or concluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Certainty {
    Told,
    Inferred,
}

fn by_parent(creator: ProcessKey) -> Because {
    Because { fact: Fact::Parent, of: Cause::Process(creator), inferred: false }
}
