//! What a process runs.

use super::*;

fn counted(key: ProcessKey, parent: ProcessKey, exec_id: u64) -> Process {
    Process { exec_id, ..child(key, parent) }
}

#[test]
fn a_child_runs_what_its_creator_ran_when_it_forked() {
    let mut table = table();
    let (shell, early, late) = (key(5, 10), key(6, 30), key(7, 50));
    let execs = [exec(20, child(shell, INIT), "old"), exec(40, child(shell, INIT), "new")];
    tell(&mut table, [fork(shell, INIT)].into_iter().chain(execs));
    tell(&mut table, [fork(late, shell), fork(early, shell)]);
    assert_eq!(runs(&table, 6).as_deref(), Some("old"));
    assert_eq!(runs(&table, 7).as_deref(), Some("new"));
    let shared = [5, 7].map(|pid| table.get(pid).unwrap().program.clone().unwrap());
    assert!(Arc::ptr_eq(&shared[0], &shared[1]), "one piece of memory");
}

#[test]
fn an_exec_that_comes_late_is_the_heirs_as_well() {
    let mut table = table();
    let (shell, son, grandson) = (key(5, 10), key(6, 30), key(7, 40));
    tell(&mut table, [fork(shell, INIT), fork(grandson, son), fork(son, shell)]);
    let told = tell(&mut table, [exec(20, child(shell, INIT), "a")]);
    assert_eq!(told, ["~found 6", "~found 7", "exec 5"]);
    for pid in [5, 6, 7] {
        assert_eq!(runs(&table, pid).as_deref(), Some("a"));
    }
}

#[test]
fn a_missed_exec_leaves_the_program_unknown() {
    let mut table = table();
    let shell = key(5, 10);
    let named = |exec_id| Process { comm: comm("other"), ..counted(shell, INIT, exec_id) };
    tell(&mut table, [fork(shell, INIT), exec(20, counted(shell, INIT, 3), "a")]);
    tell(&mut table, [rename(30, named(3))]);
    assert_eq!(runs(&table, 5).as_deref(), Some("a"));
    tell(&mut table, [rename(40, named(4))]);
    assert_eq!(runs(&table, 5), None, "better nothing than another program's arguments");
    tell(&mut table, [exec(35, counted(shell, INIT, 4), "b")]);
    assert_eq!(runs(&table, 5).as_deref(), Some("b"), "it was only late");
    tell(&mut table, [rename(50, named(0))]);
    assert_eq!(runs(&table, 5).as_deref(), Some("b"), "a kernel that does not count");
}

#[test]
fn a_program_that_was_read_later_is_known_by_its_number() {
    let mut table = table();
    let shell = key(5, 10);
    let read = Program { exec_ns: 40, ..program("a", 3) };
    let saw = Seen { program: Some(read), ..seen(41, counted(shell, INIT, 3)) };
    reconcile(&mut table, &walk(40, vec![saw]));
    let mut forked = fork(key(6, 30), shell);
    if let What::Fork { process, .. } = &mut forked.what {
        process.exec_id = 3;
    }
    tell(&mut table, [forked]);
    assert_eq!(runs(&table, 6).as_deref(), Some("a"), "it ran that before it was read");
}
