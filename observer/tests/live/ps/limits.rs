//! Many processes, few descriptors.

use std::fs;
use std::time::Duration;

use super::snapshot::{Snapshot, ps};
use super::truth::{assert_nothing_hidden, living};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::root;
use crate::support::program::Answer;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root] {
            thousands_with_few_descriptors,
            as_many_as_the_machine_allows,
        }
    ]
}

/// Children that pause, killed and reaped when this is dropped.
struct Crowd {
    actor: Actor,
    count: usize,
}

impl Crowd {
    fn of(count: usize) -> Self {
        let actor = Actor::new(&mut act(&["ps", "crowd", &count.to_string()]));
        let births = Duration::from_micros(300) * u32::try_from(count).expect("a count");
        let crowd = actor.hear_within("crowd", patience(Duration::from_secs(2) + births));
        Self { actor, count: crowd.parse().expect("a number") }
    }

    /// Takes them all away, and waits for that.
    fn dismiss(self) {
        self.actor.dismiss();
    }

    /// Everybody in one snapshot, once, and in the table as well.
    fn assert_seen(&self, columns: &str, limit: Option<u64>) {
        let limited = |arguments: &[&str]| {
            let mut command = ps(arguments);
            if let Some(files) = limit {
                sys::before_exec(&mut command, move || {
                    sys::limit(libc::RLIMIT_NOFILE, files, files)
                });
            }
            command
        };
        let before = living();
        let snapshot = Snapshot::of(&mut limited(&["--json", "-o", columns]));
        let after = living();
        assert_nothing_hidden(&snapshot.errors);
        let told = snapshot.lives();
        let missing = before.intersection(&after).filter(|life| !told.contains(life)).count();
        assert_eq!(missing, 0, "missing of {}", before.len());
        let parent = self.actor.pid().to_string();
        let children = snapshot.rows.iter().filter(|row| row.cell("ppid") == parent);
        assert_eq!(children.count(), self.count, "children of {parent}");
        let table = Answer::of(&mut limited(&["--no-headers"]));
        assert!(table.lines().len() >= self.count, "{} lines", table.out.lines().count());
    }
}

fn thousands_with_few_descriptors() {
    let crowd = Crowd::of(scaled(4000));
    assert!(crowd.count >= scaled(4000), "only {} processes", crowd.count);
    crowd.assert_seen("pid,ppid,user,groups,label,exe,cwd,netns,wchan,container,args", Some(64));
    crowd.dismiss();
}

/// How many more processes there is room for, with some left for others.
fn room() -> usize {
    /// For each: its structures in the kernel and the pages that are its own.
    const KIB_EACH: usize = 250;
    const FOR_OTHERS: usize = 2000;
    let number = |path: &str| {
        let text = fs::read_to_string(path).expect("a setting");
        text.trim().parse::<usize>().expect("a number")
    };
    let memory = fs::read_to_string("/proc/meminfo").expect("meminfo");
    let free = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let free = free.and_then(|text| text.split_whitespace().next()?.parse::<usize>().ok());
    let (user, _) = sys::limits(libc::RLIMIT_NPROC).expect("a limit");
    let limits = [
        number("/proc/sys/kernel/pid_max"),
        number("/proc/sys/kernel/threads-max"),
        usize::try_from(user).unwrap_or(usize::MAX),
    ];
    let pids = limits.into_iter().min().expect("three limits");
    let pids = pids.saturating_sub(living().len() + FOR_OTHERS);
    pids.min(free.expect("MemAvailable") / 2 / KIB_EACH)
}

fn as_many_as_the_machine_allows() {
    let crowd = Crowd::of(scaled(30_000).min(room()));
    assert!(crowd.count > 100, "only {} processes", crowd.count);
    crowd.assert_seen("pid,ppid,user,state,args", None);
    crowd.dismiss();
}
