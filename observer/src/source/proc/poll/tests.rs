//! Listings of a machine that is obviously right, and what must have happened between them.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{
    difference::{Deed, Happened, between, keep_parents},
    listing::{Mark, Shown},
};
use crate::event::ProcessKey;

fn key(pid: u32, start_ns: u64) -> ProcessKey {
    ProcessKey { pid, start_ns }
}

fn shown(pid: u32, parent: u32, program: u64) -> Shown {
    Shown {
        key: key(pid, 1),
        parent,
        comm: name(program),
        zombie: false,
        status: None,
        forked_only: false,
        program: Mark::Places(4096, program),
    }
}

fn name(program: u64) -> [u8; 16] {
    u128::from(program).to_le_bytes()
}

/// One that came later and runs what it was forked with.
fn child(pid: u32, parent: u32, program: u64) -> Shown {
    Shown { key: key(pid, 2), forked_only: true, ..shown(pid, parent, program) }
}

fn ended(process: Shown, status: Option<u32>) -> Shown {
    Shown { zombie: true, status, program: Mark::None, ..process }
}

/// `PID did`, in order.
fn told(before: &[Shown], after: &[Shown]) -> Vec<String> {
    let told = between(before, after);
    told.iter().map(|happened| format!("{} {}", happened.process.key.pid, verb(happened))).collect()
}

fn verb(happened: &Happened) -> String {
    match happened.what {
        Deed::Forked { creator } => format!("forked by {}", creator.key.pid),
        Deed::Renamed { .. } => "renamed".to_owned(),
        Deed::Execed => "execed".to_owned(),
        Deed::Ended { reaper: None } => "ended".to_owned(),
        Deed::Ended { reaper: Some(reaper) } => format!("ended, children to {}", reaper.pid),
        Deed::Gone => "gone".to_owned(),
    }
}

#[test]
fn a_child_that_runs_another_program_has_execed() {
    let one = shown(1, 0, 10);
    assert_eq!(told(&[one], &[one, child(5, 1, 10)]), ["5 forked by 1"]);
    let other = Shown { forked_only: false, ..child(5, 1, 11) };
    assert_eq!(told(&[one], &[one, other]), ["5 forked by 1", "5 execed"]);
}

#[test]
fn parents_come_first_whatever_their_pids() {
    let one = shown(1, 0, 10);
    let after = [one, child(3, 7, 10), child(5, 3, 10), child(7, 1, 10)];
    assert_eq!(told(&[one], &after), ["7 forked by 1", "3 forked by 7", "5 forked by 3"]);
}

#[test]
fn a_child_comes_before_or_after_its_parents_exec_by_what_it_runs() {
    let (one, before) = (shown(1, 0, 10), shown(2, 1, 10));
    let after = Shown { comm: before.comm, ..shown(2, 1, 20) };
    let (old, new) = (child(5, 2, 10), child(6, 2, 20));
    assert_eq!(
        told(&[one, before], &[one, after, old, new]),
        ["5 forked by 2", "2 execed", "6 forked by 2"]
    );
}

#[test]
fn an_orphan_has_the_creator_whose_program_it_runs() {
    let (one, shell) = (shown(1, 0, 10), shown(2, 1, 20));
    // The shell's child forked it, and ended.
    assert_eq!(told(&[one, shell], &[one, shell, child(5, 1, 20)]), ["5 forked by 2"]);
}

#[test]
fn a_creator_who_is_new_is_told_of_first() {
    let (one, shell) = (shown(1, 0, 10), shown(2, 1, 20));
    let new = |key: ProcessKey, parent| Shown { key, ..child(5, parent, 30) };
    // The creator has a parent who is new as well, and the orphan the lower pid.
    let parent = Shown { forked_only: false, ..new(key(7, 3), 2) };
    let (creator, orphan) = (new(key(6, 4), 7), new(key(5, 5), 1));
    assert_eq!(
        told(&[one, shell], &[one, shell, orphan, creator, parent]),
        ["7 forked by 2", "7 execed", "6 forked by 7", "5 forked by 6"]
    );
}

#[test]
fn an_end_has_a_status_if_the_zombie_was_seen() {
    let (one, two) = (shown(1, 0, 10), shown(2, 1, 20));
    let zombie = ended(two, Some(256));
    let told_of = between(&[one, two], &[one, zombie]);
    assert!(matches!(told_of[..], [Happened { process, what: Deed::Ended { reaper: None }, .. }]
        if process.status == Some(256)));
    assert_eq!(told(&[one, zombie], &[one]), ["2 gone"]);
    assert_eq!(told(&[one, two], &[one]), ["2 ended", "2 gone"]);
}

#[test]
fn the_children_of_one_who_ended_say_who_has_them_now() {
    let before = [shown(1, 0, 10), shown(2, 1, 20), shown(3, 2, 30)];
    let after = [before[0], Shown { parent: 1, ..before[2] }];
    assert_eq!(told(&before, &after), ["2 ended, children to 1", "2 gone"]);
}

#[test]
fn a_parent_stays_until_it_is_seen_to_have_ended() {
    let before = [shown(1, 0, 10), shown(2, 1, 20), shown(3, 2, 30)];
    // The listing met the parent just before its end.
    let mut between_both = [before[0], before[1], Shown { parent: 1, ..before[2] }];
    keep_parents(&before, &mut between_both);
    assert_eq!(between_both, before);
    let mut after = [before[0], Shown { parent: 1, ..before[2] }];
    keep_parents(&between_both, &mut after);
    assert_eq!(told(&between_both, &after), ["2 ended, children to 1", "2 gone"]);
}

#[test]
fn another_life_of_a_pid_is_another_process() {
    let (one, two) = (shown(1, 0, 10), shown(2, 1, 20));
    let again = child(2, 1, 10);
    assert_eq!(told(&[one, two], &[one, again]), ["2 ended", "2 gone", "2 forked by 1"]);
}

#[test]
fn of_what_is_not_ours_to_see_an_exec_shows_by_name_and_arguments() {
    let foreign = |name_of: u64, arguments| Shown {
        comm: name(name_of),
        program: Mark::Arguments(arguments),
        ..shown(2, 1, 0)
    };
    let check = |before: Shown, after: Shown, expected: &[&str]| {
        let one = shown(1, 0, 10);
        assert_eq!(told(&[one, before], &[one, after]), expected);
    };
    check(foreign(1, 7), foreign(1, 7), &[]);
    check(foreign(1, 7), foreign(2, 7), &["2 renamed"]);
    check(foreign(1, 7), foreign(2, 8), &["2 renamed", "2 execed"]);
    check(foreign(1, 7), foreign(1, 8), &[]);
    let became_other = Shown { comm: name(9), ..shown(2, 1, 90) };
    check(foreign(1, 7), became_other, &["2 renamed", "2 execed"]);
    check(foreign(9, 7), became_other, &[]);
}

/// A machine of a few pids, so that they come round again.
#[derive(Clone, Debug, Default)]
struct World {
    now: u64,
    processes: BTreeMap<u32, Shown>,
}

impl World {
    fn new() -> Self {
        Self { now: 1, processes: [(1, shown(1, 0, 1))].into() }
    }

    fn act(&mut self, (verb, who): (u8, u8)) {
        self.now += 1;
        let all: Vec<u32> = self.processes.keys().copied().collect();
        let pid = all[usize::from(who) % all.len()];
        let process = self.processes[&pid];
        match verb {
            0 | 1 if !process.zombie => self.fork(process),
            2 if !process.zombie => {
                let program = Mark::Places(4096, self.now);
                let new = Shown { forked_only: false, program, comm: name(self.now), ..process };
                self.processes.insert(pid, new);
            }
            3 if !process.zombie => {
                self.processes.insert(pid, Shown { comm: name(self.now), ..process });
            }
            4 if !process.zombie && pid != 1 => {
                self.processes.insert(pid, ended(process, Some(7)));
                for child in self.processes.values_mut().filter(|child| child.parent == pid) {
                    child.parent = 1;
                }
            }
            5 if process.zombie => {
                self.processes.remove(&pid);
            }
            _ => {}
        }
    }

    fn fork(&mut self, creator: Shown) {
        let Some(pid) = (2..12).find(|pid| !self.processes.contains_key(pid)) else { return };
        let key = key(pid, self.now);
        let parent = creator.key.pid;
        self.processes.insert(pid, Shown { key, parent, forked_only: true, ..creator });
    }

    fn listing(&self) -> Vec<Shown> {
        self.processes.values().copied().collect()
    }
}

/// What somebody knows who is told what happened.
#[derive(Debug, Default)]
struct Follower {
    known: BTreeMap<u32, Shown>,
    /// Those that are no more as well.
    ever: BTreeSet<ProcessKey>,
}

impl Follower {
    fn hear(&mut self, happened: &Happened) {
        let Happened { process, what, .. } = happened;
        let pid = process.key.pid;
        let known = self.known.get(&pid).copied().filter(|known| known.key == process.key);
        if let Deed::Forked { creator } = what {
            assert!(!self.known.contains_key(&pid), "{happened:?} although the pid is taken");
            assert!(self.ever.contains(&creator.key), "{happened:?} by somebody unknown");
            assert!(self.ever.insert(process.key), "{happened:?} twice");
            self.known.insert(pid, Shown { zombie: false, ..*process });
            return;
        }
        let known = known.unwrap_or_else(|| panic!("{happened:?} of somebody unknown"));
        match what {
            Deed::Renamed { old_comm } => assert_eq!(*old_comm, known.comm),
            Deed::Ended { .. } => assert!(!known.zombie, "{happened:?} twice"),
            Deed::Gone => assert!(known.zombie, "{happened:?} although it runs"),
            Deed::Execed | Deed::Forked { .. } => {}
        }
        if let Deed::Ended { reaper: Some(reaper) } = what {
            for child in self.known.values_mut().filter(|child| child.parent == pid) {
                child.parent = reaper.pid;
            }
        }
        if matches!(what, Deed::Gone) {
            self.known.remove(&pid);
        } else {
            let zombie = known.zombie || matches!(what, Deed::Ended { .. });
            self.known.insert(pid, Shown { zombie, ..*process });
        }
    }
}

proptest! {
    #[test]
    fn whoever_follows_knows_the_machine(
        parts in prop::collection::vec(prop::collection::vec((0_u8..6, any::<u8>()), 0..12), 1..12)
    ) {
        let mut world = World::new();
        let mut before = world.listing();
        let ever = before.iter().map(|shown| shown.key).collect();
        let mut follower = Follower { known: world.processes.clone(), ever };
        for part in parts {
            for act in part {
                world.act(act);
            }
            let mut after = world.listing();
            keep_parents(&before, &mut after);
            prop_assert_eq!(&after, &world.listing(), "a listing of one instant stays as it is");
            for happened in between(&before, &after) {
                follower.hear(&happened);
            }
            let known: Vec<Shown> = follower.known.values().copied().collect();
            prop_assert_eq!(&known, &after);
            before = after;
        }
    }
}
