//! What follows the changes of a live table, and what passes between a follower and its driver. A
//! leaf.
//!
//! A follower is pure: it reads no clock and no file, and asks nobody. What only others can find
//! out or do it wishes for; [`Live`](crate::live::Live) grants it.

#[cfg(feature = "perf")]
use std::sync::Arc;

use bytes::Bytes;

#[cfg(feature = "perf")]
use crate::namespace::Namespaces;
use crate::{
    event::{Kind, ProcessKey},
    table::Change,
};

/// Follows the changes of a table.
pub trait Follower {
    /// The kinds of event that the follower needs, beyond those of every table. The driver must
    /// have been opened with them.
    fn kinds(&self) -> &'static [Kind] {
        &[]
    }

    /// Takes in a change.
    fn apply(&mut self, change: &Change);

    /// Returns the next thing that the follower wants to know or have done. Each is returned once.
    fn next_wish(&mut self) -> Option<Wish> {
        None
    }

    /// Takes in an answer. Every answer goes to all followers of a driver; a follower ignores
    /// answers to what it did not ask.
    fn answer(&mut self, answer: &Answer) {
        let _ = answer;
    }
}

/// What a follower wants to know or have done. A follower must cope with a wish that is not
/// granted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wish {
    /// To receive what this client writes to its engine, as
    /// [`What::Request`](crate::event::What::Request); see [`Overhears`](crate::source::Overhears).
    /// Answered by [`Answer::Overhearing`].
    Overhear(ProcessKey),
    /// To stop receiving what this client writes, because it has ended.
    StopOverhearing(ProcessKey),
    /// To hear what an engine knows of a container, once it is started: [`Answer::Described`].
    Describe {
        /// The container's whole id.
        id: String,
        /// Where a client spoke to the engine; empty if that is not known.
        socket: Bytes,
    },
    /// To hear which container is called this: [`Answer::Resolved`].
    Resolve {
        /// A name, or the beginning of an id.
        name: String,
        /// Where a client spoke to the engine.
        socket: Bytes,
    },
    /// To hear what the containers with these whole ids are called: [`Answer::Names`].
    Names {
        /// 64 hex digits each.
        ids: Vec<String>,
    },
    /// To see all namespaces of the machine: [`Answer::Namespaces`].
    Look {
        /// Whether open files, sockets and threads are to be looked at as well.
        deep: bool,
        /// Not before this time, in nanoseconds since boot.
        not_before_ns: u64,
    },
}

/// What a driver found out or did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// Whether a client is overheard from here on.
    Overhearing {
        /// The client.
        key: ProcessKey,
        /// `false` where the source cannot tell; the reason where it tried and failed.
        begun: Result<bool, String>,
    },
    /// What an engine knows about a container. No answer comes if no engine knows it.
    Described {
        /// Its whole id.
        id: String,
        /// Its name.
        name: String,
        /// The image that it was made of.
        image: String,
        /// Labels, addresses and mounts, in words.
        marks: Vec<String>,
    },
    /// The one container with this name. No answer comes if there is none, or more than one.
    Resolved {
        /// As it was asked for.
        name: String,
        /// The whole id.
        id: String,
    },
    /// Names of containers, as far as engines told them.
    Names {
        /// The ids that were asked for.
        asked: Vec<String>,
        /// Ids with their names, as far as they are known.
        named: Vec<(String, String)>,
        /// What kept engines from answering: those may know more.
        failure: Option<String>,
    },
    /// All namespaces of the machine, as one look found them.
    #[cfg(feature = "perf")]
    Namespaces(Looked),
}

/// One look at all namespaces.
#[cfg(feature = "perf")]
#[derive(Clone, Debug)]
pub struct Looked {
    /// What it found.
    pub namespaces: Arc<Namespaces>,
    /// Whether open files, sockets and threads were looked at as well.
    pub deep: bool,
    /// When it began, in nanoseconds since boot.
    pub began_ns: u64,
    /// When it ended.
    pub ended_ns: u64,
}
