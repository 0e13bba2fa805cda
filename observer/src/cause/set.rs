//! The set as it grows: each change of the table against what is in it.

use std::collections::VecDeque;

use bytes::Bytes;
use hashbrown::HashMap;

use super::{Because, Cause, Caused, CausedContainer, Exec, Fact, Role};
use crate::{
    event::{Event, Process, ProcessKey, What},
    table::{Change, End},
};

/// What a command caused, so far.
#[derive(Debug)]
pub struct CausalSet {
    command: Command,
    processes: HashMap<ProcessKey, Caused>,
    /// Their keys, in the order in which they were attributed.
    order: Vec<ProcessKey>,
    running: usize,
    containers: Vec<CausedContainer>,
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
}

impl CausalSet {
    /// Of the process that was just spawned with this pid, and not before this time (in nanoseconds
    /// since boot): the changes that the set is fed with must begin before its fork.
    pub fn of_command(pid: u32, spawned_ns: u64) -> Self {
        Self {
            command: Command { pid, spawned_ns, key: None },
            processes: HashMap::new(),
            order: Vec::new(),
            running: 0,
            containers: Vec::new(),
            doubts: Vec::new(),
            wishes: VecDeque::new(),
        }
    }

    /// Takes in what happened next.
    pub fn apply(&mut self, change: &Change) {
        let Change { event, entry, .. } = change;
        let life = entry.as_ref().map_or(1, |entry| entry.life);
        match &event.what {
            What::Fork { process, creator, .. } => self.fork(process, life, creator.key),
            What::Exec { process, filename, args } => {
                let exec =
                    Exec { boot_ns: event.boot_ns, filename: filename.clone(), args: args.clone() };
                if let Some(caused) = self.processes.get_mut(&process.key) {
                    caused.execs.push(exec);
                }
            }
            What::Exit { .. } | What::Free { .. } | What::Gone { .. } => self.end(event),
            _ => {}
        }
        if let (Some(process), Some(caused)) =
            (event.what.process(), event.what.key().and_then(|key| self.processes.get_mut(&key)))
        {
            caused.process = process.clone().or(&caused.process);
        }
    }

    /// Attributed processes, in the order in which they were.
    pub fn processes(&self) -> impl Iterator<Item = &Caused> {
        self.order.iter().filter_map(|key| self.processes.get(key))
    }

    /// The process with this identity, if it belongs to the set.
    pub fn process(&self, key: ProcessKey) -> Option<&Caused> {
        self.processes.get(&key)
    }

    /// The command itself, once its fork has been told.
    pub fn command(&self) -> Option<&Caused> {
        self.process(self.command.key?)
    }

    /// Processes of the set that still run.
    pub fn running(&self) -> usize {
        self.running
    }

    /// The containers that processes of the set run in.
    pub fn containers(&self) -> impl Iterator<Item = &CausedContainer> {
        self.containers.iter()
    }

    /// The container with this id, if it belongs to the set.
    pub fn container(&self, id: &str) -> Option<&CausedContainer> {
        self.containers.iter().find(|container| container.id == id)
    }

    /// What could not be decided so far.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// The next thing that only others can find out. Each is told once.
    pub fn next_wish(&mut self) -> Option<Wish> {
        self.wishes.pop_front()
    }

    /// What an engine knows of a container: its name, the image and its addresses.
    pub fn describe(&mut self, id: &str, name: String, image: String, addresses: Vec<String>) {
        if let Some(container) = self.containers.iter_mut().find(|container| container.id == id) {
            (container.name, container.image) = (Some(name), Some(image));
            container.addresses = addresses;
        }
    }

    /// That a container with this id is called this.
    pub fn resolve(&mut self, name: &str, id: &str) {
        let _ = (name, id);
    }

    fn fork(&mut self, process: &Process, life: u32, creator: ProcessKey) {
        let is_the_command = self.command.key.is_none()
            && process.key.pid == self.command.pid
            && process.key.start_ns >= self.command.spawned_ns;
        if is_the_command {
            self.command.key = Some(process.key);
        }
        if is_the_command || self.processes.contains_key(&creator) {
            let because =
                Because { fact: Fact::Parent, of: Cause::Process(creator), inferred: false };
            self.order.push(process.key);
            self.running += 1;
            let caused = Caused {
                process: process.clone(),
                life,
                role: Role::Command,
                because,
                execs: Vec::new(),
                end: None,
            };
            self.processes.insert(process.key, caused);
        }
    }

    fn end(&mut self, event: &Event) {
        let caused = event.what.key().and_then(|key| self.processes.get_mut(&key));
        let Some(caused) = caused else { return };
        let (status, usage) = match event.what {
            What::Exit { status, usage, .. } | What::Free { status, usage, .. } => (status, usage),
            _ => (None, None),
        };
        let end = End { boot_ns: event.boot_ns, status, usage, reaper: None };
        self.running -= usize::from(caused.end.is_none());
        caused.end = Some(caused.end.map_or(end, |before| before.join(end)));
    }
}
