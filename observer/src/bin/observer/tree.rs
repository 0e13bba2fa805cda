//! A process and its descendants, as they come and go.

use std::collections::HashSet;

use observer::{
    event::{Event, What},
    source::proc::parents,
};

/// The living members of a tree, by pid: a pid leaves with its process's exit, which comes before
/// the kernel can give it to another.
#[derive(Debug)]
pub(crate) struct Tree {
    members: HashSet<u32>,
}

impl Tree {
    /// A process and those that descend from it now. To miss none, the events must be flowing.
    pub(crate) fn new(root: u32) -> Self {
        let mut tree = Self { members: HashSet::from([root]) };
        let processes = parents();
        // /proc is in the order of pids, not of descent.
        while processes
            .iter()
            .any(|(pid, parent)| tree.members.contains(parent) && tree.members.insert(*pid))
        {
        }
        tree
    }

    /// Whether an event is about a member; keeps the members current.
    pub(crate) fn follow(&mut self, event: &Event) -> bool {
        match &event.what {
            What::Fork { process, creator, .. } => {
                let descends = self.members.contains(&creator.key.pid);
                if descends {
                    self.members.insert(process.key.pid);
                }
                descends
            }
            What::Exit { process, .. } => self.members.remove(&process.key.pid),
            what => what.process().is_some_and(|process| self.members.contains(&process.key.pid)),
        }
    }
}
