//! Processes whose parent ends: the table gives them the parent that /proc does, and tells so once.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use observer::Monitor;
use observer::event::{ProcessKey, What};
use observer::monitor::Update;
use observer::snapshot::{Freshness, Snapshot};

use super::changes::Changes;
use super::monitor;
use super::truth::{Proc, Shown, assert_equal_within};
use crate::support::child::{Actor, Started, act, send};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled, soon};
use crate::support::need::bpf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            to_a_subreaper,
            to_the_init_of_a_pid_namespace,
            to_the_first_process,
            to_a_reaper_whose_leader_has_ended,
            to_one_subreaper_after_another,
            of_a_subreaper_that_ends_with_their_parent,
            children_of_a_thread_that_ends_stay,
            who_was_waited_for_is_no_orphan,
        }
    ]
}

/// A chain of processes that are each other's only child, and the many children of the last.
struct Family {
    monitor: Monitor,
    changes: Changes,
    _actor: Actor,
    /// From the first on.
    chain: Vec<ProcessKey>,
    children: Vec<ProcessKey>,
}

impl Family {
    /// `levels` are those of the act, from the first on.
    fn new(count: usize, levels: &[&str]) -> Self {
        let monitor = monitor();
        let count = count.to_string();
        let actor = Actor::new(&mut act(&[&["table", "tree", &count], levels].concat()));
        actor.hear("ready");
        let proc = Proc::read();
        let mut chain = vec![actor.pid()];
        for _ in 1..levels.len() {
            let next = proc.children(chain[chain.len() - 1]);
            assert_eq!(next.len(), 1, "children of a link of {chain:?}");
            chain.extend(next);
        }
        let children = proc.children(chain[chain.len() - 1]);
        assert_eq!(children.len().to_string(), count, "children of the last of {chain:?}");
        let snapshot = table(&monitor);
        let keys = |pids: Vec<u32>| pids.into_iter().map(|pid| key(&snapshot, pid)).collect();
        let changes = monitor.subscribe_from(snapshot.token()).expect("a stream");
        let (chain, children) = (keys(chain), keys(children));
        Self { changes: Changes::of(changes), monitor, _actor: actor, chain, children }
    }

    /// Kills these links of the chain, and waits until all of the children know it.
    fn bereave(&mut self, links: &[usize]) {
        for link in links {
            send(self.chain[*link].pid, Signal::SIGKILL);
        }
        for link in links {
            wait_for_end(self.chain[*link].pid);
        }
        assert_equal_within(&self.monitor, patience(Duration::from_secs(1)));
        self.changes.drain();
    }

    /// The parent that /proc says the children have now: the same for all.
    fn parent(&self) -> ProcessKey {
        let proc = Proc::read();
        let parent = proc.shown[&self.children[0].pid].parent;
        let wrong = self.children.iter().filter(|child| proc.shown[&child.pid].parent != parent);
        assert_eq!(wrong.count(), 0, "children with another parent than {parent}");
        key(&table(&self.monitor), parent)
    }

    /// Each child was moved along these parents, and no other.
    fn assert_moved_along(&self, parents: &[ProcessKey]) {
        let pairs = parents.windows(2).map(|pair| (pair[0], Some(pair[1])));
        let expected: Vec<_> = pairs.collect();
        let told = self.children.iter().map(|child| (child, self.changes.moves(*child)));
        let wrong = told.filter(|(_, moves)| *moves != expected);
        let wrong: Vec<_> =
            wrong.map(|(child, moves)| format!("{child:?}: {moves:?}, not {expected:?}")).collect();
        none_of(&wrong);
    }
}

/// Its children have another parent as soon as it shows itself as a zombie.
fn wait_for_end(pid: u32) {
    let deadline = Instant::now() + soon();
    while Shown::of(pid).is_some_and(|shown| !shown.is_zombie) {
        assert!(Instant::now() < deadline, "process {pid} should end");
        thread::sleep(Duration::from_millis(1));
    }
}

fn table(monitor: &Monitor) -> Snapshot {
    monitor.snapshot(Freshness::Table).expect("a snapshot")
}

fn key(snapshot: &Snapshot, pid: u32) -> ProcessKey {
    let entry = snapshot.get(pid).unwrap_or_else(|| panic!("process {pid} should be there"));
    entry.process.key
}

/// A chain of these levels, of which the last link is killed: who has its thousand children then.
fn heir_of_many(levels: &[&str]) -> (Family, ProcessKey) {
    let mut family = Family::new(scaled(1000), levels);
    let last = family.chain.len() - 1;
    family.bereave(&[last]);
    let heir = family.parent();
    family.assert_moved_along(&[family.chain[last], heir]);
    (family, heir)
}

fn to_a_subreaper() {
    let (family, heir) = heir_of_many(&["reaper", "plain"]);
    assert_eq!(heir, family.chain[0]);
}

fn to_the_init_of_a_pid_namespace() {
    let (family, heir) = heir_of_many(&["plain", "init", "plain"]);
    assert_eq!(heir, family.chain[1]);
}

/// Or to a subreaper above these tests.
fn to_the_first_process() {
    let (family, heir) = heir_of_many(&["plain", "plain"]);
    assert!(!family.chain.contains(&heir), "{heir:?} is no stranger");
}

fn to_a_reaper_whose_leader_has_ended() {
    let (family, heir) = heir_of_many(&["thread", "plain"]);
    assert_eq!(heir, family.chain[0]);
}

fn to_one_subreaper_after_another() {
    let mut family = Family::new(scaled(100), &["reaper", "plain", "reaper", "plain"]);
    family.bereave(&[3]);
    assert_eq!(family.parent(), family.chain[2]);
    family.bereave(&[2]);
    assert_eq!(family.parent(), family.chain[0]);
    family.assert_moved_along(&[family.chain[3], family.chain[2], family.chain[0]]);
}

/// Whichever ends first, each child goes from one to the next, and ends where /proc has it.
fn of_a_subreaper_that_ends_with_their_parent() {
    for round in 0..scaled(10) {
        let mut family = Family::new(20, &["reaper", "reaper", "plain"]);
        family.bereave(if round % 2 == 0 { &[1, 2] } else { &[2, 1] });
        let heir = family.parent();
        assert_eq!(heir, family.chain[0]);
        for child in &family.children {
            let moves = family.changes.moves(*child);
            let mut place = family.chain[2];
            for (from, to) in &moves {
                assert_eq!(*from, place, "a step of {moves:?}");
                place = to.expect("a parent");
            }
            assert_eq!(place, heir, "the end of {moves:?}");
            assert!(moves.len() <= 2, "steps of {child:?}: {moves:?}");
        }
    }
}

/// The parent is the process, and not the thread that forked.
fn children_of_a_thread_that_ends_stay() {
    let monitor = monitor();
    let first = table(&monitor);
    let mut changes = Changes::of(monitor.subscribe_from(first.token()).expect("a stream"));
    let actor = Actor::new(&mut act(&["table", "forking-thread"]));
    let child = actor.hear_number("child");
    assert_equal_within(&monitor, patience(Duration::from_secs(1)));
    let snapshot = table(&monitor);
    let entry = snapshot.get(child).expect("the child");
    assert_eq!(entry.process.parent.map(|parent| parent.pid), Some(actor.pid()));
    changes.drain();
    assert_eq!(changes.moves(entry.process.key), []);
    actor.dismiss();
}

/// The kernel lets go of them only after their parent has ended as well.
fn who_was_waited_for_is_no_orphan() {
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    let mut shells = Vec::new();
    for _ in 0..scaled(50) {
        let mut shell = Command::new("sh");
        shell.args(["-c", "/bin/true; /bin/true; exit 3"]);
        shells.push(Started::new(&mut shell).reap().pid);
    }
    let last = *shells.last().expect("some");
    let is_its_end = |update: &Update| {
        let key = update.change.event.what.key();
        matches!(update.change.event.what, What::Exit { .. }) && key.is_some_and(|k| k.pid == last)
    };
    changes.wait_for("the end of the last shell", is_its_end);
    changes.drain();
    let told = |holds: fn(&What) -> Option<u32>| {
        let parents = changes.seen.iter().filter_map(|update| holds(&update.change.event.what));
        parents.filter(|parent| shells.contains(parent)).count()
    };
    let forked = told(|what| match what {
        What::Fork { creator, .. } => Some(creator.key.pid),
        _ => None,
    });
    assert!(forked >= 2 * shells.len(), "{forked} children");
    let orphans = told(|what| match what {
        What::Reparent { old_parent, .. } => Some(old_parent.pid),
        _ => None,
    });
    assert_eq!(orphans, 0, "of {forked} children, all waited for");
}
