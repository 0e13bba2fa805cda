//! Histories of a few processes, and what must be reported about their namespaces.

use std::sync::Arc;

use super::{Fate, Fates, NamespaceEvent};
use crate::{
    event::{
        Comm, Creator, Event, NamespaceCall, Process, ProcessKey, ThreadNamespace,
        ThreadNamespaces, What,
    },
    field::{Identity, Row},
    namespace::{Kin, NamespaceKind, Namespaces, made_up},
    origin::Origin,
    table::{Change, Entry, State},
};

const UTS: NamespaceKind = NamespaceKind::Uts;
const PID: NamespaceKind = NamespaceKind::Pid;

/// The inode numbers of a process that is where all are, but for these.
fn inodes(other: &[(NamespaceKind, u32)]) -> [u32; 8] {
    let mut inodes = std::array::from_fn(|index| 100 + u32::try_from(index).unwrap());
    for (kind, inode) in other {
        inodes[kind.index()] = *inode;
    }
    inodes
}

fn process(pid: u32, namespaces: [u32; 8]) -> Process {
    Process {
        key: ProcessKey { pid, start_ns: u64::from(pid) },
        parent: None,
        exec_id: 0,
        tid: pid,
        vpid: None,
        comm: Comm::new(*b"sh\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
        credentials: None,
        namespaces,
        cgroup: None,
    }
}

fn change(boot_ns: u64, what: What) -> Change {
    let entry = what.process().map(|process| {
        Arc::new(Entry {
            process: process.clone(),
            program: None,
            state: State::Running,
            life: 1,
            told_ns: boot_ns,
            inferred: false,
        })
    });
    Change { event: Event { boot_ns, cpu: 0, what }, entry, inferred: false }
}

/// What a call tells of a thread that is in these afterwards; the kernel's numbers are the inode
/// numbers plus `ids`, if there are any.
fn called(
    (boot_ns, pid): (u64, u32),
    (call, flags): (NamespaceCall, u64),
    now: [u32; 8],
    ids: Option<u64>,
) -> Change {
    let told = |inode: u32| ThreadNamespace { inode, id: ids.map(|ids| ids + u64::from(inode)) };
    let namespaces = ThreadNamespaces {
        own: now.map(|inode| Some(told(inode))),
        pid_for_children: Some(told(now[PID.index()])),
        time_for_children: Some(told(now[NamespaceKind::Time.index()])),
    };
    let (process, namespaces) = (process(pid, now), Box::new(namespaces));
    change(boot_ns, What::Namespaces { process, call, flags, namespaces })
}

fn forked(boot_ns: u64, parent: u32, child: Process) -> Change {
    let key = ProcessKey { pid: parent, start_ns: u64::from(parent) };
    let creator = Creator { key, tid: parent, comm: child.comm };
    change(boot_ns, What::Fork { process: child, creator, clone_flags: 0 })
}

/// A look that saw these processes, and the namespaces that they are in.
fn look(processes: &[(u32, [u32; 8])]) -> Namespaces {
    let mut found: Vec<_> = processes
        .iter()
        .flat_map(|(_, inodes)| NamespaceKind::ALL.into_iter().zip(*inodes))
        .map(|(kind, inode)| made_up::one(kind, inode.into(), Kin::Unknown))
        .collect();
    found.sort_by_key(|namespace| namespace.id.inode);
    found.dedup_by_key(|namespace| namespace.id.inode);
    let mut namespaces = made_up::all(found, &[]);
    let row = |(pid, inodes): &(u32, [u32; 8])| Row {
        pid: *pid,
        identity: Some(Identity { start_ns: u64::from(*pid), ..Identity::default() }),
        namespaces: inodes.map(Some),
        ..Row::default()
    };
    namespaces.listing.rows = processes.iter().map(row).collect();
    namespaces
}

/// A follower of a machine with the processes 1 and 2.
fn follower(origin: Origin) -> Fates {
    let mut follower = Fates::new(origin);
    let begin = look(&[(1, inodes(&[])), (2, inodes(&[]))]);
    follower.compare(&begin, (8, 9), &mut |_| {});
    follower
}

fn line(event: &NamespaceEvent) -> String {
    let by = event.actor.map_or_else(String::new, |actor| format!(" by {}", actor.key.pid));
    let mark = if event.inferred { "?" } else { "" };
    format!("{}{mark} {}{by}", event.what.name(), event.namespace)
}

fn heard(follower: &mut Fates, changes: &[Change]) -> Vec<String> {
    let mut lines = Vec::new();
    for change in changes {
        follower.hear(change, &mut |event| lines.push(line(&event)));
    }
    lines
}

fn unshare(at: (u64, u32), kind: NamespaceKind, inode: u32, ids: Option<u64>) -> Change {
    called(at, (NamespaceCall::Unshare, kind.clone_flag()), inodes(&[(kind, inode)]), ids)
}

#[test]
fn one_that_is_made_is_entered_with_it() {
    let mut follower = follower(Origin::Bpf);
    let told = heard(&mut follower, &[unshare((20, 2), UTS, 200, None)]);
    assert_eq!(told, ["created uts:200 by 2", "left uts:104 by 2"]);
}

#[test]
fn a_number_that_is_used_again_is_another_namespace() {
    let mut follower = follower(Origin::Bpf);
    let mut told = Vec::new();
    for (at, pid) in [(20, 3), (30, 4), (40, 5)] {
        let changes =
            [forked(at, 2, process(pid, inodes(&[]))), unshare((at + 1, pid), UTS, 200, None)];
        told.extend(heard(&mut follower, &changes));
    }
    let left = |pid| format!("left uts:104 by {pid}");
    assert_eq!(
        told,
        [
            "created uts:200 by 3",
            &left(3),
            "gone? uts:200",
            "created uts:200-2 by 4",
            &left(4),
            "gone? uts:200-2",
            "created uts:200-3 by 5",
            &left(5),
        ]
    );
}

#[test]
fn a_number_of_another_kind_is_another_namespace() {
    let mut follower = follower(Origin::Bpf);
    heard(&mut follower, &[unshare((20, 2), UTS, 200, None)]);
    let ipc = NamespaceKind::Ipc;
    let moved = look(&[(1, inodes(&[(ipc, 200)])), (2, inodes(&[]))]);
    let mut lines = Vec::new();
    follower.compare(&moved, (30, 35), &mut |event| lines.push(line(&event)));
    assert_eq!(lines, ["gone? uts:200", "created? ipc:200-2"]);
}

#[test]
fn the_kernels_number_tells_them_apart() {
    let mut follower = follower(Origin::Bpf);
    let told = heard(&mut follower, &[unshare((20, 2), UTS, 200, Some(5))]);
    assert_eq!(told[0], "created uts:200#205 by 2");
    let told = heard(&mut follower, &[unshare((30, 1), UTS, 200, Some(6))]);
    assert_eq!(told[..2], ["gone? uts:200#205", "created uts:200#206 by 1"]);
}

#[test]
fn who_enters_leaves_another() {
    let mut follower = follower(Origin::Bpf);
    let enter = called((30, 1), (NamespaceCall::Setns, 0), inodes(&[(UTS, 200)]), None);
    let told = heard(&mut follower, &[unshare((20, 2), UTS, 200, None), enter.clone()]);
    assert_eq!(told[2..], ["entered uts:200 by 1", "left uts:104 by 1"]);
    assert_eq!(heard(&mut follower, &[enter]), [""; 0], "it is there already");
}

#[test]
fn a_pid_namespace_is_entered_by_the_next_child() {
    let mut follower = follower(Origin::Bpf);
    let mut made = called((20, 2), (NamespaceCall::Unshare, PID.clone_flag()), inodes(&[]), None);
    if let What::Namespaces { namespaces, .. } = &mut made.event.what {
        namespaces.pid_for_children = Some(ThreadNamespace { inode: 200, id: None });
    }
    let child = forked(30, 2, process(3, inodes(&[(PID, 200)])));
    let told = heard(&mut follower, &[made, child]);
    assert_eq!(told, ["created pid:200 by 2", "entered pid:200 by 3"]);
}

#[test]
fn a_thread_alone_does_not_move_its_process() {
    let mut follower = follower(Origin::Bpf);
    let mut alone = unshare((20, 2), UTS, 200, None);
    if let What::Namespaces { process, .. } = &mut alone.event.what {
        process.tid = 77;
    }
    let enter = called((30, 2), (NamespaceCall::Setns, 0), inodes(&[(UTS, 200)]), None);
    let told = heard(&mut follower, &[alone, enter]);
    assert_eq!(told[2..], ["entered uts:200 by 2", "left uts:104 by 2"]);
}

#[test]
fn what_no_look_finds_is_missing_and_what_it_finds_is_told() {
    let mut follower = follower(Origin::Bpf);
    heard(&mut follower, &[unshare((20, 2), UTS, 200, None)]);
    let mut lines = Vec::new();
    let mut each = |event: NamespaceEvent| lines.push(line(&event));
    // It began before that was made.
    let early = look(&[(1, inodes(&[]))]);
    assert_eq!(follower.compare(&early, (15, 25), &mut each), [0; 0]);
    let later = look(&[(1, inodes(&[])), (2, inodes(&[(UTS, 300)]))]);
    assert_eq!(follower.compare(&later, (30, 35), &mut each), [200]);
    follower.gone(&[200], 36, &mut each);
    assert_eq!(lines, ["created? uts:300", "gone? uts:200"]);
}

#[test]
fn a_look_that_came_first_makes_no_second_one() {
    let mut follower = follower(Origin::Bpf);
    let found = look(&[(1, inodes(&[])), (2, inodes(&[(UTS, 200)]))]);
    follower.compare(&found, (30, 35), &mut |_| {});
    let told = heard(&mut follower, &[unshare((20, 2), UTS, 200, None)]);
    assert_eq!(told, ["entered uts:200 by 2", "left uts:104 by 2"]);
}

#[test]
fn where_no_calls_are_told_looks_tell_who_moved() {
    let moved = look(&[(1, inodes(&[])), (2, inodes(&[(UTS, 200)]))]);
    let told_of = |origin| {
        let mut follower = follower(origin);
        let mut lines = Vec::new();
        follower.compare(&moved, (30, 35), &mut |event| lines.push(line(&event)));
        lines
    };
    let listed = ["created? uts:200", "entered? uts:200 by 2", "left? uts:104 by 2"];
    assert_eq!(told_of(Origin::Proc), listed);
    // There the call itself is told, before the look or after it.
    assert_eq!(told_of(Origin::Bpf), listed[..1]);
}

#[test]
fn fates_have_names() {
    let names = [Fate::Created, Fate::Entered, Fate::Left, Fate::Gone].map(Fate::name);
    assert_eq!(names, ["created", "entered", "left", "gone"]);
}
