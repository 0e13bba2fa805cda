//! Whose child a process is.

use super::*;

#[test]
fn the_children_of_the_dead_go_to_its_reaper() {
    let mut table = table();
    let (subreaper, middle) = (key(4, 5), key(5, 10));
    let mut events = vec![fork(subreaper, INIT), fork(middle, subreaper)];
    events.extend([fork(key(9, 20), middle), fork(key(7, 30), middle)]);
    events.push(exit_of(40, child(key(7, 30), middle), None));
    tell(&mut table, events);
    let changes = apply(&mut table, exit_of(50, child(middle, subreaper), Some(subreaper)));
    assert_eq!(told(&changes), ["exit 5", "reparent 7", "reparent 9"], "zombies too");
    assert_eq!(changes[2].event.boot_ns, 50);
    let What::Reparent { process, old_parent } = &changes[2].event.what else { panic!() };
    assert_eq!((process.parent, *old_parent), (Some(subreaper), middle));
    assert_eq!(parent(&table, 9), Some(subreaper));
    let next = apply(&mut table, exit(60, subreaper, Some(INIT)));
    assert_eq!(told(&next), ["exit 4", "reparent 5", "reparent 7", "reparent 9"]);
}

#[test]
fn without_a_reaper_nobody_is_moved() {
    let mut table = table();
    let init = key(5, 10);
    tell(&mut table, [fork(init, INIT), fork(key(6, 20), init)]);
    assert_eq!(tell(&mut table, [exit(30, init, None)]), ["exit 5"]);
    assert_eq!(parent(&table, 6), Some(init));
}

#[test]
fn an_account_from_before_the_move_does_not_undo_it() {
    let mut table = table();
    let (first, second, orphan) = (key(4, 5), key(5, 10), key(6, 20));
    tell(&mut table, [fork(first, INIT), fork(second, first), fork(orphan, second)]);
    tell(&mut table, [exit(30, second, Some(first)), exit(31, first, Some(INIT))]);
    let stale = rename(32, child(orphan, second));
    assert_eq!(tell(&mut table, [stale]), ["rename 6"]);
    assert_eq!(parent(&table, 6), Some(INIT), "through both reapers");
    let late = tell(&mut table, [fork(key(7, 25), second)]);
    assert_eq!(late, ["fork 7", "reparent 7"]);
    assert_eq!(parent(&table, 7), Some(INIT));
}

#[test]
fn reapers_of_each_other_are_no_endless_loop() {
    let mut table = table();
    let (one, other, orphan) = (key(4, 5), key(5, 10), key(6, 20));
    tell(&mut table, [fork(orphan, one)]);
    tell(&mut table, [exit(30, one, Some(other)), exit(31, other, Some(one))]);
    tell(&mut table, [exit(32, other, Some(orphan)), rename(33, child(orphan, other))]);
    assert!(parent(&table, 6).is_some_and(|parent| parent != orphan));
    let father = key(7, 10);
    tell(&mut table, [fork(key(8, 20), father), exit(30, father, Some(key(8, 20)))]);
    assert_eq!(parent(&table, 8), Some(father), "nobody is its own parent");
}

#[test]
fn an_exit_among_many_siblings_looks_at_none_of_them() {
    let mut table = table();
    let siblings = (2..20_002).map(|pid| key(pid, u64::from(pid)));
    tell(&mut table, siblings.clone().map(|life| fork(life, INIT)));
    assert_eq!(tell(&mut table, siblings.map(|life| exit(50_000, life, Some(INIT)))).len(), 20_000);
    assert_eq!(table.zombies().count(), 20_000);
}
