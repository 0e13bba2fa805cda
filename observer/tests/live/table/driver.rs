//! One driver for everybody in a process: a subscriber, what a command causes, and what becomes of
//! namespaces share one ring, one table and one thread.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsFd as _;
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use observer::Monitor;
use observer::cause::CausalSet;
use observer::event::{Kind, What};
use observer::follow::{Answer, Follower, Wish};
use observer::monitor::{Joined, Told};
use observer::namespace::{
    NamespaceFollower, NamespaceKind,
    follow::{Fate, News},
};
use observer::source::Backend;
use observer::table::Change;

use crate::events::namespace_events::{attached, unshare};
use crate::support::child::{Started, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::need::bpf;
use crate::support::sys;

use super::changes::Changes;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            followers_that_come_and_go_load_nothing,
            a_subscription_is_readable_while_there_is_something_to_take,
        }
    ]
}

fn followers_that_come_and_go_load_nothing() {
    let before = sys::bpf_ids();
    let monitor = Monitor::builder()
        .backend(Backend::Bpf)
        .may_follow(&[Kind::NAMESPACE, Kind::REQUEST])
        .start()
        .expect("a monitor");
    let loaded = loaded_since(&before);
    assert!(!loaded.0.is_empty() && !loaded.1.is_empty());
    let own = own_ids();
    assert_eq!(rings(), 1);
    wait_until("a thread of that name", || threads_called("observer") == 1);
    assert!(!is_attached("sys_exit"), "nobody follows namespaces yet");

    let mut changes = Changes::of(monitor.subscribe());
    let follower = NamespaceFollower::new(monitor.origin());
    let namespaces = monitor.join(follower).expect("a follower");
    assert!(is_attached("sys_exit"), "what it lives on is attached by then");
    wait_until("the first look", || namespaces.with(|one| one.has_begun()) == Some(true));

    let set = monitor.join(NextCommand::of_this_process()).expect("a follower");
    let command = Started::new(&mut unshare(libc::CLONE_NEWUTS));
    let pid = command.pid();
    command.reap();
    let token = unique("driver");
    Started::new(&mut act(&["exit", "0", &token])).reap();

    changes.wait_for("the exec", |update| match &update.change.event.what {
        What::Exec { args: Some(args), .. } => args.iter().any(|word| word == token.as_bytes()),
        _ => false,
    });
    wait_until("what became of its namespace", || made_by(&namespaces, pid));
    wait_until("the command's end in its set", || {
        set.with(|next| next.has_seen_the_end_of(pid)) == Some(true)
    });
    assert_eq!((rings(), threads_called("observer")), (1, 1), "all of them share one driver");
    assert_eq!(own_ids(), own, "they have loaded nothing");
    assert_kept(&loaded);

    drop((namespaces, set));
    wait_until("its programs to be detached", || !is_attached("sys_exit"));
    assert_eq!(own_ids(), own, "nor has anything gone");
    assert_kept(&loaded);
    drop(monitor);
    assert_eq!(rings(), 0);
}

/// What the next process that this one spawns causes.
struct NextCommand {
    since_ns: u64,
    set: Option<CausalSet>,
}

impl NextCommand {
    fn of_this_process() -> Self {
        Self { since_ns: sys::boot_ns(), set: None }
    }

    fn has_seen_the_end_of(&self, pid: u32) -> bool {
        let command = self.set.as_ref().and_then(CausalSet::command);
        command.is_some_and(|command| command.process.key.pid == pid && command.end.is_some())
    }
}

impl Follower for NextCommand {
    fn kinds(&self) -> &'static [Kind] {
        &[Kind::REQUEST]
    }

    fn apply(&mut self, change: &Change) {
        if let What::Fork { process, creator, .. } = &change.event.what
            && self.set.is_none()
            && creator.key.pid == std::process::id()
        {
            self.set = Some(CausalSet::of_command(process.key.pid, self.since_ns));
        }
        if let Some(set) = &mut self.set {
            set.apply(change);
        }
    }

    fn next_wish(&mut self) -> Option<Wish> {
        self.set.as_mut()?.next_wish()
    }

    fn answer(&mut self, answer: &Answer) {
        if let Some(set) = &mut self.set {
            set.answer(answer);
        }
    }
}

/// The descriptor says so before anybody looks, and no longer than that.
fn a_subscription_is_readable_while_there_is_something_to_take() {
    let monitor = super::monitor();
    let mut subscription = monitor.subscribe();
    let is_readable = |subscription: &observer::monitor::Subscription, within: PollTimeout| {
        let fd = subscription.as_fd().expect("a descriptor");
        poll(&mut [PollFd::new(fd.as_fd(), PollFlags::POLLIN)], within).expect("a poll") == 1
    };
    Started::new(&mut act(&["exit", "0"])).reap();
    let within = PollTimeout::try_from(soon()).expect("a short time");
    assert!(is_readable(&subscription, within), "an exit is something to take");
    let deadline = Instant::now() + soon();
    while Instant::now() < deadline {
        while let Some(told) = subscription.try_recv().expect("a monitor") {
            assert!(matches!(told, Told::Update(_)), "{told:?}");
        }
        // Others on this machine go on.
        if !is_readable(&subscription, PollTimeout::ZERO) {
            return;
        }
    }
    panic!("it stays readable when nothing is left to take");
}

fn made_by(namespaces: &Joined<NamespaceFollower>, pid: u32) -> bool {
    let news = namespaces.with(|one| std::iter::from_fn(|| one.next_news()).collect::<Vec<_>>());
    news.unwrap_or_default().iter().any(|news| match news {
        News::Event(event) => {
            event.what == Fate::Created
                && event.namespace.kind == NamespaceKind::Uts
                && event.actor.is_some_and(|actor| actor.key.pid == pid)
        }
        News::Lost { .. } => false,
    })
}

fn is_attached(tracepoint: &str) -> bool {
    attached().iter().any(|name| name == tracepoint)
}

/// The ids of programs and maps that descriptors of this process lead to, each once.
fn own_ids() -> BTreeSet<String> {
    let is_id = |line: &str| line.starts_with("prog_id:") || line.starts_with("map_id:");
    let ids = own_descriptors().flat_map(|text| {
        let ids = text.lines().filter(|line| is_id(line)).map(str::to_owned);
        ids.collect::<Vec<_>>()
    });
    ids.collect()
}

/// What the kernel's list has beyond this one, once what loading took for a moment is gone from it.
fn loaded_since(before: &(Vec<u32>, Vec<u32>)) -> (Vec<u32>, Vec<u32>) {
    let beyond = |mut now: Vec<u32>, before: &[u32]| {
        now.retain(|id| !before.contains(id));
        now
    };
    let look = || {
        let (programs, maps) = sys::bpf_ids();
        (beyond(programs, &before.0), beyond(maps, &before.1))
    };
    let deadline = Instant::now() + soon();
    loop {
        let loaded = look();
        thread::sleep(Duration::from_millis(100));
        if look() == loaded || Instant::now() >= deadline {
            return loaded;
        }
    }
}

/// By the kernel's list none of these has gone. Others on this machine may load some of their own.
#[track_caller]
fn assert_kept((programs, maps): &(Vec<u32>, Vec<u32>)) {
    let now = sys::bpf_ids();
    let gone = |before: &[u32], now: &[u32]| before.iter().any(|id| !now.contains(id));
    assert!(!gone(programs, &now.0) && !gone(maps, &now.1), "{programs:?} {maps:?} {now:?}");
}

/// What the kernel says of each descriptor of this process.
fn own_descriptors() -> impl Iterator<Item = String> {
    let all = fs::read_dir("/proc/self/fdinfo").expect("descriptors").flatten();
    all.filter_map(|entry| fs::read_to_string(entry.path()).ok())
}

/// Ring buffers that this process has a descriptor of.
fn rings() -> usize {
    /// See `enum bpf_map_type`.
    const RING: &str = "map_type:\t27";
    own_descriptors().filter(|text| text.lines().any(|line| line == RING)).count()
}

fn threads_called(name: &str) -> usize {
    let all = fs::read_dir("/proc/self/task").expect("threads").flatten();
    let names = all.filter_map(|entry| fs::read_to_string(entry.path().join("comm")).ok());
    names.filter(|comm| comm.trim() == name).count()
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + soon();
    while !holds() {
        assert!(Instant::now() < deadline, "{what} should come");
        thread::sleep(Duration::from_millis(2));
    }
}
