//! Snapshots while a thousand processes a second come and go: nobody is missing, nobody is twice,
//! nobody is made up.

use std::collections::{BTreeMap, BTreeSet};

use super::snapshot::Snapshot;
use super::truth::{Life, assert_nothing_hidden, living};
use crate::support::child::{Actor, act};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::scaled;
use crate::support::need::root;
use crate::support::sys::boot_ns;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root] { nobody_is_missing_or_made_up }
    ]
}

const FORKS_A_SECOND: usize = 1000;
const SNAPSHOTS: usize = 200;

/// Forks without rest, until asked what it did.
pub(crate) struct Churn {
    actor: Actor,
}

impl Churn {
    pub(crate) fn start() -> Self {
        let actor = Actor::new(&mut act(&["ps", "churn", &FORKS_A_SECOND.to_string()]));
        actor.hear("ready");
        Self { actor }
    }

    pub(super) fn pid(&self) -> u32 {
        self.actor.pid()
    }

    /// Each pid that it gave, with the clock before and after each time.
    pub(crate) fn stop(mut self) -> Given {
        self.actor.tell("stop");
        let mut given = Given::default();
        loop {
            let line = self.actor.hear("");
            if line == "end" {
                break;
            }
            let mut words = line.split(' ').skip(1).map(|word| word.parse().expect("a number"));
            let mut next = || words.next().expect("three numbers");
            let (pid, before, after) = (next(), next(), next());
            let pid = u32::try_from(pid).expect("a pid");
            given.0.entry(pid).or_default().push((before, after));
        }
        self.actor.dismiss();
        given
    }
}

/// Spans of time in which each pid was given to a child.
#[derive(Default)]
pub(crate) struct Given(BTreeMap<u32, Vec<(u64, u64)>>);

impl Given {
    pub(crate) fn count(&self) -> usize {
        self.0.values().map(Vec::len).sum()
    }

    fn has(&self, life: Life) -> bool {
        let spans = self.0.get(&life.pid).map(Vec::as_slice).unwrap_or_default();
        spans.iter().any(|(before, after)| (ticks(*before)..=ticks(*after)).contains(&life.start))
    }
}

/// As /proc counts: a hundred a second on every Linux.
fn ticks(ns: u64) -> u64 {
    ns / 10_000_000
}

fn nobody_is_missing_or_made_up() {
    let churn = Churn::start();
    let churning = churn.pid();
    let mut wrong = Vec::new();
    let mut unseen = BTreeSet::new();
    for _ in 0..scaled(SNAPSHOTS) {
        let from = ticks(boot_ns());
        let before = living();
        let snapshot = Snapshot::take("pid,ppid,comm,rss");
        let after = living();
        let until = ticks(boot_ns());
        assert_nothing_hidden(&snapshot.errors);
        let told = snapshot.lives();
        for life in before.intersection(&after).filter(|life| !told.contains(life)) {
            wrong.push(format!("{life:?} is missing"));
        }
        for life in told.iter().filter(|life| !before.contains(life) && !after.contains(life)) {
            if !(from..=until).contains(&life.start) {
                wrong.push(format!("{life:?} did not begin between {from} and {until}"));
            }
            if snapshot.row(life.pid).cell("ppid") == churning.to_string() {
                unseen.insert(*life);
            }
        }
    }
    let given = churn.stop();
    assert!(given.count() > SNAPSHOTS, "{} forks are no churn", given.count());
    let made_up = unseen.iter().filter(|life| !given.has(**life));
    wrong.extend(made_up.map(|life| format!("{life:?} never lived")));
    none_of(&wrong);
}
