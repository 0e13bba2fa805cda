//! Threads that get into other namespaces.

use super::*;

const NEWUTS: u64 = libc::CLONE_NEWUTS as u64;

/// Where a thread is, by the test's own /proc.
const HERE: [u32; 10] = [11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
const OWN: [u32; 8] = [11, 12, 13, 14, 15, 16, 17, 18];

fn begin() -> Play {
    Play::with_kinds(vec![Kind::FORK, Kind::NAMESPACE])
}

/// A new process that /proc shows.
fn child(play: &mut Play) -> ProcessKey {
    let key = play.fork(1, 100);
    play.world.rows.insert(100, row(100, 1, key.start_ns));
    key
}

#[test]
fn a_call_is_told_at_its_end_with_where_the_thread_is_then() {
    let mut play = begin();
    let key = child(&mut play);
    play.tell(100, 100, News::NamespaceCall { flags: NEWUTS });
    assert_eq!(play.of(Kind::NAMESPACE).len(), 0, "it may still fail");
    play.world.namespaces.insert(100, HERE);
    play.tell(100, 100, News::NamespaceCallDone { call: NamespaceCall::Unshare });
    let told = play.last();
    assert!(told.is(Kind::NAMESPACE) && told.key() == key);
    assert_eq!(
        (told.namespaces, told.call),
        (OWN, Some((NamespaceCall::Unshare, NEWUTS, [19, 20])))
    );
    play.fork(100, 101);
    assert_eq!(play.last().namespaces, [0, 12, 13, 14, 15, 16, 17, 0], "its child inherits them");
}

#[test]
fn a_thread_leaves_its_process_where_it_is() {
    let mut play = begin();
    child(&mut play);
    play.world.namespaces.extend([(100, OWN_OF_THE_LEADER), (101, HERE)]);
    play.tell(100, 100, News::NamespaceCallDone { call: NamespaceCall::Setns });
    play.tell(100, 100, new_task(101, libc::CLONE_THREAD));
    play.tell(100, 101, News::NamespaceCall { flags: NEWUTS });
    play.tell(100, 102, News::NamespaceCall { flags: 0 });
    play.tell(100, 101, News::NamespaceCallDone { call: NamespaceCall::Unshare });
    let told = play.last();
    assert_eq!(
        (told.pid, told.tid, told.namespaces, told.call.unwrap().1),
        (100, 101, OWN, NEWUTS)
    );
    play.fork(100, 103);
    assert_eq!(play.last().namespaces[1..7], OWN_OF_THE_LEADER[1..7]);
}

const OWN_OF_THE_LEADER: [u32; 10] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

#[test]
fn who_is_created_elsewhere_is_told_behind_its_fork() {
    let mut play = begin();
    play.world.namespaces.insert(100, HERE);
    let now_ns = play.now_ns + 1_000;
    play.world.rows.insert(100, row(100, 1, now_ns));
    play.tell(1, 1, new_task(100, libc::CLONE_NEWNET));
    let kinds: Vec<_> = play.got.iter().map(|got| got.kind).collect();
    assert_eq!(kinds, [Kind::FORK.0, Kind::NAMESPACE.0]);
    let flags = libc::CLONE_NEWNET as u64;
    assert_eq!(
        (play.last().namespaces, play.last().call),
        (OWN, Some((NamespaceCall::Clone, flags, [19, 20])))
    );
    play.tell(1, 1, new_task(101, libc::CLONE_THREAD | libc::CLONE_NEWIPC));
    assert_eq!((play.last().pid, play.last().tid, play.last().namespaces), (1, 101, [0; 8]));
    play.tell(1, 1, new_task(102, libc::SIGCHLD));
    assert!(play.last().is(Kind::FORK));
}

#[test]
fn where_one_is_who_has_gone_is_not_known() {
    let mut play = begin();
    let key = play.fork(1, 100);
    play.world.namespaces.insert(100, HERE);
    let later = ProcessKey { start_ns: key.start_ns + TICK_NS, ..key };
    play.world.rows.insert(100, row(100, 1, later.start_ns));
    play.tell(100, 100, News::NamespaceCallDone { call: NamespaceCall::Setns });
    assert_eq!(
        (play.last().namespaces, play.last().call),
        ([0; 8], Some((NamespaceCall::Setns, 0, [0; 2])))
    );
}

#[test]
fn nothing_is_told_that_was_not_asked_for() {
    let mut play = Play::begin();
    child(&mut play);
    play.world.namespaces.insert(101, HERE);
    play.tell(1, 1, new_task(101, libc::CLONE_NEWNET));
    assert_eq!(play.of(Kind::NAMESPACE).len(), 0);
}
