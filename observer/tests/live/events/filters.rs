//! Each filter lets through what it names and nothing else.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::fs::symlink;
use std::process::Command;

use nix::unistd::{Uid, setresuid};

use crate::events::cgroup::{Cgroup, container_id, v2};
use crate::support::child::{Actor, Ended, Started, act, make_bare, program, quiet_act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            by_pid,
            by_several_pids,
            by_parent,
            by_user,
            by_name,
            by_tree,
            by_tree_after_the_root_has_gone,
            by_event,
        }
        Host [bpf, v2] { by_container }
    ]
}

/// The pids of all that was printed.
fn pids(stream: &Stream) -> BTreeSet<u32> {
    let of_process = stream.events.iter().filter(|e| e.is_of_process());
    of_process.map(Event::pid).collect()
}

/// Runs something that no filter of these tests names, so that a filter can fail.
fn somebody_else() {
    Started::new(&mut act(&["exit", "0", "somebody-else"])).reap();
}

/// Ends a filtered stream: balanced, and of these processes only.
fn assert_only(observed: Observed, wanted: &[u32]) -> Stream {
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_balanced();
    assert_eq!(pids(&stream), wanted.iter().copied().collect(), "pids printed");
    stream
}

fn by_pid() {
    let token = unique("by-pid");
    let mut actor = Actor::new(&mut act(&["exec-when-told", &token]));
    actor.hear("ready");
    let pid = actor.pid();
    let mut observed = Observed::start(&["-p", &pid.to_string()]);
    somebody_else();
    actor.tell("go");
    actor.dismiss();
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == pid);
    somebody_else();
    let stream = assert_only(observed, &[pid]);
    assert_eq!(stream.exec_with(&token).pid(), pid, "its exec");
}

fn by_several_pids() {
    let mut actors = [1, 2, 3].map(|_| {
        let actor = Actor::new(&mut act(&["exec-when-told", &unique("by-pids")]));
        actor.hear("ready");
        actor
    });
    let [first, _, third] = actors.each_ref().map(Actor::pid);
    let mut observed = Observed::start(&["-p", &format!("{first},{third}")]);
    for actor in &mut actors {
        actor.tell("go");
    }
    for actor in actors {
        actor.dismiss();
    }
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == first);
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == third);
    assert_only(observed, &[first, third]);
}

fn relay(depth: &str) -> (Actor, u32) {
    let actor = Actor::new(&mut act(&["relay", depth]));
    let last = actor.hear_number("relay");
    (actor, last)
}

fn relayed_child(actor: &mut Actor) -> u32 {
    actor.tell(&unique("relayed"));
    actor.hear_number("child")
}

fn by_parent() {
    let (mut actor, last) = relay("1");
    let mut observed = Observed::start(&["--ppid", &last.to_string()]);
    let children = [relayed_child(&mut actor), relayed_child(&mut actor)];
    somebody_else();
    for child in children {
        observed.wait_for("exit", |e| e.is("exit") && e.pid() == child);
    }
    actor.dismiss();
    assert_only(observed, &children);
}

const USER: u32 = 54_322;

/// `exit 0` of another user: through /proc, so that no folder can be in the way.
fn run_as_user(uid: u32, token: &str) -> Ended {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--act", "exit", "0", token]);
    make_bare(&mut command);
    sys::before_exec(&mut command, move || {
        let uid = Uid::from_raw(uid);
        setresuid(uid, uid, uid).map_err(io::Error::from)
    });
    Started::new(&mut command).reap()
}

fn by_user() {
    let mut observed = Observed::start(&["-u", &USER.to_string()]);
    let ended = run_as_user(USER, &unique("by-user"));
    run_as_user(USER + 1, &unique("other-user"));
    somebody_else();
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == ended.pid);
    assert_only(observed, &[ended.pid]);
}

fn by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let name = format!("n{}", sys::boot_ns() % 1_000_000_000);
    let run = |name: &str| {
        let path = folder.path().join(name);
        symlink(program(), &path).expect("a link");
        Started::new(&mut quiet_act(&path, "exit 0")).reap()
    };
    let mut observed = Observed::start(&["-C", &name]);
    let ended = run(&name);
    run(&format!("{name}x"));
    somebody_else();
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == ended.pid);
    assert_only(observed, &[ended.pid]);
}

fn by_tree() {
    let (mut actor, last) = relay("2");
    let (mut other, _) = relay("1");
    let root = actor.pid();
    let mut observed = Observed::start(&["--tree", &root.to_string(), "-e", "fork,exec,exit"]);
    let child = relayed_child(&mut actor);
    relayed_child(&mut other);
    somebody_else();
    let second = relayed_child(&mut actor);
    other.dismiss();
    actor.dismiss();
    observed.wait_for("exit of the root", |e| e.is("exit") && e.pid() == root);
    observed.wait_for("exit of a child", |e| e.is("exit") && e.pid() == second);
    observed.wait_for("exit of the last relay", |e| e.is("exit") && e.pid() == last);
    let stream = observed.stop();
    stream.assert_balanced();
    let seen = pids(&stream);
    let middle: Vec<_> =
        stream.of_kind("exit").filter(|e| e.parent_pid() == root).map(Event::pid).collect();
    assert_eq!(middle.len(), 1, "exits of the middle relay: {middle:?}");
    let wanted = BTreeSet::from([root, middle[0], last, child, second]);
    assert_eq!(seen, wanted, "pids printed");
    let of_child: Vec<_> = stream.events.iter().filter(|e| e.pid() == child).collect();
    let kinds: Vec<_> = of_child.iter().map(|e| e.kind()).collect();
    assert_eq!(kinds, ["fork", "exec", "exit"], "of the child {child}");
}

/// Descendants stay in the tree when their parents end first.
fn by_tree_after_the_root_has_gone() {
    let token = unique("orphan");
    let mut actor = Actor::new(&mut act(&["wait-then-daemon", &token]));
    actor.hear("ready");
    let mut observed = Observed::start(&["--tree", &actor.pid().to_string()]);
    actor.tell("go");
    let grandchild = actor.hear_number("grandchild");
    actor.hear_number("parent");
    somebody_else();
    observed.wait_for("exit of the daemon", |e| e.is("exit") && e.pid() == grandchild);
    actor.tell("seen");
    let pid = actor.dismiss().pid;
    observed.wait_for("exit of the root", |e| e.is("exit") && e.pid() == pid);
    let stream = observed.stop();
    stream.assert_balanced();
    assert_eq!(stream.exec_with(&token).pid(), grandchild, "exec of the daemon");
    assert!(pids(&stream).contains(&pid), "the root itself");
    assert_eq!(pids(&stream).len(), 3, "root, middle, daemon: {:?}", pids(&stream));
}

fn by_container() {
    let id = container_id();
    let cgroup = Cgroup::of_container(&id);
    let other = Cgroup::of_container(&container_id());
    let mut observed = Observed::start(&["--container", &id[..12]]);
    let run = |cgroup: &Cgroup| {
        let mut command = act(&["exit", "0", &unique("contained")]);
        cgroup.take_in(&mut command);
        Started::new(&mut command).reap()
    };
    let ended = run(&cgroup);
    run(&other);
    somebody_else();
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == ended.pid);
    let stream = assert_only(observed, &[ended.pid]);
    let exec = stream.of_kind("exec").next().expect("its exec");
    assert_eq!(exec.container(), Some(id.as_str()), "container of {exec:?}");
}

fn by_event() {
    for kind in ["fork", "exec", "exit"] {
        let mut observed = Observed::start(&["-e", kind]);
        let ended = Started::new(&mut act(&["exit", "0", &unique(kind)])).reap();
        let us = std::process::id();
        observed.wait_for(kind, |e| e.is(kind) && e.pid() == ended.pid && e.parent_pid() == us);
        let stream = observed.stop();
        stream.assert_nothing_lost();
        let other = stream.events.iter().find(|e| e.is_of_process() && !e.is(kind));
        assert!(other.is_none(), "asked for {kind} only, got {other:?}");
    }
}
