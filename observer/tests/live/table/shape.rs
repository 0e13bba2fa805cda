//! Processes that change their shape stay who they are.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use observer::Monitor;
use observer::event::{ProcessKey, Status, What};
use observer::snapshot::{Freshness, Snapshot};
use observer::table::{Entry, State};

use super::changes::Changes;
use super::monitor;
use super::truth::assert_equal_within;
use crate::events::cgroup::{Cgroup, container_id, v2};
use crate::support::child::{Actor, Started, act, act_argv, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled};
use crate::support::need::bpf;
use crate::support::proc::wait_for_state;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            an_exec_by_another_thread_than_the_leader,
            a_leader_that_ends_ahead_of_its_threads,
            a_new_name,
            a_zombie_is_there_until_it_is_waited_for,
            a_daemon,
        }
        EveryKernel [bpf, v2] { a_move_to_another_cgroup }
    ]
}

fn table(monitor: &Monitor) -> Snapshot {
    monitor.snapshot(Freshness::Table).expect("a snapshot")
}

fn entry(monitor: &Monitor, pid: u32) -> Arc<Entry> {
    let snapshot = table(monitor);
    let entry = snapshot.get(pid).unwrap_or_else(|| panic!("process {pid} should be there"));
    Arc::clone(entry)
}

/// The arguments that an exec, as the table has it, came with.
fn arguments(entry: &Entry) -> Vec<Vec<u8>> {
    let program = entry.program.as_ref().expect("a program");
    program.args.as_ref().expect("arguments").iter().map(<[u8]>::to_vec).collect()
}

fn exec_with(token: &str) -> impl Fn(&What) -> bool {
    move |what| match what {
        What::Exec { args: Some(args), .. } => {
            args.iter().any(|argument| argument == token.as_bytes())
        }
        _ => false,
    }
}

fn an_exec_by_another_thread_than_the_leader() {
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    for i in 0..scaled(20) {
        let token = unique(&format!("thread-exec-{i}"));
        let ended = Started::new(&mut act(&["thread-exec", &token])).reap();
        let is_second = exec_with(&token);
        let second = changes.wait_for("the second exec", |update| {
            let what = &update.change.event.what;
            is_second(what)
                && update
                    .change
                    .entry
                    .as_ref()
                    .is_some_and(|entry| arguments(entry) == act_argv(&["exit", "9", &token]))
        });
        let entry = second.change.entry.as_ref().expect("an entry");
        let key = entry.process.key;
        assert_eq!(key.pid, ended.pid);
        assert_eq!(entry.state, State::Running);
        let is_exit = |what: &What| matches!(what, What::Exit { .. }) && what.key() == Some(key);
        changes.wait_for("the exit", |update| is_exit(&update.change.event.what));
        let forks = changes.of_life(key).filter(|what| matches!(what, What::Fork { .. }));
        assert_eq!(forks.count(), 1, "forks of {key:?}");
        let execs = changes.of_life(key).filter(|what| matches!(what, What::Exec { .. }));
        assert_eq!(execs.count(), 2, "execs of {key:?}");
    }
}

fn a_leader_that_ends_ahead_of_its_threads() {
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    let actor = Actor::new(&mut act(&["table", "leader-ends"]));
    actor.hear("ready");
    let pid = actor.pid();
    let before = entry(&monitor, pid);
    wait_for_state(pid, "Z");
    thread::sleep(Duration::from_millis(20));
    for freshness in [Freshness::Table, Freshness::Refreshed, Freshness::Reread] {
        let snapshot = monitor.snapshot(freshness).expect("a snapshot");
        assert_eq!(snapshot.get(pid), Some(&before), "{freshness:?}");
    }
    assert_equal_within(&monitor, patience(Duration::from_secs(1)));
    actor.dismiss();
    let key = before.process.key;
    let exit = changes.wait_for("the exit", |update| {
        let what = &update.change.event.what;
        matches!(what, What::Exit { .. }) && what.key() == Some(key)
    });
    let What::Exit { status, .. } = exit.change.event.what else { panic!("{exit:?}") };
    assert_eq!(status, Some(Status::Code(3)));
    assert_eq!(table(&monitor).get(pid), None);
}

fn a_new_name() {
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    let mut actor = Actor::new(&mut act(&["rename", "first-name", "second-name"]));
    actor.hear("ready");
    let mut before = entry(&monitor, actor.pid());
    for name in ["first-name", "second-name"] {
        actor.tell("go");
        actor.hear("renamed");
        let after = entry(&monitor, actor.pid());
        let mut process = before.process.clone();
        let old = process.comm;
        process.comm = after.process.comm;
        assert_eq!(after.process.comm.as_bytes(), name.as_bytes());
        assert_eq!(after.process, process, "all but the name");
        assert_eq!(after.program, before.program);
        let told = changes.wait_for("the name", |update| {
            let told = update.change.entry.as_ref().map(|entry| &entry.process);
            matches!(update.change.event.what, What::Rename { .. }) && told == Some(&process)
        });
        let What::Rename { old_comm, .. } = told.change.event.what else { panic!("{told:?}") };
        assert_eq!(old_comm, old, "the old name");
        before = after;
    }
    actor.dismiss();
}

fn a_move_to_another_cgroup() {
    let id = container_id();
    let cgroup = Cgroup::of_container(&id);
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    let actor = Actor::new(&mut act(&["pause"]));
    actor.hear("ready");
    let before = entry(&monitor, actor.pid());
    cgroup.add(actor.pid());
    let after = entry(&monitor, actor.pid());
    let now = after.process.cgroup.as_ref().expect("a cgroup");
    assert_eq!(now.v2, cgroup.path_of(actor.pid()));
    let container = now.container.as_ref().expect("a container");
    assert_eq!(container.id, id);
    assert_eq!(after.process.key, before.process.key);
    assert_eq!(after.program, before.program);
    let key = before.process.key;
    let told = changes.wait_for("the move", |update| {
        let what = &update.change.event.what;
        matches!(what, What::Cgroup { .. }) && what.key() == Some(key)
    });
    let What::Cgroup { old_cgroup, .. } = &told.change.event.what else { panic!("{told:?}") };
    assert_eq!(old_cgroup.as_ref(), before.process.cgroup.as_ref(), "where it was");
    actor.dismiss();
}

fn a_zombie_is_there_until_it_is_waited_for() {
    let monitor = monitor();
    for i in 0..scaled(50) {
        let token = unique(&format!("zombie-{i}"));
        let started = Started::new(&mut act(&["exit", "5", &token]));
        let pid = started.pid();
        wait_for_state(pid, "Z");
        let freshness = if i % 2 == 0 { Freshness::Table } else { Freshness::Refreshed };
        let snapshot = monitor.snapshot(freshness).expect("a snapshot");
        let zombie = snapshot.get(pid).expect("the zombie");
        let State::Exited(end) = zombie.state else { panic!("{zombie:?}") };
        assert_eq!(end.status, Some(Status::Code(5)), "{zombie:?}");
        assert_eq!(arguments(zombie), act_argv(&["exit", "5", &token]));
        started.reap();
        let snapshot = monitor.snapshot(freshness).expect("a snapshot");
        let other = snapshot.get(pid).filter(|e| e.process.key == zombie.process.key);
        assert_eq!(other, None, "waited for");
    }
}

fn a_daemon() {
    let monitor = monitor();
    let mut changes = Changes::of(monitor.subscribe());
    let token = unique("daemon");
    let actor = Actor::new(&mut act(&["daemon", &token]));
    let daemon = actor.hear_number("grandchild");
    let parent = actor.hear_number("parent");
    let is_exec = exec_with(&token);
    let exec = changes.wait_for("the daemon's exec", |update| {
        let what = &update.change.event.what;
        is_exec(what) && what.key().is_some_and(|key| key.pid == daemon)
    });
    let entry = exec.change.entry.as_ref().expect("an entry");
    let key: ProcessKey = entry.process.key;
    assert_eq!(entry.process.parent.map(|parent| parent.pid), Some(parent));
    assert_eq!(arguments(entry), act_argv(&["exit", "6", &token]));
    let moves = changes.moves(key);
    let pids = |(from, to): &(ProcessKey, Option<ProcessKey>)| (from.pid, to.map(|to| to.pid));
    let forks = changes.of_life(key).filter_map(|what| match what {
        What::Fork { process, .. } => process.parent,
        _ => None,
    });
    let forks: Vec<_> = forks.map(|parent| parent.pid).collect();
    assert_eq!(forks.len(), 1, "forks of {key:?}");
    assert_eq!(moves.iter().map(pids).collect::<Vec<_>>(), [(forks[0], Some(parent))]);
    actor.dismiss();
}
