//! Whose child a process is.

use super::*;

#[test]
fn a_brother_has_its_creators_parent() {
    let mut play = Play::begin();
    let parent = play.fork(1, 100);
    play.fork(100, 101);
    play.tell(101, 101, new_task(102, libc::CLONE_PARENT | libc::SIGCHLD));
    assert_eq!(play.last().parent, (100, parent.start_ns));
}

#[test]
fn children_of_the_dead_go_to_whom_proc_says() {
    let mut play = Play::begin();
    let reaper = play.fork(1, 50);
    play.fork(50, 100);
    let child = play.fork(100, 101);
    let other = play.fork(100, 102);
    for key in [child, other] {
        play.world.rows.insert(key.pid, row(key.pid, 50, key.start_ns));
    }
    play.exit(100);
    assert_eq!(play.last().reaper, (50, reaper.start_ns));
    for key in [child, other] {
        play.exit(key.pid);
        assert_eq!(play.last().parent, (50, reaper.start_ns), "process {}", key.pid);
    }
}

#[test]
fn a_child_that_was_not_moved_yet_tells_nothing() {
    let mut play = Play::begin();
    let parent = play.fork(1, 100);
    let child = play.fork(100, 101);
    play.world.rows.insert(101, row(101, 100, child.start_ns));
    play.exit(100);
    assert_eq!(play.last().reaper, (0, 0));
    play.world.rows.insert(101, row(101, 1, child.start_ns));
    play.tell(101, 101, exec(101, 101));
    assert_eq!(play.last().parent, (1, TICK_NS), "its parent was {parent:?}");
}

#[test]
fn who_has_no_children_has_no_reaper() {
    let mut play = Play::begin();
    play.fork(1, 100);
    let child = play.fork(100, 101);
    play.exit(101);
    play.world.rows.insert(101, row(101, 1, child.start_ns));
    play.exit(100);
    assert_eq!(play.last().reaper, (0, 0));
}

#[test]
fn another_life_of_a_childs_pid_is_no_child() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.fork(100, 101);
    play.exit(101);
    let stranger = play.fork(1, 101);
    play.world.rows.insert(101, row(101, 1, stranger.start_ns));
    play.exit(100);
    assert_eq!(play.last().reaper, (0, 0));
}
