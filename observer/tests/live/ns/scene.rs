//! Namespaces to be looked at, of every kind and held in every way. All go when it is dropped.

use std::fs::{self, File};

use tempfile::TempDir;

use super::calls;
use super::truth::Space;
use crate::support::child::{Actor, act};

/// A namespace that a process keeps alive without being in it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) space: Space,
    /// Descriptor or thread, where it is one that holds it.
    pub(super) number: u32,
}

/// A process that holds some.
pub(super) struct Keeper {
    pub(super) actor: Actor,
    pub(super) held: Vec<Held>,
}

impl Keeper {
    pub(super) fn start(words: &[&str]) -> Self {
        let actor = Actor::new(&mut act(&[&["ns"], words].concat()));
        let said = until_ready(&actor);
        let held = said.iter().map(|line| {
            let mut words = line.split(' ');
            assert_eq!(words.next(), Some("held"), "{line}");
            let space = words.next().and_then(Space::of_link).expect("a namespace");
            let number = words.next().and_then(|word| word.parse().ok()).expect("a number");
            Held { space, number }
        });
        Self { held: held.collect(), actor }
    }

    pub(super) fn pid(&self) -> u32 {
        self.actor.pid()
    }

    /// The only one.
    pub(super) fn space(&self) -> &Space {
        assert_eq!(self.held.len(), 1, "{:?}", self.held);
        &self.held[0].space
    }
}

fn until_ready(actor: &Actor) -> Vec<String> {
    let mut said = Vec::new();
    loop {
        let line = actor.hear("");
        if line == "ready" {
            return said;
        }
        said.push(line);
    }
}

/// User namespaces three deep, each with others that belong to it.
pub(super) struct Nest {
    /// From the outermost inwards.
    pub(super) processes: [u32; 3],
    /// A child of the innermost one that has ended.
    pub(super) zombie: u32,
    /// A child of it in a time namespace.
    pub(super) timed: u32,
    _actor: Actor,
}

impl Nest {
    pub(super) fn start() -> Self {
        let actor = Actor::new(&mut act(&["ns", "nest"]));
        let said = until_ready(&actor);
        let of = |word: &str| -> Vec<u32> {
            let numbers =
                said.iter().filter_map(|line| line.strip_prefix(word)?.trim().parse().ok());
            numbers.collect()
        };
        Self {
            processes: of("process").try_into().expect("three levels"),
            zombie: of("zombie")[0],
            timed: of("timed")[0],
            _actor: actor,
        }
    }

    /// Lets our network namespace have a number for that of the second level.
    pub(super) fn number_network(&self) -> (Space, u32) {
        let [_, second, _] = self.processes;
        let number = second;
        calls::number_network(second, number).expect("a number for a network namespace");
        (Space::of(second, "net").expect("its own"), number)
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        let [first, second, third] = self.processes;
        vec![first, second, third, self.zombie, self.timed]
    }
}

pub(super) struct Scene {
    pub(super) nest: Nest,
    /// Holds a user namespace by being in one within it.
    pub(super) around: Keeper,
    /// Two that are mounted onto [`Scene::files`].
    pub(super) mounts: Keeper,
    pub(super) file: Keeper,
    /// One of pids and one of clocks.
    pub(super) children: Keeper,
    pub(super) thread: Keeper,
    pub(super) socket: Keeper,
    pub(super) files: [String; 2],
    _folder: TempDir,
}

impl Scene {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let files = ["plain", "with blank"].map(|name| {
            let path = folder.path().join(name);
            File::create(&path).expect("a file");
            path.to_str().expect("UTF-8").to_owned()
        });
        Self {
            nest: Nest::start(),
            around: Keeper::start(&["twice"]),
            mounts: Keeper::start(&["mount", &files[0], &files[1]]),
            file: Keeper::start(&["file"]),
            children: Keeper::start(&["children"]),
            thread: Keeper::start(&["thread"]),
            socket: Keeper::start(&["socket"]),
            files,
            _folder: folder,
        }
    }

    /// Processes whose namespaces nobody else is in.
    pub(super) fn pids(&self) -> Vec<u32> {
        let keepers = [&self.around, &self.mounts, &self.children];
        self.nest.pids().into_iter().chain(keepers.map(Keeper::pid)).collect()
    }

    /// Those that have no member.
    pub(super) fn held(&self) -> impl Iterator<Item = &Held> {
        let keepers =
            [&self.around, &self.mounts, &self.file, &self.children, &self.thread, &self.socket];
        keepers.into_iter().flat_map(|keeper| &keeper.held)
    }

    /// All that are here only.
    pub(super) fn spaces(&self) -> Vec<Space> {
        let shared = Space::all_of(std::process::id());
        let mut all: Vec<_> = self.pids().into_iter().flat_map(Space::all_of).collect();
        all.extend(self.held().map(|held| held.space.clone()));
        all.retain(|space| !shared.contains(space));
        all.sort();
        all.dedup();
        all
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What is mounted there is so for its own process only.
        for file in &self.files {
            drop(fs::remove_file(file));
        }
    }
}
