//! The table beside a walk.

use super::*;

#[test]
fn a_stranger_is_found_once_and_its_fork_is_told_when_it_comes() {
    let mut table = table();
    let stranger = key(5, 10);
    let mut saw = seen(21, child(stranger, INIT));
    saw.program = Some(program("a", 0));
    let walk = walk(20, vec![saw]);
    assert_eq!(reconcile(&mut table, &walk), (mended(1, 0, 0), vec!["~found 5".to_owned()]));
    assert_eq!(runs(&table, 5).as_deref(), Some("a"));
    assert!(table.get(5).unwrap().inferred);
    assert_eq!(reconcile(&mut table, &walk), (mended(0, 0, 0), vec![]));
    assert_eq!(tell(&mut table, [fork(stranger, INIT)]), ["fork 5"]);
    assert!(!table.get(5).unwrap().inferred);
    let orphans = tell(&mut table, [fork(key(6, 30), stranger), exit(40, stranger, Some(INIT))]);
    assert_eq!(orphans, ["fork 6", "exit 5", "reparent 6"]);
}

#[test]
fn an_exit_that_was_missed_is_inferred_and_not_told_again() {
    let mut table = table();
    let process = key(5, 10);
    tell(&mut table, [fork(process, INIT)]);
    let zombie = Process { namespaces: [0; 8], ..child(process, INIT) };
    let saw = Seen { zombie: true, status: STATUS, ..seen(21, zombie) };
    let (mended_by, changes) = reconcile(&mut table, &walk(20, vec![saw]));
    assert_eq!((mended_by, changes), (mended(0, 0, 1), vec!["~exit 5".to_owned()]));
    let entry = table.zombies().next().unwrap();
    assert_eq!(entry.state.end().unwrap().usage, None);
    assert_eq!(entry.process.namespaces, [1; 8], "those it was in");
    assert_eq!(tell(&mut table, [exit(15, process, None)]), ["~found 5"], "its usage is news");
    assert_eq!(table.get(5).unwrap().state.end().unwrap().usage, usage(7));
}

#[test]
fn what_has_changed_is_told_as_the_events_that_were_missed() {
    let mut table = table();
    let (process, other) = (key(5, 10), key(6, 11));
    tell(&mut table, [fork(process, other)]);
    let cgroup = Arc::new(Cgroup { v2: "/x".to_owned(), ..Cgroup::default() });
    let now = Process { comm: comm("new"), cgroup: Some(cgroup), ..child(process, INIT) };
    let early = walk(5, vec![seen(6, now.clone())]);
    assert_eq!(reconcile(&mut table, &early), (mended(0, 0, 0), vec![]), "told later");
    let (mended_by, changes) = reconcile(&mut table, &walk(20, vec![seen(21, now.clone())]));
    assert_eq!(mended_by, mended(0, 0, 1));
    assert_eq!(changes, ["~rename 5", "~cgroup 5", "~reparent 5"]);
    assert_eq!(table.get(5).unwrap().process, now);
}

#[test]
fn what_a_walk_does_not_see_is_gone_unless_it_cannot_be_seen() {
    let mut table = table();
    let [gone, zombie, hidden, later] = [key(5, 10), key(6, 11), key(7, 12), key(8, 30)];
    tell(&mut table, [gone, zombie, hidden, later].map(|life| fork(life, INIT)));
    tell(&mut table, [exit(13, zombie, None), fork(key(9, 14), INIT)]);
    let told_since = rename(25, child(key(9, 14), INIT));
    tell(&mut table, [told_since]);
    let walk = Walk { hidden: vec![7], ..walk(20, Vec::new()) };
    let (mended_by, changes) = reconcile(&mut table, &walk);
    assert_eq!((mended_by, changes), (mended(0, 1, 0), told_of(&["~gone 5", "gone 6"])));
    assert_eq!(table.living().map(|entry| entry.process.key.pid).collect::<Vec<_>>(), [7, 8, 9]);
}

fn told_of(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn who_ended_while_the_walk_was_under_way_stays_dead() {
    let mut table = table();
    let process = key(5, 10);
    tell(&mut table, [fork(process, INIT), exit(22, process, None), free(23, process)]);
    let walk = walk(20, vec![seen(21, child(process, INIT))]);
    assert_eq!(reconcile(&mut table, &walk), (mended(0, 0, 0), vec![]));
    assert_eq!(table.len(), 0);
}

#[test]
fn a_pid_that_a_walk_finds_used_again_had_been_let_go() {
    let mut table = table();
    tell(&mut table, [fork(key(5, 10), INIT)]);
    let walk = walk(40, vec![seen(41, child(key(5, 30), INIT))]);
    let expected = (mended(1, 1, 0), told_of(&["~gone 5", "~found 5"]));
    assert_eq!(reconcile(&mut table, &walk), expected);
}

#[test]
fn a_walk_tells_the_program_of_an_exec_that_was_missed() {
    let mut table = table();
    let process = Process { exec_id: 2, ..child(key(5, 10), INIT) };
    tell(&mut table, [exec(15, process.clone(), "old")]);
    let mut saw = seen(21, Process { exec_id: 3, ..process.clone() });
    let unread = walk(20, vec![saw.clone()]);
    assert_eq!(reconcile(&mut table, &unread).0, mended(0, 0, 1));
    assert_eq!(runs(&table, 5), None);
    saw.program = Some(program("new", 3));
    let read = walk(20, vec![saw.clone()]);
    assert_eq!(reconcile(&mut table, &read), (mended(0, 0, 1), told_of(&["~found 5"])));
    assert_eq!(runs(&table, 5).as_deref(), Some("new"));
    saw.program = Some(program("rewritten", 3));
    assert_eq!(reconcile(&mut table, &walk(30, vec![saw])).0, mended(0, 0, 0));
    tell(&mut table, [exec(18, Process { exec_id: 3, ..process }, "exact")]);
    assert_eq!(runs(&table, 5).as_deref(), Some("exact"), "the event came late");
}

fn rough(boot_ns: u64, process: Process) -> Seen {
    Seen { start_is_exact: false, ..seen(boot_ns, process) }
}

#[test]
fn a_start_known_to_the_tick_joins_the_life_of_that_tick() {
    let mut table = table();
    let (shell, son) = (key(6, 120), key(5, 130));
    tell(&mut table, [fork(shell, INIT), fork(son, shell)]);
    let init = key(1, 0);
    let tasks = vec![
        rough(151, process(1, 0, None)),
        rough(152, child(key(5, 100), key(6, 100))),
        rough(153, child(key(6, 100), init)),
    ];
    let (mended_by, changes) = reconcile(&mut table, &walk(150, tasks));
    assert_eq!((mended_by.added, changes[0].as_str()), (1, "~found 1"));
    assert_eq!(parent(&table, 5), Some(shell));
    assert_eq!(table.len(), 3);
    assert!(table.find(son).is_some(), "it keeps its exact start");
}

#[test]
fn an_exact_start_takes_the_place_of_one_known_to_the_tick() {
    let mut table = table();
    let (rough_shell, shell, son) = (key(6, 100), key(6, 120), key(5, 100));
    let tasks = vec![rough(151, child(son, rough_shell)), rough(152, child(rough_shell, INIT))];
    reconcile(&mut table, &walk(150, tasks));
    let renamed = Process { comm: comm("new"), ..child(shell, INIT) };
    assert_eq!(tell(&mut table, [rename(160, renamed)]), ["~found 6", "~found 5", "rename 6"]);
    assert_eq!((table.len(), table.find(rough_shell)), (2, None));
    assert_eq!(parent(&table, 5), Some(shell));
    assert_eq!(table.get(6).unwrap().life, 1, "it is the same life");
    assert_eq!(tell(&mut table, [exit(170, shell, Some(INIT))]), ["exit 6", "reparent 5"]);
    let next = tell(&mut table, [fork(key(6, 190), INIT)]);
    assert_eq!(next, ["gone 6", "fork 6"], "an exact start is never taken over");
    assert_eq!(table.get(6).unwrap().life, 2);
}

#[test]
fn a_start_that_turns_out_to_be_exact_is_not_taken_over() {
    let mut table = table();
    let (first, second) = (key(5, 100), key(5, 120));
    reconcile(&mut table, &walk(110, vec![rough(111, child(first, INIT))]));
    let events = [exit(115, first, Some(INIT)), fork(second, INIT)];
    assert_eq!(tell(&mut table, events), ["exit 5", "gone 5", "fork 5"]);
    assert_eq!(table.get(5).unwrap().life, 2);
}

#[test]
fn a_walk_that_knows_a_start_exactly_tells_it() {
    let mut table = table();
    let exact = key(5, 120);
    reconcile(&mut table, &walk(150, vec![rough(151, child(key(5, 100), INIT))]));
    let (mended_by, changes) =
        reconcile(&mut table, &walk(160, vec![seen(161, child(exact, INIT))]));
    assert_eq!((mended_by, changes), (mended(0, 0, 0), told_of(&["~found 5"])));
    assert_eq!(table.get(5).unwrap().process.key, exact);
}
