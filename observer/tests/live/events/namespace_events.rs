//! Threads that get into other namespaces, beside /proc and the kernel's own ids.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::os::fd::OwnedFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;

use observer::Monitor;
use observer::btf::Btf;
use observer::event::{
    Kind, NAMESPACES, NamespaceCall, Process, ThreadNamespace, ThreadNamespaces, What,
};
use observer::facts::Facts;
use observer::field::Row;
use observer::machine::Machine;
use observer::snapshot::Freshness;
use observer::source::bpf::BpfSource;
use observer::source::{Backend, Options, Source as _};
use observer::table::Entry;
use observer_common::Place;

use crate::support::act::{say, wait_for_word};
use crate::support::child::{Actor, Started, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::preempts;
use crate::support::need::{bpf, perf};
use crate::support::proc::{self, wait_for_state};
use crate::support::sys;
use crate::table::changes::Changes;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            short_lives_are_told_apart,
            ids_are_those_of_the_kernel,
            who_enters_those_of_another,
            who_is_created_in_new_ones,
            a_thread_leaves_its_process_where_it_is,
            a_thread_that_is_created_in_new_ones,
            a_call_that_fails_is_not_told,
            a_walk_tells_what_children_get,
            a_walk_tells_what_a_zombie_has_left,
        }
        Host [bpf] { nothing_where_nobody_asks }
        EveryKernel [perf] {
            by_tracepoints_of_who_lives_on,
            by_tracepoints_of_short_lives,
        }
    ]
}

const UTS: usize = 4;

/// What this program does as a child of these tests: `namespaces WORDS…`.
pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["unshare", flags] => sys::unshare(bits(flags)).expect("new namespaces"),
        ["unshare-when-told", flags] => unshare_when_told(bits(flags)),
        ["enter-when-told", path, flags] => enter_when_told(path, bits(flags)),
        ["thread", flags] => in_a_thread(bits(flags)),
        ["new-thread", flags] => new_thread(bits(flags)),
        other => panic!("unknown act namespaces {other:?}"),
    }
    ExitCode::SUCCESS
}

fn bits(flags: &str) -> i32 {
    i32::from_str_radix(flags, 16).expect("flags")
}

fn unshare_when_told(flags: i32) {
    say("ready");
    while wait_for_word().is_some() {
        say(&format!("unshared {}", sys::unshare(flags).is_ok()));
    }
}

fn enter_when_told(path: &str, flags: i32) {
    say("ready");
    wait_for_word();
    let namespace = OwnedFd::from(File::open(path).expect("a namespace"));
    sys::enter_namespace(&namespace, flags).expect("another namespace");
    say("entered");
    wait_for_word();
}

/// A thread that is not the leader leaves its namespaces, and lives on.
fn in_a_thread(flags: i32) {
    say("ready");
    wait_for_word();
    thread::spawn(move || -> ! {
        sys::unshare(flags).expect("new namespaces");
        say(&format!("thread {}", nix::unistd::gettid()));
        loop {
            thread::park();
        }
    });
    wait_for_word();
}

/// A thread that is in other namespaces from its first moment on.
fn new_thread(flags: i32) {
    const THREAD: i32 = libc::CLONE_VM
        | libc::CLONE_FS
        | libc::CLONE_FILES
        | libc::CLONE_SIGHAND
        | libc::CLONE_SYSVSEM
        | libc::CLONE_THREAD;
    say("ready");
    wait_for_word();
    // It shares the memory: its creator waits until it has gone.
    let mut body = || 0;
    let tid = sys::clone(THREAD | libc::CLONE_VFORK | flags, &mut body).expect("a thread");
    say(&format!("thread {tid}"));
    wait_for_word();
}

fn asked_for() -> Monitor {
    Monitor::builder().backend(Backend::Bpf).namespaces().start().expect("a monitor")
}

fn by_perf() -> Monitor {
    Monitor::builder().backend(Backend::Perf).namespaces().start().expect("a monitor")
}

/// A process that leaves for new namespaces of these kinds, and ends.
pub(crate) fn unshare(flags: i32) -> std::process::Command {
    act(&["namespaces", "unshare", &format!("{flags:x}")])
}

fn unshare_later(flags: i32) -> Actor {
    let actor = Actor::new(&mut act(&["namespaces", "unshare-when-told", &format!("{flags:x}")]));
    actor.hear("ready");
    actor
}

/// One event, and its process in the table right after it.
#[derive(Debug)]
struct Told {
    process: Process,
    call: NamespaceCall,
    flags: u64,
    namespaces: ThreadNamespaces,
    entry: Arc<Entry>,
}

/// Waits for the first event of that process.
fn told(changes: &mut Changes, pid: u32) -> Told {
    let is_it = |what: &What| match what {
        What::Namespaces { process, .. } => process.key.pid == pid,
        _ => false,
    };
    let name = format!("other namespaces of {pid}");
    let update = changes.wait_for(&name, |update| is_it(&update.change.event.what));
    let entry = update.change.entry.clone().expect("an entry");
    match update.change.event.what.clone() {
        What::Namespaces { process, call, flags, namespaces } => {
            Told { process, call, flags, namespaces: *namespaces, entry }
        }
        other => panic!("not asked for: {other:?}"),
    }
}

fn flags(bits: i32) -> u64 {
    u64::from(bits.cast_unsigned())
}

fn inode(namespace: Option<ThreadNamespace>) -> u64 {
    namespace.map_or(0, |namespace| namespace.inode.into())
}

fn kernel_has_ids() -> bool {
    let btf = Btf::from_kernel().expect("the kernel's types");
    btf.find(Place::Member("ns_common.ns_id")).is_some()
}

fn short_lives_are_told_apart() {
    const LIVES: usize = 4;
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut all = Vec::new();
    for _ in 0..LIVES {
        let ended = Started::new(&mut unshare(libc::CLONE_NEWUTS)).reap();
        all.push(told(&mut changes, ended.pid));
    }
    let ours = proc::namespace(std::process::id(), "uts");
    for told in &all {
        assert_eq!((told.call, told.flags), (NamespaceCall::Unshare, flags(libc::CLONE_NEWUTS)));
        assert_ne!(inode(told.namespaces.own[UTS]), ours, "{told:?}");
        assert_ne!(told.namespaces.own[UTS], None, "{told:?}");
        assert_eq!(told.process.tid, told.process.key.pid);
        let of_life = changes.of_life(told.process.key);
        let count = of_life.filter(|what| matches!(what, What::Namespaces { .. })).count();
        assert_eq!(count, 1, "{told:?}");
    }
    let ids = all.iter().filter_map(|told| told.namespaces.own[UTS]?.id);
    let ids: BTreeSet<u64> = ids.collect();
    assert_eq!(ids.len(), if kernel_has_ids() { LIVES } else { 0 }, "{all:?}");
}

fn ids_are_those_of_the_kernel() {
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let mut actor = unshare_later(libc::CLONE_NEWUTS | libc::CLONE_NEWNET | libc::CLONE_NEWIPC);
    actor.tell("go");
    actor.hear("unshared true");
    let told = told(&mut changes, actor.pid());
    for (kind, namespace) in NAMESPACES.iter().zip(told.namespaces.own) {
        let path = format!("/proc/{}/ns/{kind}", actor.pid());
        let Ok(file) = File::open(path) else {
            assert_eq!(namespace, None, "{kind}");
            continue;
        };
        assert_eq!(inode(namespace), proc::namespace(actor.pid(), kind), "{kind}");
        let id = sys::namespace_id(&file.into()).ok();
        assert_eq!(namespace.expect("a namespace").id, id, "{kind}");
        assert_eq!(id.is_some(), kernel_has_ids(), "{kind}");
    }
    let own = told.namespaces.own;
    assert_eq!(told.namespaces.pid_for_children, own[0]);
    assert_eq!(told.namespaces.time_for_children, own[7]);
    actor.dismiss();
}

/// Says who entered the uts namespace of another process, and that one's.
fn entered(changes: &mut Changes) -> (Told, u64) {
    let mut other = unshare_later(libc::CLONE_NEWUTS);
    other.tell("go");
    other.hear("unshared true");
    let target = proc::namespace(other.pid(), "uts");
    let path = format!("/proc/{}/ns/uts", other.pid());
    let words = ["namespaces", "enter-when-told", &path, &format!("{:x}", libc::CLONE_NEWUTS)];
    let mut actor = Actor::new(&mut act(&words));
    actor.hear("ready");
    actor.tell("go");
    actor.hear("entered");
    let told = told(changes, actor.pid());
    actor.dismiss();
    other.dismiss();
    (told, target)
}

fn who_enters_those_of_another() {
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    let (told, target) = entered(&mut changes);
    assert_eq!((told.call, told.flags), (NamespaceCall::Setns, flags(libc::CLONE_NEWUTS)));
    assert_eq!(inode(told.namespaces.own[UTS]), target);
    assert_eq!(u64::from(told.entry.process.namespaces[UTS]), target, "in the table");
}

/// Asserts that a child is told to be created in namespaces of users and of net of its own.
fn assert_created(monitor: &Monitor) {
    const NEW: i32 = libc::CLONE_NEWNET | libc::CLONE_NEWUSER;
    let mut changes = Changes::of(monitor.subscribe());
    let token = unique("created");
    let actor = Actor::new(&mut act(&["spaces", &format!("{NEW:x}"), &token]));
    let lines = [actor.hear(""), actor.hear("")];
    let child = lines.iter().find_map(|line| line.strip_prefix("child ")?.parse().ok());
    let child = child.expect("the child's pid");
    let told = told(&mut changes, child);
    assert_eq!(told.call, NamespaceCall::Clone);
    assert_eq!(told.flags & flags(NEW), flags(NEW));
    for (index, kind) in [(2, "net"), (3, "user")] {
        let truth = proc::namespace(child, kind);
        assert_eq!(inode(told.namespaces.own[index]), truth, "{kind}");
        assert_ne!(truth, proc::namespace(std::process::id(), kind), "{kind}");
        assert_eq!(u64::from(told.entry.process.namespaces[index]), truth, "{kind} in the table");
    }
    actor.dismiss();
}

fn who_is_created_in_new_ones() {
    assert_created(&asked_for());
}

fn entry(monitor: &Monitor, pid: u32) -> Arc<Entry> {
    let snapshot = monitor.snapshot(Freshness::Table).expect("a snapshot");
    Arc::clone(snapshot.get(pid).expect("the process"))
}

/// Asserts that a thread with new namespaces is told, and its process stays where it is. `look` is
/// called while the process lives.
fn assert_alone(monitor: &Monitor, words: [&str; 2], look: impl FnOnce(&Told)) {
    let mut changes = Changes::of(monitor.subscribe());
    let mut actor = Actor::new(&mut act(&["namespaces", words[0], words[1]]));
    actor.hear("ready");
    let pid = actor.pid();
    let before = entry(monitor, pid).process.namespaces;
    actor.tell("go");
    let tid = actor.hear_number("thread");
    let told = told(&mut changes, pid);
    assert_eq!((told.process.key.pid, told.process.tid), (pid, tid));
    assert_eq!(told.flags & flags(bits(words[1])), flags(bits(words[1])));
    assert_ne!(inode(told.namespaces.own[UTS]), proc::namespace(pid, "uts"));
    look(&told);
    assert_ne!(before, [0; 8]);
    assert_eq!(told.entry.process.namespaces, before);
    assert_eq!(entry(monitor, pid).process.namespaces, before);
    assert_eq!(u64::from(before[UTS]), proc::namespace(pid, "uts"));
    actor.dismiss();
}

fn assert_leaves_alone(monitor: &Monitor) {
    let new = format!("{:x}", libc::CLONE_NEWNS | libc::CLONE_NEWUTS);
    assert_alone(monitor, ["thread", &new], |told| {
        for (index, kind) in [(UTS, "uts"), (1, "mnt")] {
            let truth = proc::namespace(told.process.tid, kind);
            assert_eq!(inode(told.namespaces.own[index]), truth, "{kind}");
        }
    });
}

fn a_thread_leaves_its_process_where_it_is() {
    assert_leaves_alone(&asked_for());
}

fn a_thread_that_is_created_in_new_ones() {
    let new = format!("{:x}", libc::CLONE_NEWUTS);
    assert_alone(&asked_for(), ["new-thread", &new], |told| {
        assert_eq!(told.call, NamespaceCall::Clone);
    });
}

fn a_call_that_fails_is_not_told() {
    let monitor = asked_for();
    let mut changes = Changes::of(monitor.subscribe());
    // There is no such flag.
    let mut actor = unshare_later(libc::CLONE_NEWUTS | 1);
    let key = entry(&monitor, actor.pid()).process.key;
    actor.tell("go");
    actor.hear("unshared false");
    actor.dismiss();
    let is_exit = |what: &What| matches!(what, What::Exit { .. }) && what.key() == Some(key);
    changes.wait_for("the exit", |update| is_exit(&update.change.event.what));
    let others = changes.of_life(key).filter(|what| matches!(what, What::Namespaces { .. }));
    assert_eq!(others.count(), 0);
}

/// The tracepoints on which programs of this process sit, as the kernel tells of its descriptors.
pub(crate) fn attached() -> Vec<String> {
    let all = fs::read_dir("/proc/self/fdinfo").expect("descriptors").flatten();
    let texts = all.filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let name = |text: String| {
        let line = text.lines().find_map(|line| line.strip_prefix("tp_name:"));
        line.map(|name| name.trim().to_owned())
    };
    texts.filter_map(name).collect()
}

fn nothing_where_nobody_asks() {
    let count = |wanted: &str| attached().iter().filter(|name| *name == wanted).count();
    let monitor = Monitor::builder().backend(Backend::Bpf).start().expect("a monitor");
    let copies = if preempts() { 2 } else { 1 };
    assert_eq!((count("task_newtask"), count("sys_exit")), (copies, 0));
    let mut changes = Changes::of(monitor.subscribe());
    let ended = Started::new(&mut unshare(libc::CLONE_NEWUTS)).reap();
    changes.wait_for("the exit", |update| {
        let what = &update.change.event.what;
        matches!(what, What::Exit { .. }) && what.key().is_some_and(|key| key.pid == ended.pid)
    });
    let told = changes.seen.iter().map(|update| &update.change.event.what);
    let others: Vec<_> = told.filter(|what| matches!(what, What::Namespaces { .. })).collect();
    assert!(others.is_empty(), "{others:?}");
    drop(monitor);
    let _monitor = asked_for();
    assert_eq!((count("task_newtask"), count("sys_exit")), (copies + 1, 1), "where somebody does");
}

fn by_tracepoints_of_who_lives_on() {
    let monitor = by_perf();
    let mut changes = Changes::of(monitor.subscribe());
    let mut actor = unshare_later(libc::CLONE_NEWUTS);
    actor.tell("go");
    actor.hear("unshared true");
    let unshared = told(&mut changes, actor.pid());
    let truth = proc::namespace(actor.pid(), "uts");
    assert_eq!(unshared.call, NamespaceCall::Unshare);
    assert_eq!(unshared.flags, flags(libc::CLONE_NEWUTS));
    let uts = unshared.namespaces.own[UTS].expect("a namespace");
    assert_eq!((u64::from(uts.inode), uts.id), (truth, None));
    assert_eq!(unshared.namespaces.pid_for_children, unshared.namespaces.own[0]);
    assert_eq!(u64::from(unshared.entry.process.namespaces[UTS]), truth, "in the table");
    actor.dismiss();
    let (entered, target) = entered(&mut changes);
    assert_eq!((entered.call, entered.flags), (NamespaceCall::Setns, flags(libc::CLONE_NEWUTS)));
    assert_eq!(inode(entered.namespaces.own[UTS]), target);
    assert_created(&monitor);
    assert_leaves_alone(&monitor);
}

/// Whoever has gone by the time that it is looked at is told all the same.
fn by_tracepoints_of_short_lives() {
    let monitor = by_perf();
    let mut changes = Changes::of(monitor.subscribe());
    for _ in 0..4 {
        let ended = Started::new(&mut unshare(libc::CLONE_NEWUTS)).reap();
        let told = told(&mut changes, ended.pid);
        assert_eq!((told.call, told.flags), (NamespaceCall::Unshare, flags(libc::CLONE_NEWUTS)));
        let is_whole = told.namespaces.own.iter().all(Option::is_some);
        assert!(is_whole || told.namespaces == ThreadNamespaces::default(), "{told:?}");
    }
}

/// What a walk tells of a process.
fn walked(pid: u32) -> Row {
    let options = Options { kinds: vec![Kind::FREE], walks: true, ..Options::default() };
    let mut source = BpfSource::open(&options).expect("programs");
    let walks = source.walks().expect("walks were asked for");
    let tasks = walks.tasks(Facts::ALL_NAMESPACES).expect("a walk");
    let machine = Machine::read().expect("the machine");
    let task = tasks.iter().find(|task| task.key().pid == pid).expect("the process");
    task.describe(Facts::ALL_NAMESPACES, &machine)
}

fn a_walk_tells_what_children_get() {
    let own = walked(std::process::id());
    assert_eq!(own.for_children, [own.namespaces[0], own.namespaces[7]]);
    let mut actor = unshare_later(libc::CLONE_NEWPID | libc::CLONE_NEWTIME);
    actor.tell("go");
    actor.hear("unshared true");
    let facts = walked(actor.pid());
    let [pid, time] = facts.for_children;
    assert_eq!(facts.namespaces, own.namespaces, "it stays itself");
    assert_ne!(pid, own.for_children[0]);
    assert!(pid.is_some(), "nobody is in it yet");
    assert_eq!(time.map(u64::from), Some(proc::namespace(actor.pid(), "time_for_children")));
    assert_ne!(time, own.for_children[1]);
    actor.dismiss();
}

fn a_walk_tells_what_a_zombie_has_left() {
    let started = Started::new(&mut act(&["exit", "0", &unique("zombie")]));
    let pid = started.pid();
    wait_for_state(pid, "Z");
    let facts = walked(pid);
    let links = NAMESPACES.map(|kind| {
        let there = fs::read_link(format!("/proc/{pid}/ns/{kind}")).is_ok();
        if there { proc::namespace(pid, kind) } else { 0 }
    });
    assert_eq!(
        facts.namespaces.map(|inode| u64::from(inode.unwrap_or_default())),
        links,
        "{NAMESPACES:?}"
    );
    assert!(links[0] != 0 && links[3] != 0 && links[UTS] == 0, "{links:?}");
    assert_eq!(facts.for_children, [None; 2]);
    started.reap();
}
