//! What a process goes through.

use super::*;

#[test]
fn a_process_ends_once() {
    let mut table = table();
    let process = key(5, 10);
    tell(&mut table, [fork(process, INIT), exit(20, process, None)]);
    let mut second = exit(21, process, None);
    if let What::Exit { usage: used, .. } = &mut second.what {
        *used = usage(70);
    }
    assert_eq!(tell(&mut table, [second.clone()]), [""; 0]);
    let end = *table.get(5).unwrap().state.end().unwrap();
    assert_eq!((end.boot_ns, end.usage), (20, usage(70)));
    let freed = [free(30, process), free(30, process), exit(20, process, None), second];
    assert_eq!(tell(&mut table, freed), ["free 5"]);
    assert_eq!(table.find(process).unwrap().state.end().unwrap().usage, usage(9));
}

#[test]
fn the_end_of_a_stranger_is_told_and_leaves_a_zombie() {
    let mut table = table();
    let stranger = key(5, 10);
    assert_eq!(tell(&mut table, [exit(20, stranger, None)]), ["exit 5"]);
    assert_eq!(table.zombies().count(), 1);
    assert_eq!(tell(&mut table, [fork(stranger, INIT)]), ["fork 5"]);
    assert_eq!(table.zombies().count(), 1, "its fork does not raise it");
}

#[test]
fn what_a_process_used_may_come_after_it_is_gone() {
    let mut table = table();
    let zombie = key(5, 10);
    tell(&mut table, [fork(zombie, INIT), exit(20, zombie, None)]);
    let mut changes = Vec::new();
    table.gone(zombie, 25, &mut |change| changes.push(change));
    table.gone(zombie, 26, &mut |change| changes.push(change));
    assert_eq!(told(&changes), ["gone 5"]);
    assert_eq!((table.len(), table.zombies().count()), (0, 0));
    assert_eq!(tell(&mut table, [free(30, zombie)]), ["free 5"]);
    let end = *table.find(zombie).unwrap().state.end().unwrap();
    assert_eq!((end.boot_ns, end.usage), (20, usage(9)));
}

#[test]
fn the_later_account_counts_whichever_comes_first() {
    let mut table = table();
    let named = |name| Process { comm: comm(name), ..child(key(5, 10), INIT) };
    let events = [fork(key(5, 10), INIT), rename(30, named("late")), rename(20, named("early"))];
    assert_eq!(tell(&mut table, events), ["fork 5", "rename 5", "rename 5"]);
    assert_eq!(table.get(5).unwrap().process.comm, comm("late"));
    assert_eq!(tell(&mut table, [rename(20, named("early"))]), [""; 0]);
}

#[test]
fn a_move_tells_where_the_process_was() {
    let mut table = table();
    let cgroup = |path: &str| Arc::new(Cgroup { v2: path.to_owned(), ..Cgroup::default() });
    let moved = |boot_ns, path: &str| {
        let process = Process { cgroup: Some(cgroup(path)), ..child(key(5, 10), INIT) };
        at(boot_ns, What::Cgroup { process, old_cgroup: None })
    };
    let mut old = |event| match apply(&mut table, event).remove(0).event.what {
        What::Cgroup { old_cgroup, .. } => old_cgroup,
        other => panic!("not a move: {other:?}"),
    };
    assert_eq!(old(moved(20, "/a")), None, "nothing was known");
    assert_eq!(old(moved(40, "/c")), Some(cgroup("/a")));
    assert_eq!(old(moved(30, "/b")), None, "what is known is later");
}

#[test]
fn a_thread_that_leaves_its_namespaces_does_not_take_its_process_along() {
    let mut table = table();
    let of = |tid, namespaces| Process { tid, namespaces, ..child(key(5, 10), INIT) };
    let inodes = |table: &Table| table.get(5).unwrap().process.namespaces;
    let thread = namespaces(of(6, [0; 8]));
    assert_eq!(tell(&mut table, [at(30, thread.clone())]), ["namespaces 5"]);
    assert_eq!(tell(&mut table, [fork(key(5, 10), INIT)]), ["fork 5"]);
    assert_eq!(inodes(&table), [1; 8], "from an older account, which is the only one");
    let events = [at(50, thread), at(40, namespaces(of(5, [2; 8])))];
    assert_eq!(tell(&mut table, events), ["namespaces 5", "namespaces 5"]);
    assert_eq!(inodes(&table), [2; 8], "the leader's");
    assert_eq!(tell(&mut table, [at(20, namespaces(of(5, [3; 8])))]), ["namespaces 5"]);
    assert_eq!(inodes(&table), [2; 8], "an earlier one");
}

#[test]
fn two_threads_at_one_moment_are_both_told_and_each_once() {
    let mut table = table();
    let thread = |tid| {
        let process = Process { tid, namespaces: [0; 8], ..child(key(5, 10), INIT) };
        at(30, namespaces(process))
    };
    let events = [thread(6), thread(6), thread(7)];
    assert_eq!(tell(&mut table, events), ["namespaces 5", "namespaces 5"]);
}

#[test]
fn losses_and_repairs_pass_through_at_their_place() {
    let repair = at(9, What::Repair { added: 1, removed: 0 });
    let events = [at(8, What::Lost { count: 3, loss: Loss::NoRoom }), repair];
    assert_eq!(tell(&mut table(), events), ["lost 0", "repair 0"]);
}

#[test]
fn a_snapshot_does_not_change_with_the_table() {
    let mut table = table();
    tell(&mut table, [fork(key(5, 10), INIT)]);
    let snapshot: Vec<_> = table.living().cloned().collect();
    let renamed = Process { comm: comm("new"), ..child(key(5, 10), INIT) };
    tell(&mut table, [rename(20, renamed)]);
    assert_eq!(snapshot[0].process.comm, comm("init"));
    assert_eq!(table.get(5).unwrap().process.comm, comm("new"));
}
