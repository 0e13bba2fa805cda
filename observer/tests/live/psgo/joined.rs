//! Pid namespaces as their processes see them, made without a container engine.

use std::time::Duration;

use super::compare::agree;
use super::question::{Question, Row, json_rows, ps, psgo_rows, words};
use super::reading::Id;
use super::world::{FIRST_GROUP, FIRST_USER, World};
use super::{peer, psgo, truth};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::root;
use crate::support::program::{observer, output};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root, peer] {
            the_namespace_of_the_host,
            namespaces_three_deep,
            several_namespaces_in_one_table,
            a_namespace_whose_first_pid_has_gone,
            a_user_namespace_with_maps,
            maps_of_a_caller_in_a_user_namespace,
        }
        Host [root] { the_zone_of_the_caller }
    ]
}

/// Where psgo knows no host process at all.
fn the_namespace_of_the_host() {
    let actor = Actor::new(&mut act(&["scene", "named", "joined"]));
    actor.hear("ready");
    agree(&Question::Joined(vec![actor.pid()]), &[actor.pid()]);
}

/// From each level all that are below are seen, with the pids that they have there; and all are
/// known to the host.
fn namespaces_three_deep() {
    let world = World::nested(3);
    let all = world.processes();
    assert_eq!(all.len(), 12, "three namespaces of four: {all:?}");
    for (i, &first) in world.firsts.iter().enumerate() {
        let compared = agree(&Question::Joined(vec![first]), &[first]);
        assert_eq!(compared.len(), 12 - 4 * i, "processes seen at level {}", i + 1);
        assert!(compared.iter().all(|pid| all.contains(pid)), "{compared:?} of {all:?}");
    }
}

fn several_namespaces_in_one_table() {
    let worlds = [World::nested(1), World::mapped()];
    let [first, second] = [0, 1].map(|i: usize| worlds[i].processes());
    // The second namespace comes first, and again by another of its processes.
    let pids = vec![second[0], first[1], second[2], first[0]];
    let wanted = [first.as_slice(), &second].concat();
    agree(&Question::Joined(pids.clone()), &wanted);
    let mut text = ps(&["--join", "-p", &words(&pids).join(","), "-o", "pid,hpid"]);
    let (status, out, errors) = output(&mut text, patience(Duration::from_secs(2)));
    assert!(status.success(), "{status:?}: {errors}");
    assert_eq!(out.lines().filter(|line| line.contains("PID")).count(), 1, "headers of\n{out}");
    assert_eq!(out.lines().count(), 9, "a header and two namespaces of four in\n{out}");
}

fn a_namespace_whose_first_pid_has_gone() {
    let world = World::nested(1);
    let gone = Actor::new(&mut act(&["exit", "0"])).dismiss().pid;
    agree(&Question::Joined(vec![gone, world.firsts[0]]), &world.processes());
}

fn a_user_namespace_with_maps() {
    let world = World::mapped();
    let all = world.processes();
    agree(&Question::Joined(vec![world.firsts[0]]), &all);
    // What the comparison rests on: these are seen under other ids than they have.
    let rows = Question::Joined(vec![world.firsts[0]]).program().rows;
    let resident = rows.iter().find(|row| row["user"] == "inner").expect("user 1000 of the inside");
    assert_eq!(resident["huid"], (FIRST_USER + 1000).to_string());
    assert_eq!(resident["group"], "fishers", "group 33 by the inside's own file");
    assert_eq!(resident["hgroup"], truth::host_name(Id::Group, FIRST_GROUP + 33));
}

/// A joined call shows start times in the caller's zone too.
fn the_zone_of_the_caller() {
    let world = World::nested(1);
    let pid = world.firsts[0].to_string();
    let mut command = ps(&["--json", "--join", "-p", &pid, "-o", "pid,stime"]);
    let rows = json_rows(command.env("TZ", "JST-9"));
    for row in rows {
        assert!(row["stime"].ends_with(" +0900 JST"), "{row:?}");
    }
}

/// As for a rootless engine: the caller is root of the container's user namespace, sees ids as
/// the container does, and learns the host's with `--fill-mappings` alone.
fn maps_of_a_caller_in_a_user_namespace() {
    let world = World::mapped();
    let columns = ["pid", "hpid", "user", "huser", "group", "hgroup"];
    let (format, pid) = (columns.join(","), world.firsts[0].to_string());
    for (fill, user, group) in [(false, 1000, 33), (true, FIRST_USER + 1000, FIRST_GROUP + 33)] {
        let mut ps = vec!["ps", "--json", "--join", "-p", &pid, "-o", &format];
        let mut theirs = vec!["-json", "-join", "-pids", &pid, "-format", &format];
        if fill {
            ps.push("--fill-mappings");
            theirs.push("-fill-mappings");
        }
        let ours = json_rows(world.enter(&observer(), &ps).command());
        let theirs = psgo_rows(world.enter(&psgo().expect("psgo"), &theirs).command());
        let theirs = theirs.expect("psgo's rows");
        let cells = |row: &Row| columns.map(|column| row[column].clone()).to_vec();
        let ours: Vec<_> = ours.iter().map(cells).collect();
        assert_eq!(ours, theirs[1..], "with maps: {fill}");
        let resident = ours.iter().find(|row| row[2] == "inner").expect("user 1000");
        assert_eq!(resident[3], truth::host_name(Id::User, user), "huser, with maps: {fill}");
        assert_eq!(resident[5], truth::host_name(Id::Group, group), "hgroup, with maps: {fill}");
    }
}
