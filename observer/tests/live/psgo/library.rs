//! `observer::psgo` where the program is not a witness: errors, options, empty lists.

use observer::Error;
use observer::psgo::{
    DEFAULT_DESCRIPTORS, IdMap, JoinNamespaceOpts, join_namespace_and_process_info,
    join_namespace_and_process_info_by_pids_with_options,
    join_namespace_and_process_info_with_options, process_info, process_info_by_pids,
};

use super::reading::Id;
use super::truth;
use super::world::{FIRST_GROUP, World};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::need::root;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] {
            unknown_descriptors_are_an_error_of_their_own,
            empty_lists,
            a_process_that_has_gone,
        }
        Host [root] {
            maps_of_the_caller,
            joining_does_not_move_us,
        }
    ]
}

fn unknown_descriptors_are_an_error_of_their_own() {
    for (list, first) in [
        (vec!["pid", "foo", "bar"], "foo"),
        (vec!["PID"], "PID"),
        (vec!["pid user"], "pid user"),
        (vec!["%%"], "%%"),
    ] {
        let error = process_info(&list).expect_err("an unknown descriptor");
        assert!(matches!(error, Error::UnknownDescriptor { .. }), "{list:?}: {error:?}");
        assert!(error.to_string().contains(first), "`{first}` in: {error}");
        let error = join_namespace_and_process_info("1", &list).expect_err("the same joined");
        assert!(matches!(error, Error::UnknownDescriptor { .. }), "{list:?}: {error:?}");
    }
}

/// No pids are nobody; no descriptors are the default ones.
fn empty_lists() {
    assert_eq!(process_info_by_pids(&[], &["pid", "user"]).expect("rows"), [["PID", "USER"]]);
    let pid = std::process::id().to_string();
    let rows = process_info_by_pids(&[&pid], &[]).expect("rows");
    assert_eq!(rows[0], process_info_by_pids(&[], &DEFAULT_DESCRIPTORS).expect("rows")[0]);
    assert_eq!(rows[1][1], pid);
}

fn a_process_that_has_gone() {
    let gone = Actor::new(&mut act(&["exit", "0"])).dismiss().pid.to_string();
    assert_eq!(process_info_by_pids(&[&gone], &["pid"]).expect("rows"), [["PID"]]);
    let error = join_namespace_and_process_info(&gone, &["pid"]).expect_err("nobody to join");
    assert!(error.to_string().contains(&gone), "the pid in: {error}");
}

/// 13, 14, 15, 16: maps are the caller's word on what the host's ids are.
fn maps_of_the_caller() {
    let world = World::mapped();
    let pid = world.firsts[0].to_string();
    let group = IdMap { container_id: FIRST_GROUP, host_id: 0, size: 40 };
    let options = JoinNamespaceOpts { gid_map: vec![group], ..JoinNamespaceOpts::default() };
    let untouched = options.clone();
    let columns = ["user", "hgroup", "hgroups", "hgroups", "huid"];
    let rows = join_namespace_and_process_info_with_options(&pid, &columns, &options);
    let rows = rows.expect("rows");
    assert_eq!(options, untouched);
    let resident = rows.iter().find(|row| row[0] == "inner").expect("a resident");
    // Inner group 33 is the caller's 200033, and so the host's 33: named by the host's file.
    let names = truth::host_names(Id::Group, &[5, 7]);
    assert_eq!(resident[1], truth::host_name(Id::Group, 33));
    assert_eq!([&resident[2], &resident[3]], [&names; 2], "mapped once in each column");
    // The first process keeps groups that no map has.
    let first = rows.iter().find(|row| row[0] == "root").expect("the first process");
    let nobody = truth::host_name(Id::Group, 65_534);
    assert_eq!(first[2], format!("{nobody},{nobody}"));
    let filled = JoinNamespaceOpts { fill_mappings: true, ..JoinNamespaceOpts::default() };
    let before = filled.clone();
    let again = join_namespace_and_process_info_by_pids_with_options(&[&pid], &columns, &filled);
    again.expect("rows");
    assert_eq!(filled, before);
}

/// 25: psgo changes the mount namespace of a thread; here all threads stay where they are.
fn joining_does_not_move_us() {
    let world = World::nested(1);
    let spaces = || -> Vec<_> {
        let task = std::fs::read_dir("/proc/self/task").expect("our threads");
        let threads = task.map(|entry| entry.expect("a thread").path());
        threads.filter_map(|path| std::fs::read_link(path.join("ns/mnt")).ok()).collect()
    };
    let pid = world.firsts[0].to_string();
    let own = std::fs::read_link("/proc/self/ns/mnt").expect("our mounts");
    for _ in 0..20 {
        join_namespace_and_process_info(&pid, &["hpid", "user"]).expect("rows");
        assert!(spaces().iter().all(|space| *space == own), "mounts of our threads");
    }
}
