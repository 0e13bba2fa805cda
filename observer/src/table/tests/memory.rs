//! What the table keeps, and for how long.

use super::*;

#[test]
fn a_long_history_of_short_lives_takes_no_room() {
    let mut table = table();
    let (mut most, mut now_ns) = ((0, 0, 0), 0);
    for life in 0..100_000_u64 {
        now_ns = life * 1_000_000;
        let pid = 2 + u32::try_from(life % 30_000).unwrap();
        let short = key(pid, now_ns);
        table.apply(fork(short, INIT), &mut drop);
        table.apply(exec(now_ns + 1, child(short, INIT), "a"), &mut drop);
        table.apply(fork(key(40_000, now_ns + 1), short), &mut drop);
        table.apply(exit(now_ns + 2, short, Some(INIT)), &mut drop);
        table.apply(free(now_ns + 3, short), &mut drop);
        table.forget(now_ns);
        let (dead, queue) = table.graves.len();
        let rooms = (dead, queue, table.children.capacity());
        most = (most.0.max(rooms.0), most.1.max(rooms.1), most.2.max(rooms.2));
    }
    assert_eq!(table.len(), 1);
    assert!(most.0 < 2_100 && most.1 <= 8_192 && most.2 <= 2_048, "{most:?}");
    table.forget(now_ns + 2_000_000_000);
    assert_eq!(table.graves.len().0, 0);
    assert!(table.graves.len().1 <= 1024);
}

#[test]
fn a_rush_leaves_no_room_behind() {
    let mut table = table();
    for pid in 2..50_000 {
        tell(&mut table, [fork(key(pid, 10), key(pid - 1, 10))]);
    }
    for pid in 2..50_000 {
        tell(&mut table, [free(20, key(pid, 10))]);
    }
    assert_eq!(table.graves.len().0, 49_998);
    table.forget(2_000_000_000);
    assert_eq!(table.graves.len().0, 0);
    assert!(table.graves.len().1 <= 1024 && table.children.capacity() <= 1024);
}

#[test]
fn the_dead_are_remembered_as_long_as_was_asked() {
    let mut table = Table::new(TICK_NS, 5_000_000_000);
    let process = key(5, 10);
    tell(&mut table, [fork(process, INIT), free(20, process)]);
    table.forget(5_000_000_019);
    assert!(table.find(process).is_some());
    table.forget(5_000_000_020);
    assert!(table.find(process).is_none());
}
