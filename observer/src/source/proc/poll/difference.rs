//! Two listings → what must have happened between them. Pure.
//!
//! What began and ended in between leaves no trace. Who forked whom is known as far as the parent
//! is still there, and of several things that happened to one process the last.

use hashbrown::{HashMap, HashSet};
use observer_common::limits;

use super::listing::{Mark, Shown};
use crate::event::ProcessKey;

/// Something that happened to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Happened {
    /// The process: as the later listing shows it, or the earlier one if it is not there any more.
    pub(super) process: Shown,
    pub(super) parent: Option<ProcessKey>,
    pub(super) moment: Moment,
    pub(super) what: Deed,
}

/// What comes before what. Those that had been there may have forked before they execed, or after.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    BeforeExecs,
    Execs,
    AfterExecs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    Forked { creator: Shown },
    Renamed { old_comm: [u8; limits::COMM] },
    Execed,
    Ended { reaper: Option<ProcessKey> },
    Gone,
}

/// Leaves those with their old parent who have been given another while it still seemed to run: the
/// listing met it first, and the next one will show that it has ended.
pub(super) fn keep_parents(before: &[Shown], after: &mut [Shown]) {
    let mut running: HashSet<ProcessKey> =
        after.iter().filter(|shown| !shown.zombie).map(|shown| shown.key).collect();
    // Only those that were there before can have lost a child.
    running.retain(|key| find(before, *key).is_some());
    for shown in after {
        let known = find(before, shown.key).filter(|known| known.parent != shown.parent);
        let Some(old) = known.and_then(|known| by_pid(before, known.parent)) else { continue };
        if running.contains(&old.key) {
            shown.parent = old.key.pid;
        }
    }
}

/// What happened between two listings, in an order in which it may have.
pub(super) fn between(before: &[Shown], after: &[Shown]) -> Vec<Happened> {
    let listings = Listings { before, after };
    let mut all = listings.ends();
    all.extend(listings.births());
    all.extend(listings.changes());
    // Keeps the order of the rest.
    all.sort_by_key(|happened| happened.moment);
    all
}

fn by_pid(listing: &[Shown], pid: u32) -> Option<&Shown> {
    listing.binary_search_by_key(&pid, |shown| shown.key.pid).ok().and_then(|at| listing.get(at))
}

fn find(listing: &[Shown], key: ProcessKey) -> Option<&Shown> {
    by_pid(listing, key.pid).filter(|shown| shown.key == key)
}

struct Listings<'a> {
    before: &'a [Shown],
    after: &'a [Shown],
}

impl<'a> Listings<'a> {
    /// Of those that were there: who has ended, and who is not there any more.
    fn ends(&self) -> Vec<Happened> {
        let reapers = self.reapers();
        let mut ends = Vec::new();
        for old in self.before {
            let new = find(self.after, old.key);
            let process = *new.unwrap_or(old);
            let parent = self.parent_of(&process);
            let moment = Moment::BeforeExecs;
            let mut tell = |what| ends.push(Happened { process, parent, moment, what });
            if !old.zombie && new.is_none_or(|new| new.zombie) {
                tell(Deed::Ended { reaper: reapers.get(&old.key.pid).copied() });
            }
            if new.is_none() {
                tell(Deed::Gone);
            }
        }
        ends
    }

    /// By parents that have ended: who has their children now.
    fn reapers(&self) -> HashMap<u32, ProcessKey> {
        let moved = self.after.iter().filter_map(|new| {
            let old = find(self.before, new.key)?;
            let reaper = by_pid(self.after, new.parent)?;
            (old.parent != new.parent).then_some((old.parent, reaper.key))
        });
        moved.collect()
    }

    /// Those that are new, in the order in which they came, with what they have done since.
    fn births(&self) -> Vec<Happened> {
        let is_new = |shown: &&Shown| find(self.before, shown.key).is_none();
        let mut new: Vec<&Shown> = self.after.iter().filter(is_new).collect();
        // Of one clock tick parents first.
        new.sort_by_cached_key(|shown| (shown.key.start_ns, self.new_ancestors(shown)));
        let mut told: HashSet<ProcessKey> = HashSet::new();
        let mut late: HashSet<ProcessKey> = HashSet::new();
        let mut births = Vec::new();
        for child in new {
            let parent = by_pid(self.after, child.parent);
            let creator = self.creator(child, parent, &told);
            let is_late =
                [parent, creator].into_iter().flatten().any(|kin| late.contains(&kin.key))
                    || creator.is_some_and(|creator| self.came_of_its_exec(child, creator));
            let moment = if is_late { Moment::AfterExecs } else { Moment::BeforeExecs };
            if is_late {
                late.insert(child.key);
            }
            told.insert(child.key);
            let (process, parent) = (*child, parent.map(|parent| parent.key));
            let deeds = birth(child, creator.unwrap_or(child));
            births.extend(deeds.map(|what| Happened { process, parent, moment, what }));
        }
        births
    }

    /// The process that forked it: its parent, unless that never ran what the child runs. Then the
    /// creator has ended, and its likeliest heir stands for it: one that was there before, or is in
    /// `told`.
    fn creator(
        &self,
        child: &Shown,
        parent: Option<&'a Shown>,
        told: &HashSet<ProcessKey>,
    ) -> Option<&'a Shown> {
        let ran = |shown: &Shown| {
            let old = find(self.before, shown.key);
            shown.program == child.program || old.is_some_and(|old| old.program == child.program)
        };
        if !child.forked_only || child.program == Mark::None || parent.is_some_and(ran) {
            return parent;
        }
        let is_known =
            |shown: &&Shown| find(self.before, shown.key).is_some() || told.contains(&shown.key);
        let older = |shown: &&Shown| shown.key.start_ns <= child.key.start_ns;
        let mut kin = self.before.iter().chain(self.after).filter(is_known).filter(older);
        kin.find(|shown| shown.program == child.program).or(parent)
    }

    /// Whether a child runs what its creator has come to run since the earlier listing.
    fn came_of_its_exec(&self, child: &Shown, creator: &Shown) -> bool {
        find(self.before, creator.key).is_some_and(|old| {
            child.forked_only && has_execed(old, creator) && child.program == creator.program
        })
    }

    /// How many of its ancestors in a row are new as well.
    fn new_ancestors(&self, shown: &Shown) -> usize {
        let mut count = 0;
        let mut parent = by_pid(self.after, shown.parent);
        while let Some(next) = parent.filter(|next| find(self.before, next.key).is_none())
            // A listing is of no instant: what it shows need not be a tree.
            && count < self.after.len()
        {
            count += 1;
            parent = by_pid(self.after, next.parent);
        }
        count
    }

    /// Of those that were there and are: names and programs.
    fn changes(&self) -> Vec<Happened> {
        let mut changes = Vec::new();
        for new in self.after {
            let Some(old) = find(self.before, new.key).filter(|_| !new.zombie) else { continue };
            let parent = self.parent_of(new);
            let (process, moment) = (*new, Moment::Execs);
            let mut tell = |what| changes.push(Happened { process, parent, moment, what });
            if old.comm != new.comm {
                tell(Deed::Renamed { old_comm: old.comm });
            }
            if has_execed(old, new) {
                tell(Deed::Execed);
            }
        }
        changes
    }

    fn parent_of(&self, shown: &Shown) -> Option<ProcessKey> {
        let parent = by_pid(self.after, shown.parent);
        parent.or_else(|| by_pid(self.before, shown.parent)).map(|parent| parent.key)
    }
}

/// What one who is new has done.
fn birth(child: &Shown, creator: &Shown) -> impl Iterator<Item = Deed> + use<> {
    let forked = Some(Deed::Forked { creator: *creator });
    let execed = (!child.forked_only).then_some(Deed::Execed);
    let ended = child.zombie.then_some(Deed::Ended { reaper: None });
    [forked, execed, ended].into_iter().flatten()
}

fn has_execed(old: &Shown, new: &Shown) -> bool {
    if old.forked_only && !new.forked_only {
        return true;
    }
    match (old.program, new.program) {
        (Mark::Places(..), Mark::Places(..)) => old.program != new.program,
        (Mark::None, _) | (_, Mark::None) => false,
        // A program of another user's, or one that has become so.
        _ => old.program != new.program && old.comm != new.comm,
    }
}
