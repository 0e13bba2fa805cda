//! The namespaces of a live table are those of a look at /proc.

use observer::namespace::{FACTS, Namespace, Namespaces, Options, scan};
use observer::namespace::{NamespaceId, NamespaceKind};
use observer::source::Backend;
use observer::{Error, Monitor, Process};

use super::scene::{Keeper, Scene};
use super::truth::Space;
use crate::support::harness::{Case, cases};
use crate::support::need::{bpf, perf, root};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] { kept_by_ebpf }
        Host [perf] { kept_by_tracepoints }
        Host [root] { of_a_process }
    ]
}

fn of_table(monitor: &Monitor) -> Namespaces {
    let snapshot = monitor.snapshot_for(FACTS).expect("a snapshot");
    let listing = snapshot.listing(FACTS).expect("a listing");
    Namespaces::of(listing, Options::default()).expect("namespaces")
}

fn kept_by_ebpf() {
    compare(Backend::Bpf);
}

fn kept_by_tracepoints() {
    compare(Backend::Perf);
}

/// Some are there before the table, some come after.
fn compare(backend: Backend) {
    let earlier = Scene::start();
    let monitor = Monitor::builder().backend(backend).start().expect("a monitor");
    let later = Scene::start();
    let before = scan(Options::default()).expect("namespaces");
    let told = of_table(&monitor);
    let after = scan(Options::default()).expect("namespaces");
    // The kernel tells eBPF of processes that /proc keeps closed.
    assert!(told.unreadable <= before.unreadable, "unreadable: {}", told.unreadable);
    for scene in [&earlier, &later] {
        let deep_only = [&scene.file, &scene.thread, &scene.socket].map(Keeper::space);
        for space in scene.spaces().iter().filter(|space| !deep_only.contains(space)) {
            let truth = before.get(space.inode).expect("one that a scan finds");
            assert_same(told.get(space.inode), truth);
        }
    }
    for one in before.all.iter().filter(|one| after.get(one.id.inode).is_some()) {
        assert!(told.get(one.id.inode).is_some(), "no {}", one.id);
    }
    for row in &later.nest.pids() {
        assert!(told.process(*row).is_some(), "process {row}");
    }
}

fn assert_same(told: Option<&Namespace>, truth: &Namespace) {
    let told = told.unwrap_or_else(|| panic!("no {}: {truth:?}", truth.id));
    let facts = |one: &Namespace| {
        let Namespace { id, owner, parent, creator, members, zombies, kernel_threads, .. } = one;
        let count = (*zombies, *kernel_threads);
        (*id, *owner, *parent, *creator, members.clone(), count)
    };
    assert_eq!(facts(told), facts(truth), "{}", truth.id);
    let rest = |one: &Namespace| {
        (one.uid_map.clone(), one.gid_map.clone(), one.mounts, one.holders.clone())
    };
    assert_eq!(rest(told), rest(truth), "{}", truth.id);
}

fn of_a_process() {
    let scene = Scene::start();
    for pid in scene.pids() {
        for kind in NamespaceKind::ALL {
            let told = Process::new(pid).namespace(kind);
            let Some(space) = Space::of(pid, kind.name()) else {
                assert!(matches!(told, Err(Error::JoinRefused { .. })), "of a zombie: {told:?}");
                assert_eq!(pid, scene.nest.zombie, "who has no {kind:?} namespace");
                continue;
            };
            let NamespaceId { kind, inode, .. } = told.expect("a namespace");
            assert_eq!((kind.name(), inode), (space.kind.as_str(), space.inode), "of {pid}");
        }
    }
}
