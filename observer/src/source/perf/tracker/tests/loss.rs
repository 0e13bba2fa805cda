//! After a loss.

use super::*;

#[test]
fn what_was_lost_is_no_cause() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.tell(1, 1, News::SignalGenerated { tid: 100, number: 15 });
    play.tracker.doubt();
    play.tell(100, 100, News::SignalDelivered { number: 9, default: true });
    play.exit(100);
    assert_eq!(play.last().status, None);
}

#[test]
fn whoever_has_come_is_known_by_proc() {
    let mut play = Play::begin();
    play.world.rows.insert(100, row(100, 1, NOW));
    play.tell(100, 100, exec(100, 100));
    assert_eq!(play.last().key(), ProcessKey { pid: 100, start_ns: NOW - NOW % TICK_NS });
    assert_eq!(play.last().parent, (1, TICK_NS));
    play.exit(100);
    assert_eq!(play.of(Kind::EXIT).len(), 1);
}

#[test]
fn whoever_has_gone_is_let_go_of_unless_its_end_is_still_told() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.fork(1, 101);
    play.tracker.doubt();
    play.look(Tracker::look_again);
    play.exit(100);
    assert_eq!(play.of(Kind::EXIT).len(), 1, "its end was on the way");
    play.now_ns += 10_000_000_000;
    play.fork(1, 102);
    assert!(play.tracker.lives.newest(101).is_none(), "its end was lost");
    assert!(play.tracker.lives.newest(1).is_some() && play.tracker.lives.newest(102).is_some());
}

#[test]
fn a_child_of_nobody_is_told_all_the_same() {
    let mut play = Play::begin();
    let child = |pid| new_task(pid, libc::SIGCHLD);
    play.tell(900, 900, child(100));
    play.tell(900, 900, child(101));
    play.tell(900, 900, child(102));
    play.world.rows.insert(100, row(100, 900, NOW));
    play.exit(101);
    assert_eq!(play.got, [], "their creator may be told late");
    play.now_ns += 1_000_000_000;
    play.fork(1, 103);
    let told: Vec<_> = play.got.iter().map(|got| (got.kind, got.pid, got.parent)).collect();
    let (fork, exit) = (Kind::FORK.0, Kind::EXIT.0);
    let nobody = (0, 0);
    let expected =
        [(fork, 100, nobody), (fork, 101, nobody), (exit, 101, nobody), (fork, 103, (1, TICK_NS))];
    assert_eq!((told, play.missed), (expected.to_vec(), 1), "102 has gone unseen");
}

#[test]
fn a_pid_whose_first_life_ended_unseen_has_a_second_one() {
    let mut play = Play::begin();
    let first = play.fork(1, 100);
    play.tracker.doubt();
    let second = play.fork(1, 100);
    play.exit(100);
    assert_ne!(first, second);
    assert_eq!(play.last().key(), second);
}

#[test]
fn a_stranger_is_known_by_proc_with_its_parents() {
    let mut play = Play::begin();
    play.world.rows.insert(200, row(200, 1, 7 * TICK_NS));
    play.world.rows.insert(100, row(100, 200, NOW));
    play.tell(100, 100, exec(100, 100));
    assert_eq!(play.last().parent, (200, 7 * TICK_NS));
    play.exit(200);
    assert_eq!(play.last().parent, (1, TICK_NS));
}

#[test]
fn what_was_waited_for_unseen_is_let_go_of() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.exit(100);
    play.tracker.doubt();
    play.look(Tracker::look_again);
    play.now_ns += 10_000_000_000;
    play.fork(1, 102);
    assert!(play.tracker.lives.newest(100).is_none());
}

#[test]
fn the_end_of_one_who_was_found_as_a_zombie_is_told() {
    let mut play = Play::begin();
    let mut zombie = row(100, 1, NOW);
    zombie.identity.as_mut().unwrap().zombie = true;
    play.world.rows.insert(100, zombie);
    play.look(Tracker::look_again);
    play.exit(100);
    assert_eq!((play.last().pid, play.got.len()), (100, 1));
    play.exit(100);
    assert_eq!(play.got.len(), 1, "once");
    play.tell(0, 0, News::Free { tid: 100 });
    assert!(play.last().is(Kind::FREE));
}

#[test]
fn who_had_gone_before_the_first_look_is_not_missed() {
    let mut play = Play::begin();
    play.tracker.is_ready(NOW + 5_000);
    play.exit(100);
    play.now_ns += 1_000_000_000;
    play.exit(101);
    play.now_ns += 1_000_000_000;
    play.fork(1, 102);
    assert_eq!(play.missed, 1, "only the second");
}
