//! `observer ns --follow`: namespaces made, entered, left and gone, told while it happens.

use std::collections::BTreeSet;
use std::fs::File;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::support::child::{Actor, Lines, Next, Started, act};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, soon};
use crate::support::need::{bpf, perf, root};
use crate::support::observed::Observed;
use crate::support::proc::{self, Stat};
use crate::support::program::observer_with;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            four_of_one_number_are_four,
            children_enter_a_pid_namespace,
        }
        Host [bpf] {
            who_enters_leaves_another,
            what_a_file_keeps_is_not_gone,
            only_what_was_asked_for,
            as_text,
        }
        EveryKernel [perf] { by_tracepoints }
        EveryKernel [root] { by_listings }
    ]
}

const UTS: i32 = libc::CLONE_NEWUTS;

fn followed(arguments: &[&str]) -> Observed {
    Observed::of(follow(&["--json"]).args(arguments))
}

fn follow(arguments: &[&str]) -> Command {
    observer_with(&[&["ns", "--follow"], arguments].concat())
}

fn unshare(flags: i32) -> Command {
    act(&["namespaces", "unshare", &format!("{flags:x}")])
}

/// Leaves its uts namespace when told, and lives on.
fn unshare_later(flags: i32) -> Actor {
    let actor = Actor::new(&mut act(&["namespaces", "unshare-when-told", &format!("{flags:x}")]));
    actor.hear("ready");
    actor
}

fn namespace(event: &Event) -> String {
    event.text("/namespace/id").unwrap_or_else(|| panic!("no namespace in {event:?}")).to_owned()
}

fn inode(event: &Event) -> u64 {
    event.expect_number("/namespace/inode")
}

fn is(event: &Event, what: &str, pid: u32) -> bool {
    event.is(what) && event.pid() == pid && event.text("/namespace/kind") == Some("uts")
}

fn is_gone(event: &Event, id: &str) -> bool {
    event.is("gone") && event.text("/namespace/id") == Some(id)
}

/// Each is dropped before the next is made, and the kernel gives it the same number.
fn four_of_one_number_are_four() {
    let mut observed = followed(&["--backend", "bpf"]);
    let pids: Vec<u32> = (0..4).map(|_| Started::new(&mut unshare(UTS)).reap().pid).collect();
    let made = pids.iter().map(|pid| observed.wait_for("created", |e| is(e, "created", *pid)));
    let made: Vec<Event> = made.collect();
    let ids: BTreeSet<String> = made.iter().map(namespace).collect();
    assert_eq!(ids.len(), 4, "identities of {made:?}");
    for id in &ids {
        let gone = observed.wait_for("gone", |event| is_gone(event, id));
        assert_eq!(
            gone.field("/inferred").and_then(serde_json::Value::as_bool),
            Some(true),
            "{gone:?}"
        );
    }
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    for id in &ids {
        let gone = stream.events.iter().filter(|event| is_gone(event, id)).count();
        assert_eq!(gone, 1, "ends of {id}");
    }
}

fn who_enters_leaves_another() {
    let mut observed = followed(&["--backend", "bpf"]);
    let mut owner = unshare_later(UTS);
    let before = proc::namespace(owner.pid(), "uts");
    owner.tell("");
    owner.hear("unshared true");
    let made = observed.wait_for("created", |event| is(event, "created", owner.pid()));
    assert_eq!(inode(&made), proc::namespace(owner.pid(), "uts"));
    assert_eq!(made.text("/by"), Some("unshare"));
    let left = observed.wait_for("left", |event| is(event, "left", owner.pid()));
    assert_eq!(inode(&left), before);
    let path = format!("/proc/{}/ns/uts", owner.pid());
    let mut guest = Actor::new(&mut act(&["namespaces", "enter-when-told", &path, "0"]));
    guest.hear("ready");
    guest.tell("");
    guest.hear("entered");
    let entered = observed.wait_for("entered", |event| is(event, "entered", guest.pid()));
    assert_eq!((namespace(&entered), entered.text("/by")), (namespace(&made), Some("setns")));
    observed.wait_for("left", |event| is(event, "left", guest.pid()));
    owner.dismiss();
    // The other is in it still.
    thread::sleep(Duration::from_millis(1500));
    let id = namespace(&made);
    assert!(observed.seen(|event| is_gone(event, &id)).is_empty(), "{id} is not gone");
    guest.dismiss();
    observed.wait_for("gone", |event| is_gone(event, &id));
    observed.stop().assert_code(0);
}

fn children_enter_a_pid_namespace() {
    let mut observed = followed(&["--backend", "bpf", "--kind", "pid"]);
    let mut actor = Actor::new(&mut act(&["table", "tree", "3", "plain", "init", "plain"]));
    actor.hear("ready");
    let parent = |pid| Stat::of(pid).map(|stat| stat.parent());
    let made = observed.wait_for("created", |event| {
        event.is("created") && parent(event.pid()) == Some(actor.pid())
    });
    let init = made.pid();
    assert_eq!(inode(&made), proc::namespace(init, "pid"));
    actor.tell("");
    actor.dismiss();
    let id = namespace(&made);
    observed.wait_for("gone", |event| is_gone(event, &id));
    observed.stop().assert_code(0);
}

fn what_a_file_keeps_is_not_gone() {
    let mut observed = followed(&["--backend", "bpf"]);
    let mut actor = unshare_later(UTS);
    actor.tell("");
    actor.hear("unshared true");
    let made = observed.wait_for("created", |event| is(event, "created", actor.pid()));
    let id = namespace(&made);
    let file = File::open(format!("/proc/{}/ns/uts", actor.pid())).expect("a namespace");
    actor.dismiss();
    // Two looks, and some.
    thread::sleep(patience(Duration::from_millis(250)));
    assert!(observed.seen(|event| is_gone(event, &id)).is_empty(), "{id} is kept");
    // What has come meanwhile is read only when something is waited for.
    let other = Started::new(&mut unshare(UTS)).reap().pid;
    observed.wait_for("created", |event| is(event, "created", other));
    assert!(observed.seen(|event| is_gone(event, &id)).is_empty(), "{id} is kept");
    drop(file);
    observed.wait_for("gone", |event| is_gone(event, &id));
    observed.stop().assert_code(0);
}

/// Without eBPF the calls are told as well, and where those are who live on.
fn by_tracepoints() {
    let mut observed = followed(&["--backend", "perf"]);
    let mut actor = unshare_later(UTS);
    actor.tell("");
    actor.hear("unshared true");
    let made = observed.wait_for("created", |event| is(event, "created", actor.pid()));
    assert_eq!(inode(&made), proc::namespace(actor.pid(), "uts"));
    assert_eq!(made.text("/origin"), Some("perf"));
    actor.dismiss();
    let id = made.expect_number("/namespace/inode");
    observed.wait_for("gone", |event| event.is("gone") && inode(event) == id);
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
}

/// These tell what is there each second.
fn by_listings() {
    let mut observed = followed(&["--backend", "proc"]);
    let mut actor = unshare_later(UTS);
    // So that a look has seen it where it was.
    thread::sleep(Duration::from_millis(1500));
    actor.tell("");
    actor.hear("unshared true");
    let id = proc::namespace(actor.pid(), "uts");
    let made = observed.wait_for("created", |event| event.is("created") && inode(event) == id);
    assert_eq!(made.field("/inferred").and_then(serde_json::Value::as_bool), Some(true));
    let entered = observed.wait_for("entered", |event| is(event, "entered", actor.pid()));
    assert_eq!((inode(&entered), entered.text("/by")), (id, None));
    actor.dismiss();
    observed.wait_for("gone", |event| event.is("gone") && inode(event) == id);
    observed.stop().assert_code(0);
}

fn only_what_was_asked_for() {
    let all = ["--backend", "bpf", "--kind", "ipc", "-n", "1"];
    let observed = followed(&all);
    Started::new(&mut unshare(UTS)).reap();
    Started::new(&mut unshare(libc::CLONE_NEWIPC)).reap();
    let stream = observed.finish(patience(Duration::from_secs(3)));
    stream.assert_code(0);
    let told: Vec<&Event> =
        stream.events.iter().filter(|e| e.field("/namespace").is_some()).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!((told[0].kind(), told[0].text("/namespace/kind")), ("created", Some("ipc")));
    let bye = stream.events.last().expect("a last line");
    assert!(bye.is("bye") && bye.number("/printed") == Some(1), "{bye:?}");
    let sum = bye.expect_number("/delivered") + bye.expect_number("/lost");
    assert_eq!(bye.expect_number("/produced"), sum);
}

fn as_text() {
    let mut command = follow(&["--backend", "bpf", "-t", "uts"]);
    let mut started = Started::new(command.stdout(Stdio::piped()).stderr(Stdio::piped()));
    let messages = Lines::of(started.child.stderr.take().expect("a pipe"));
    let lines = Lines::of(started.child.stdout.take().expect("a pipe"));
    assert_eq!(next_line(&messages), "observer: ready");
    let words = |line: &str| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>();
    let pid = Started::new(&mut unshare(UTS)).reap().pid.to_string();
    assert_eq!(words(&next_line(&lines)), ["EVENT", "TYPE", "NS", "PID", "BY", "COMMAND"]);
    let mut by_it = Vec::new();
    while by_it.len() < 2 {
        let line = words(&next_line(&lines));
        by_it.extend((line[3] == pid).then_some(line));
    }
    assert_eq!((&*by_it[0][0], &*by_it[0][1], &*by_it[0][4]), ("created", "uts", "unshare"));
    assert_eq!((&*by_it[1][0], &*by_it[1][1]), ("left", "uts"));
    started.signal(Signal::SIGINT);
    assert_eq!(started.reap().status, 0, "the end after Ctrl-C");
}

fn next_line(lines: &Lines) -> String {
    match lines.next(soon()) {
        Next::Line(line) => String::from_utf8(line).expect("text"),
        other => panic!("no line: {other:?}"),
    }
}
