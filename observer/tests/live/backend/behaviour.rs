//! What every source tells of processes that live for a moment.

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;
use observer::Monitor;
use observer::facts::Surety;
use serde_json::Value;

use super::{Backend, known, moment};
use crate::events::cgroup::{Cgroup, container_id};
use crate::support::child::{Actor, act, act_argv, make_bare, send, unique};
use crate::support::event::Event;
use crate::support::machine::patience;
use crate::support::observed::Observed;
use crate::support::proc::{self, Stat};
use crate::support::program::{observer_with, output};
use crate::table::truth::assert_equal_within;

/// A child that has been there for a moment, and its exec.
fn child(observed: &mut Observed, words: &[&str], token: &str) -> (Actor, Event) {
    let actor = Actor::new(&mut act(words));
    actor.hear("ready");
    let exec =
        observed.wait_for(&format!("exec of {token}"), |e| e.is("exec") && e.has_argument(token));
    assert_eq!(exec.pid(), actor.pid(), "{exec:?}");
    (actor, exec)
}

/// Ends it, and waits for it a moment later: until then it is a zombie.
fn end(actor: Actor, signal: Signal) -> i32 {
    actor.started.signal(signal);
    thread::sleep(moment());
    actor.dismiss().status
}

fn exit_of(observed: &mut Observed, exec: &Event) -> Event {
    observed.wait_for("the exit", |e| e.is("exit") && e.id() == exec.id())
}

pub(super) fn a_life(backend: &Backend) {
    let facts = backend.facts();
    let mut observed = backend.observe("fork,exec,exit");
    let token = unique("life");
    let words = ["pause", &token];
    let (actor, exec) = child(&mut observed, &words, &token);
    let pid = actor.pid();
    assert_eq!(exec.arguments(), Some(act_argv(&words)));
    assert_is_of_this_test(&exec, pid, facts.credentials);
    let start = Stat::of(pid).expect("a live process").start().to_string();
    assert_eq!(exec.id().split('-').nth(2), Some(start.as_str()), "{exec:?}");
    if known(facts.namespaces) {
        assert_eq!(exec.number("/process/ns/pid"), Some(proc::namespace(pid, "pid")), "{exec:?}");
        assert_eq!(exec.number("/process/vpid"), Some(proc::inner_pid(pid)), "{exec:?}");
    }
    if known(facts.cgroup) {
        let cgroup = exec.text("/process/linux/cgroup").expect("a cgroup").to_owned();
        let all = fs::read_to_string(format!("/proc/{pid}/cgroup")).expect("a live process");
        assert!(all.lines().any(|line| line.ends_with(&format!(":{cgroup}"))), "{cgroup} in {all}");
    }
    thread::sleep(moment());
    end(actor, Signal::SIGTERM);
    let exit = exit_of(&mut observed, &exec);
    assert_is_of_this_test(&exit, pid, facts.credentials);
    let lived = Duration::from_nanos(exit.expect_number("/duration_ns"));
    assert!(lived > moment(), "{lived:?}");
    assert_eq!(exit.number("/cpu_time_ns").is_some(), known(facts.usage), "{exit:?}");
    assert_eq!(exit.number("/max_rss").is_some(), known(facts.usage), "{exit:?}");
    let stream = observed.stop();
    stream.assert_nothing_lost();
    let told: Vec<&str> =
        stream.events.iter().filter(|e| e.id() == exec.id()).map(Event::kind).collect();
    assert_eq!(told, ["fork", "exec", "exit"]);
    let fork = stream.of_pid("fork", pid, std::process::id())[0];
    assert_eq!(fork.creator_pid(), std::process::id(), "{fork:?}");
}

fn assert_is_of_this_test(event: &Event, pid: u32, users: Surety) {
    assert_eq!((event.pid(), event.parent_pid()), (pid, std::process::id()), "{event:?}");
    let user = nix::unistd::geteuid().as_raw();
    assert_eq!(event.number("/process/user/id"), known(users).then_some(user.into()), "{event:?}");
}

pub(super) fn a_code(backend: &Backend) {
    let facts = backend.facts();
    let mut observed = backend.observe("exec,exit");
    let token = unique("code");
    let mut command = Command::new("sh");
    make_bare(command.args(["-c", "echo ready; read x; exit 3", &token]));
    let mut actor = Actor::new(&mut command);
    actor.hear("ready");
    let exec = observed.wait_for("the exec", |e| e.is("exec") && e.has_argument(&token));
    actor.tell("go");
    thread::sleep(moment());
    actor.dismiss();
    let exit = exit_of(&mut observed, &exec);
    assert_eq!(exit.number("/process/exit/code"), known(facts.status).then_some(3), "{exit:?}");
}

pub(super) fn a_kill(backend: &Backend) {
    let facts = backend.facts();
    let mut observed = backend.observe("exec,exit");
    let token = unique("kill");
    let (actor, exec) = child(&mut observed, &["pause", &token], &token);
    end(actor, Signal::SIGKILL);
    let exit = exit_of(&mut observed, &exec);
    let signal = known(facts.status).then_some(9);
    assert_eq!(exit.number("/process/exit/signal"), signal, "{exit:?}");
    let core = exit.field("/process/exit/core_dumped");
    assert_eq!(core, known(facts.core_dumped).then_some(&Value::Bool(false)), "{exit:?}");
}

pub(super) fn a_name(backend: &Backend) {
    let mut observed = backend.observe("rename,exec,exit");
    let token = unique("name");
    let mut command = act(&["rename", "first-name", "second-name"]);
    let mut actor = Actor::new(command.env("TOKEN", &token));
    actor.hear("ready");
    let pid = actor.pid();
    observed.wait_for("the exec", |e| e.is("exec") && e.pid() == pid);
    let mut before = None;
    for name in ["first-name", "second-name"] {
        thread::sleep(moment());
        actor.tell("go");
        actor.hear("renamed");
        let told = observed
            .wait_for(name, |e| e.is("rename") && e.pid() == pid && e.comm() == name.as_bytes());
        if let Some(before) = before.replace(name) {
            assert_eq!(told.old_comm(), str::as_bytes(before), "{told:?}");
        }
    }
    actor.dismiss();
    let execs = observed.stop().of_kind("exec").filter(|e| e.pid() == pid).count();
    assert_eq!(execs, 1, "a name is no program");
}

pub(super) fn an_exec_by_a_thread(backend: &Backend) {
    let mut observed = backend.observe("fork,exec,exit");
    let token = unique("thread");
    let (mut actor, first) = child(&mut observed, &["thread-exec-when-told", &token], &token);
    thread::sleep(moment());
    actor.tell("go");
    actor.hear("ready");
    let arguments = act_argv(&["pause", &token]);
    let second = observed.wait_for("the second exec", |e| {
        e.is("exec") && e.pid() == actor.pid() && e.arguments().as_ref() == Some(&arguments)
    });
    assert_eq!(second.id(), first.id(), "who executes another program stays who it is");
    thread::sleep(moment());
    end(actor, Signal::SIGTERM);
    exit_of(&mut observed, &first);
    let stream = observed.stop();
    let told: Vec<&str> =
        stream.events.iter().filter(|e| e.id() == first.id()).map(Event::kind).collect();
    assert_eq!(told, ["fork", "exec", "exec", "exit"]);
}

/// A process whose parent ends: the table tells whose child it is then.
pub(super) fn an_orphan(backend: &Backend) {
    let mut observed = backend.observe("exec,reparent");
    let token = unique("orphan");
    let mut command = Command::new("sh");
    make_bare(command.args(["-c", "sleep 600 >/dev/null & echo child $!; read x", &token]));
    let parent = Actor::new(&mut command);
    let orphan = parent.hear_number("child");
    let old = parent.pid();
    observed.wait_for("the child", |e| e.is("exec") && e.pid() == orphan);
    thread::sleep(moment());
    parent.dismiss();
    let told = observed.wait_for("the new parent", |e| e.is("reparent") && e.pid() == orphan);
    let new = Stat::of(orphan).expect("a live process").parent();
    send(orphan, Signal::SIGKILL);
    assert_eq!(told.number("/old_parent_pid"), Some(old.into()), "{told:?}");
    assert_eq!(told.parent_pid(), new, "{told:?}");
}

pub(super) fn a_move(backend: &Backend) {
    let id = container_id();
    let cgroup = Cgroup::of_container(&id);
    let mut observed = backend.observe("exec,cgroup");
    let token = unique("move");
    let (actor, exec) = child(&mut observed, &["pause", &token], &token);
    thread::sleep(moment());
    cgroup.add(actor.pid());
    let told = observed.wait_for("the move", |e| {
        e.is("cgroup") && e.id() == exec.id() && e.container() == Some(id.as_str())
    });
    assert_eq!(told.text("/process/linux/cgroup"), Some(cgroup.path_of(actor.pid()).as_str()));
    actor.dismiss();
}

pub(super) fn the_table_is_proc(backend: &Backend) {
    let monitor = Monitor::builder().source(backend.options()).start().expect("a monitor");
    assert_eq!(monitor.origin().name(), backend.name);
    assert_equal_within(&monitor, patience(Duration::from_secs(1)));
    // Some come, one goes, and it is so again.
    let actors = [0; 3].map(|_| Actor::new(&mut act(&["pause"])));
    for actor in &actors {
        actor.hear("ready");
    }
    thread::sleep(moment());
    assert_equal_within(&monitor, patience(Duration::from_secs(1)));
    let [first, ..] = actors;
    first.dismiss();
    assert_equal_within(&monitor, patience(Duration::from_secs(1)));
}

pub(super) fn verify_agrees(backend: &Backend) {
    let words = ["verify", "--json", "--for", "1s", "--churn", "20", "--backend", backend.name];
    let (status, out, errors) =
        output(&mut observer_with(&words), patience(Duration::from_secs(6)));
    assert_eq!(status.code(), Some(0), "{errors}{out}");
    let report: Value = serde_json::from_str(&out).expect("one document");
    assert_eq!(report["agree"], true, "{report}");
    assert!(report["columns"]["args"]["checked"].as_u64() > Some(0), "{report}");
}
