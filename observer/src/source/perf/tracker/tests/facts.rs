//! What is known of a process beyond its identity.

use std::sync::Arc;

use super::*;
use crate::event::Cgroup;

fn told_by_proc(play: &mut Play, key: ProcessKey, uid: u32, name: &str, args: &'static [u8]) {
    let mut row = with_user(row(key.pid, 1, key.start_ns), uid);
    row.arguments = Some(Bytes::from_static(args));
    if let Some(identity) = &mut row.identity {
        identity.comm = name.as_bytes().into();
    }
    play.world.rows.insert(key.pid, row);
}

fn args(play: &Play) -> Option<&[u8]> {
    play.last().args.as_deref()
}

#[test]
fn after_an_exec_proc_tells() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    told_by_proc(&mut play, key, 7, "forked", b"new\0-x\0");
    play.tell(100, 100, exec(100, 100));
    assert_eq!((args(&play), play.last().uid), (Some(&b"new\0-x\0"[..]), Some(7)));
}

#[test]
fn who_has_gone_tells_nothing() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, exec(100, 100));
    let Got { args: None, uid: None, vpid: None, cgroup: None, .. } = play.last() else {
        panic!("nobody told this: {:?}", play.last());
    };
}

#[test]
fn a_later_life_of_the_pid_is_not_asked_instead() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    let later = ProcessKey { start_ns: key.start_ns + TICK_NS, ..key };
    told_by_proc(&mut play, later, 7, "forked", b"other\0");
    play.tell(100, 100, exec(100, 100));
    assert_eq!((args(&play), play.last().uid), (None, None));
}

#[test]
fn arguments_of_the_next_program_are_not_those_of_this_one() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    told_by_proc(&mut play, key, 7, "next", b"next\0");
    play.tell(100, 100, exec(100, 100));
    assert_eq!((args(&play), play.last().uid), (None, Some(7)));
    let filename = Bytes::from_static(b"/bin/new");
    let overtaken = News::Exec { pid: 100, old_pid: 100, filename, overtaken: true };
    told_by_proc(&mut play, key, 7, "forked", b"next\0");
    play.tell(100, 100, overtaken);
    assert_eq!(args(&play), None);
}

#[test]
fn a_zombie_has_no_arguments_left() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    told_by_proc(&mut play, key, 7, "forked", b"");
    play.tell(100, 100, exec(100, 100));
    assert_eq!(args(&play), None);
}

#[test]
fn arguments_are_cut_as_asked_for() {
    let mut play = Play::begin();
    play.tracker.wanted.args_max = Some(3);
    let key = play.fork(1, 100);
    told_by_proc(&mut play, key, 7, "forked", b"new\0-x\0");
    play.tell(100, 100, exec(100, 100));
    assert_eq!(args(&play), Some(&b"new"[..]));
}

#[test]
fn a_child_has_what_its_parent_was_known_to_have() {
    let mut play = Play::begin();
    play.world.rows.insert(1, with_user(row(1, 0, TICK_NS), 7));
    play.fork(1, 100);
    assert_eq!((play.last().uid, play.last().vpid), (Some(7), None));
    play.world.asked.clear();
    play.fork(100, 101);
    assert_eq!((play.last().uid, &*play.world.asked), (Some(7), &[][..]));
}

#[test]
fn an_end_is_told_with_the_status_that_was_seen() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, News::ExitCall { code: 3, group: true });
    play.exit(100);
    assert_eq!(play.last().status, Some(Ending::Code(3)));
    play.tell(0, 0, News::Free { tid: 100 });
    assert_eq!(play.last().status, Some(Ending::Code(3)));
    play.fork(1, 101);
    play.exit(101);
    assert_eq!(play.last().status, None);
}

#[test]
fn an_exec_forgets_what_would_have_ended_the_others() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 101, News::ExitCall { code: 3, group: true });
    play.tell(100, 100, exec(100, 100));
    play.exit(100);
    assert_eq!(play.last().status, None);
}

#[test]
fn a_name_that_stays_is_no_news() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(100, 100, News::Rename { tid: 100, old: comm("a"), new: comm("a") });
    assert_eq!(play.of(Kind::RENAME).len(), 0);
    play.tell(100, 100, News::Rename { tid: 100, old: comm("a"), new: comm("b") });
    assert_eq!((play.of(Kind::RENAME).len(), &*play.last().comm), (1, "b"));
    play.exit(100);
    assert_eq!(play.last().comm, "ended");
}

#[test]
fn only_what_was_asked_for_is_given() {
    let mut play = Play::with_kinds(vec![Kind::FREE]);
    play.fork(1, 100);
    play.tell(100, 100, exec(100, 100));
    play.exit(100);
    assert_eq!(play.got, []);
    play.tell(0, 0, News::Free { tid: 100 });
    assert_eq!(play.got.len(), 1);
    assert!(play.world.asked.is_empty(), "an end needs nothing of /proc");
}

#[test]
fn a_move_is_told_with_the_new_place() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    let attach = |path: &'static [u8]| News::Attach {
        pid: 100,
        hierarchy: 0,
        path: Bytes::from_static(path),
    };
    play.tell(1, 1, attach(b"/a"));
    assert!(play.last().is(Kind::CGROUP) && play.last().key() == key);
    play.tell(1, 1, News::Attach { pid: 101, hierarchy: 0, path: Bytes::new() });
    assert_eq!(play.of(Kind::CGROUP).len(), 1, "a thread is no process");
}

#[test]
fn a_move_in_a_hierarchy_that_is_not_told_is_none() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    let place = |play: &mut Play, v1: &str| {
        let mut row = row(100, 1, key.start_ns);
        let (v2, v1) = ("/".to_owned(), Some(v1.to_owned()));
        row.cgroup = Some(Arc::new(Cgroup { v2, v1, container: None }));
        play.world.rows.insert(100, row);
        play.tell(1, 1, News::Attach { pid: 100, hierarchy: 3, path: Bytes::from_static(b"/x") });
        play.of(Kind::CGROUP).len()
    };
    assert_eq!(place(&mut play, "/a"), 1);
    assert_eq!(place(&mut play, "/a"), 1, "it was moved in another hierarchy");
    assert_eq!(place(&mut play, "/b"), 2);
}
