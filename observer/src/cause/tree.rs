//! The set as a tree: each process under what caused it, a container under who asked for it.

use hashbrown::HashMap;

use super::{CausalSet, Cause, Caused, CausedContainer};
use crate::event::ProcessKey;

/// One line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Branch<'a> {
    /// What stands there.
    pub item: Item<'a>,
    /// Ancestors above it.
    pub depth: usize,
    /// Whether no sibling follows.
    pub is_last: bool,
}

/// What stands in a line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Item<'a> {
    /// A container, above what an engine did for it.
    Container(&'a CausedContainer),
    /// A process.
    Process(&'a Caused),
}

/// What others hang under.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place<'a> {
    Top,
    Process(ProcessKey),
    Container(&'a str),
}

impl CausalSet {
    /// All containers and processes, each behind what caused it; those of one cause in the order in
    /// which they began, containers behind processes.
    pub fn tree(&self) -> Vec<Branch<'_>> {
        let mut under: HashMap<Place<'_>, Vec<Item<'_>>> = HashMap::new();
        let mut processes: Vec<_> = self.processes().collect();
        processes.sort_by_key(|caused| caused.process.key.start_ns);
        for caused in processes {
            under.entry(self.above(caused)).or_default().push(Item::Process(caused));
        }
        for container in self.containers() {
            let client = container.client.filter(|key| self.process(*key).is_some());
            let place = client.map_or(Place::Top, Place::Process);
            under.entry(place).or_default().push(Item::Container(container));
        }
        let mut branches = Vec::new();
        let mut waiting = lines(under.remove(&Place::Top), 0);
        while let Some(branch) = waiting.pop() {
            waiting.extend(lines(under.remove(&place_of(branch.item)), branch.depth + 1));
            branches.push(branch);
        }
        // None can hang on itself; if it did, it would still be there.
        let rest = under.into_values().flatten().collect();
        branches.extend(lines(Some(rest), 0).into_iter().rev());
        branches
    }

    /// Only the command, and what hangs on nothing that is known, stands at the top.
    fn above<'a>(&self, caused: &'a Caused) -> Place<'a> {
        match &caused.because.of {
            Cause::Process(key) if self.process(*key).is_some() => Place::Process(*key),
            Cause::Container(id) if self.container(id).is_some() => Place::Container(id),
            Cause::Process(_) | Cause::Container(_) => Place::Top,
        }
    }
}

fn place_of(item: Item<'_>) -> Place<'_> {
    match item {
        Item::Container(container) => Place::Container(&container.id),
        Item::Process(caused) => Place::Process(caused.process.key),
    }
}

/// The first one last, as a stack wants it.
fn lines(items: Option<Vec<Item<'_>>>, depth: usize) -> Vec<Branch<'_>> {
    let items = items.unwrap_or_default();
    let last = items.len().saturating_sub(1);
    let lines = items.into_iter().enumerate();
    lines.map(|(index, item)| Branch { item, depth, is_last: index == last }).rev().collect()
}
