//! Histories of no machine that ever was: the table takes them, and stays true to itself.

use proptest::prelude::*;

use super::*;
use crate::table::properties::Watched;

fn any_key() -> impl Strategy<Value = ProcessKey> {
    let starts = prop_oneof![4 => 95..125_u64, 1 => Just(0), 1 => Just(u64::MAX)];
    (1..6_u32, starts).prop_map(|(pid, start_ns)| key(pid, start_ns))
}

fn any_process() -> impl Strategy<Value = Process> {
    let exec_id = 0..4_u64;
    let parts = (any_key(), prop::option::of(any_key()), exec_id);
    parts.prop_map(|(key, parent, exec_id)| Process {
        exec_id,
        ..process(key.pid, key.start_ns, parent)
    })
}

fn any_event() -> impl Strategy<Value = Event> {
    let boot_ns = prop_oneof![8 => 90..140_u64, 1 => Just(0), 1 => Just(u64::MAX)];
    let parts = (0..9_u8, boot_ns, any_process(), any_key(), prop::option::of(any_key()));
    parts.prop_map(|(kind, boot_ns, process, other, reaper)| match kind {
        0 | 1 => {
            let creator = Creator { key: other, tid: 1, comm: comm("creator") };
            at(boot_ns, What::Fork { process, creator, clone_flags: 0 })
        }
        2 => exec(boot_ns, process, "a"),
        3 | 4 => exit_of(boot_ns, process, reaper),
        5 => free(boot_ns, process.key),
        6 => rename(boot_ns, process),
        7 => at(boot_ns, What::Gone { key: other }),
        _ => at(boot_ns, What::Reparent { process, old_parent: other }),
    })
}

fn any_walk() -> impl Strategy<Value = Walk> {
    let one = (any_process(), 90..140_u64, any::<[bool; 3]>());
    let seen = one.prop_map(|(process, boot_ns, [zombie, read, start_is_exact])| Seen {
        program: read.then(|| program("read", process.exec_id)),
        zombie,
        status: if zombie { STATUS } else { None },
        start_is_exact,
        ..seen(boot_ns, process)
    });
    (90..140_u64, prop::collection::vec(seen, 0..6)).prop_map(|(ns, tasks)| walk(ns, tasks))
}

proptest! {
    #[test]
    fn any_history_is_accepted(
        events in prop::collection::vec(any_event(), 1..60),
        walks in prop::collection::vec(any_walk(), 1..4),
    ) {
        let mut watched = Watched::new();
        for (place, event) in events.iter().enumerate() {
            watched.apply(event);
            watched.check_itself();
            if place % 8 == 7 {
                watched.reconcile(&walks[place / 8 % walks.len()]);
                watched.check_itself();
            }
        }
        watched.table.forget(u64::MAX);
        watched.check_itself();
    }
}
