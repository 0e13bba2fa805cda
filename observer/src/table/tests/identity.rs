//! Which life is meant.

use super::*;

#[test]
fn a_pid_that_is_used_again_was_let_go_first() {
    let mut table = table();
    let (old, new) = (key(5, 10), key(5, 20));
    assert_eq!(tell(&mut table, [fork(old, INIT)]), ["fork 5"]);
    assert_eq!(tell(&mut table, [fork(new, INIT)]), ["~gone 5", "fork 5"]);
    assert_eq!(table.get(5).unwrap().process.key, new);
    assert!(matches!(table.find(old).unwrap().state, State::Freed(_)));
    assert_eq!(table.len(), 1);
}

#[test]
fn a_zombie_whose_pid_is_used_again_has_been_waited_for() {
    let mut table = table();
    let (old, new) = (key(5, 10), key(5, 20));
    tell(&mut table, [fork(old, INIT), exit(15, old, None)]);
    assert_eq!(tell(&mut table, [fork(new, INIT)]), ["gone 5", "fork 5"]);
    assert_eq!(table.zombies().count(), 0);
    assert_eq!(table.find(old).unwrap().state.end().unwrap().status, STATUS);
}

#[test]
fn an_older_life_that_is_told_late_is_over() {
    let mut table = table();
    let (old, new) = (key(5, 10), key(5, 20));
    let events = [fork(new, INIT), fork(old, INIT), exit(15, old, None)];
    assert_eq!(tell(&mut table, events), ["fork 5", "fork 5", "exit 5"]);
    assert_eq!(table.get(5).unwrap().process.key, new);
    assert_eq!((table.len(), table.zombies().count()), (1, 0));
    // The same after the newer one has ended too.
    tell(&mut table, [free(30, new), fork(key(5, 7), INIT)]);
    assert_eq!(table.len(), 0);
}

#[test]
fn lives_of_one_tick_are_numbered() {
    let mut table = table();
    let lives = [key(5, 110), key(5, 120), key(5, 130), key(5, 210)];
    tell(&mut table, lives.map(|life| fork(life, INIT)));
    let numbers = lives.map(|life| table.find(life).unwrap().life);
    assert_eq!(numbers, [1, 2, 3, 1]);
}

#[test]
fn a_freed_process_is_not_raised_by_late_news() {
    let mut table = table();
    let gone = key(5, 10);
    let freed = apply(&mut table, free(40, gone));
    assert_eq!((told(&freed), &freed[0].entry), (vec!["free 5".to_owned()], &None));
    let again = free(40, gone);
    let late = [again.clone(), fork(gone, INIT), exec(20, child(gone, INIT), "a"), again];
    assert_eq!(tell(&mut table, late), ["fork 5", "exec 5"]);
    assert_eq!(tell(&mut table, [exit(30, gone, None)]), ["exit 5"]);
    assert_eq!(table.len(), 0);
    let end = *table.find(gone).unwrap().state.end().unwrap();
    assert_eq!((end.boot_ns, end.usage), (30, usage(9)));
    table.forget(39 + 1_000_000_000);
    assert!(table.find(gone).is_some(), "a second, whatever the grace");
    table.forget(40 + 1_000_000_000);
    assert_eq!(table.find(gone), None);
}
