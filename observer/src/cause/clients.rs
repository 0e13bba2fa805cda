//! The clients of the set: what each asked its engine for, and which of them may have asked for
//! something that nobody heard.

use bytes::Bytes;
use hashbrown::HashMap;

use super::{program::Errand, request::message_names};
use crate::event::{Peer, ProcessKey};

/// Messages kept at most, of all clients.
const MOST_MESSAGES: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Clients {
    all: HashMap<ProcessKey, Client>,
    messages: Vec<(ProcessKey, Bytes)>,
}

/// A process that asks an engine for something.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) began_ns: u64,
    pub(super) ended_ns: Option<u64>,
    errand: Errand,
    /// The engine's end of its socket.
    pub(super) peer: Option<Peer>,
    /// Whether it was heard to have something started.
    has_started: bool,
    /// Whether what it asked for says not which containers.
    is_vague: bool,
    /// Whether something that it wrote may not have been heard.
    is_unheard: bool,
}

impl Client {
    fn new(began_ns: u64, errand: Errand) -> Self {
        Self {
            began_ns,
            ended_ns: None,
            errand,
            peer: None,
            has_started: false,
            is_vague: false,
            is_unheard: false,
        }
    }

    /// Whether it may have had something started that nobody heard of.
    fn is_unexplained(&self) -> bool {
        let unheard = self.is_unheard || self.peer.is_none();
        self.errand == Errand::Starts && (self.is_vague || (unheard && !self.has_started))
    }
}

impl Clients {
    /// Returns whether it is a new one.
    pub(super) fn begin(&mut self, key: ProcessKey, boot_ns: u64, errand: Errand) -> bool {
        let is_new = !self.all.contains_key(&key);
        let client = self.all.entry(key).or_insert_with(|| Client::new(boot_ns, errand));
        if errand == Errand::Starts {
            client.errand = errand;
        }
        is_new
    }

    /// Returns whether it is one.
    pub(super) fn end(&mut self, key: ProcessKey, boot_ns: u64) -> bool {
        let client = self.all.get_mut(&key).filter(|client| client.ended_ns.is_none());
        client.is_some_and(|client| client.ended_ns.replace(boot_ns).is_none())
    }

    pub(super) fn get(&self, key: ProcessKey) -> Option<&Client> {
        self.all.get(&key)
    }

    pub(super) fn hear(&mut self, key: ProcessKey, peer: &Peer) {
        if let Some(client) = self.all.get_mut(&key) {
            client.peer = Some(peer.clone());
        }
    }

    pub(super) fn has_started(&mut self, key: ProcessKey) {
        if let Some(client) = self.all.get_mut(&key) {
            client.has_started = true;
        }
    }

    pub(super) fn is_vague(&mut self, key: ProcessKey) {
        if let Some(client) = self.all.get_mut(&key) {
            client.is_vague = true;
        }
    }

    pub(super) fn is_unheard(&mut self, key: ProcessKey) {
        if let Some(client) = self.all.get_mut(&key) {
            client.is_unheard = true;
        }
    }

    /// Events were lost: any of them may have been a request.
    pub(super) fn lost(&mut self) {
        for client in self.all.values_mut().filter(|client| client.ended_ns.is_none()) {
            client.is_unheard = true;
        }
    }

    pub(super) fn keep_message(&mut self, key: ProcessKey, message: &Bytes) {
        if self.messages.len() < MOST_MESSAGES {
            self.messages.push((key, message.clone()));
        }
    }

    /// The client that wrote a message which names this id.
    pub(super) fn who_named(&self, id: &str) -> Option<ProcessKey> {
        let named = self.messages.iter().find(|(_, message)| message_names(message, id));
        named.map(|(key, _)| *key)
    }

    /// Those that may have had something started that nobody heard of, by when they began.
    pub(super) fn unexplained(&self) -> Vec<ProcessKey> {
        let mut keys: Vec<_> =
            self.all.iter().filter(|(_, client)| client.is_unexplained()).collect();
        keys.sort_by_key(|(_, client)| client.began_ns);
        keys.into_iter().map(|(key, _)| *key).collect()
    }
}
