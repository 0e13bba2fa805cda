//! Which life a pid stands for.

use super::*;

#[test]
fn a_life_has_one_identity_from_its_fork_to_its_end() {
    let mut play = Play::begin();
    let key = play.fork(1, 100);
    play.tell(100, 100, exec(100, 100));
    play.exit(100);
    play.tell(0, 0, News::Free { tid: 100 });
    let kinds = [Kind::FORK, Kind::EXEC, Kind::EXIT, Kind::FREE].map(|kind| kind.0);
    assert_eq!(play.got.iter().map(|got| got.kind).collect::<Vec<_>>(), kinds);
    assert!(play.got.iter().all(|got| got.key() == key), "{:?}", play.got);
    assert_eq!(play.got[0].parent, (1, TICK_NS));
}

#[test]
fn the_next_life_of_a_pid_is_another_one() {
    let mut play = Play::begin();
    let first = play.fork(1, 100);
    play.exit(100);
    let second = play.fork(1, 100);
    play.tell(0, 0, News::Free { tid: 100 });
    assert_eq!(play.last().key(), first, "the first to end is the first to go");
    play.exit(100);
    assert_eq!(play.last().key(), second);
}

#[test]
fn of_a_start_right_after_a_tick_proc_knows_the_tick() {
    let mut play = Play::begin();
    play.now_ns = 600 * TICK_NS + 5_000;
    play.world.rows.insert(100, row(100, 1, 599 * TICK_NS));
    play.fork(1, 100);
    assert_eq!(play.last().start_ns, 600 * TICK_NS - 1);
    play.world.rows.clear();
    let told = play.fork(1, 101);
    assert_eq!(play.last().key(), told, "nobody can tell any more");
}

#[test]
fn far_from_a_tick_nobody_is_asked() {
    let mut play = Play::begin();
    play.fork(1, 100);
    play.world.asked.clear();
    play.fork(1, 101);
    assert!(play.world.asked.is_empty(), "{:?}", play.world.asked);
}

#[test]
fn one_who_was_there_before_has_the_start_that_proc_tells() {
    let mut play = Play::begin();
    play.tell(1, 1, exec(1, 1));
    assert_eq!(play.last().key(), ProcessKey { pid: 1, start_ns: TICK_NS });
}

#[test]
fn one_who_was_found_before_its_fork_was_told_is_the_same() {
    let mut play = Play::begin();
    play.world.rows.insert(100, row(100, 1, NOW));
    play.look(Tracker::look_around);
    play.fork(1, 100);
    play.exit(100);
    let found = ProcessKey { pid: 100, start_ns: NOW - NOW % TICK_NS };
    assert_eq!(play.got.iter().map(Got::key).collect::<Vec<_>>(), [found, found]);
}

#[test]
fn news_ahead_of_the_fork_wait_for_it() {
    let mut play = Play::begin();
    play.now_ns += 1_000;
    let fork_ns = play.now_ns;
    play.tell(100, 100, exec(100, 100));
    assert_eq!(play.got, []);
    let news = new_task(100, libc::SIGCHLD);
    let fork = Told { boot_ns: fork_ns, cpu: 1, pid: 1, tid: 1, news };
    play.look(|tracker, with| tracker.take(fork, with));
    let kinds: Vec<_> = play.got.iter().map(|got| (got.kind, got.start_ns)).collect();
    assert_eq!(kinds, [(Kind::FORK.0, fork_ns), (Kind::EXEC.0, fork_ns)]);
}

#[test]
fn news_of_nobody_are_given_up() {
    let mut play = Play::begin();
    play.tell(100, 100, exec(100, 100));
    play.now_ns += 1_000_000_000;
    play.fork(1, 100);
    assert_eq!((play.got.len(), play.missed), (1, 1), "{:?}", play.got);
}

#[test]
fn a_late_end_belongs_to_the_life_that_was_there_then() {
    let mut play = Play::begin();
    let first = play.fork(1, 100);
    play.now_ns += 1_000;
    let exit_ns = play.now_ns;
    let second = play.fork(1, 100);
    let exit = Told { boot_ns: exit_ns, cpu: 1, pid: 100, tid: 100, news: last_exit() };
    play.look(|tracker, with| tracker.take(exit, with));
    assert_eq!(play.last().key(), first);
    play.exit(100);
    assert_eq!(play.last().key(), second);
}

#[test]
fn what_is_over_is_forgotten() {
    let mut play = Play::with_kinds(vec![Kind::EXIT]);
    for child in 0..1_000 {
        play.fork(1, 100 + child);
        play.exit(100 + child);
        play.now_ns += 1_000_000;
    }
    assert!(play.tracker.lives.len() < 300, "{} are remembered", play.tracker.lives.len());
    assert_eq!(play.got.len(), 1_000);
}
