//! `observer ns` beside lsns(8) of util-linux.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use super::document::told;
use super::rows::LOOKS;
use super::scene::Scene;
use super::tree::{above, nodes};
use super::truth::Space;
use crate::support::harness::{Case, cases};
use crate::support::need::{Lack, on_the_host, root};
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root, lsns] {
            every_cell_of_its_rows,
            nesting_by_owner,
            nesting_by_parent,
        }
    ]
}

fn lsns() -> Option<Lack> {
    on_the_host(|| {
        let mut command = Command::new("lsns");
        let status = command.arg("--version").stdout(Stdio::null()).status();
        status.is_err().then(|| "no lsns is installed (util-linux)".to_owned())
    })
}

fn its(arguments: &[&str]) -> String {
    let Answer { code, out, errors } =
        Answer::of(Command::new("lsns").args(arguments).stdin(Stdio::null()));
    assert_eq!(code, Some(0), "lsns {arguments:?}: {errors}");
    out
}

const COLUMNS: &str = "NS,TYPE,NPROCS,PID,PPID,UID,PNS,ONS,NETNSID";

/// Rows by their first cell.
fn rows(text: &str) -> BTreeMap<u64, Vec<String>> {
    let row = |line: &str| {
        let cells: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        (cells[0].parse().expect("a number"), cells)
    };
    text.lines().map(row).collect()
}

/// Of the set-up those that lsns can see: it looks at processes alone.
fn seen(scene: &Scene) -> BTreeSet<u64> {
    let own = Space::all_of(std::process::id());
    let spaces = scene.pids().into_iter().flat_map(Space::all_of);
    spaces.filter(|space| !own.contains(space)).map(|space| space.inode).collect()
}

fn every_cell_of_its_rows() {
    let scene = Scene::start();
    let (numbered, number) = scene.nest.number_network();
    let ours = || rows(&told(&["--no-headers", "--deep", "-o", COLUMNS]));
    let mut wanted = seen(&scene);
    wanted.extend(Space::all_of(std::process::id()).iter().map(|space| space.inode));
    for _ in 0..LOOKS {
        let before = ours();
        let theirs = rows(&its(&["-r", "-n", "-o", COLUMNS]));
        let after = ours();
        let steady = theirs.iter().filter(|(ns, _)| before.get(ns) == after.get(ns));
        for (ns, row) in steady {
            let told = before.get(ns).unwrap_or_else(|| panic!("no row of {row:?}"));
            if told == row {
                wanted.remove(ns);
            }
            let is_of_scene = seen(&scene).contains(ns);
            assert!(told == row || !is_of_scene, "ours {told:?}, theirs {row:?}");
        }
        assert_eq!(theirs[&numbered.inode].last(), Some(&number.to_string()), "{numbered:?}");
        if wanted.is_empty() {
            return;
        }
    }
    panic!("never the same: {wanted:?}");
}

fn assert_same_nesting(ours: &[&str], theirs: &[&str], wanted: BTreeSet<u64>) {
    let nested = |text: &str| above(&nodes(text));
    let before = nested(&told(ours));
    let lsns = nested(&its(theirs));
    let after = nested(&told(ours));
    let steady = before.iter().filter(|(ns, above)| after.get(ns) == Some(above));
    let mut missing = wanted;
    for (ns, above) in steady {
        let Some(theirs) = lsns.get(ns) else { continue };
        assert_eq!(above, theirs, "what is above {ns}");
        missing.remove(ns);
    }
    assert!(missing.is_empty(), "lsns or we have no {missing:?}");
}

fn nesting_by_owner() {
    let scene = Scene::start();
    let ours = ["--tree", "owner", "-o", "ns", "--no-headers"];
    let mut wanted = seen(&scene);
    wanted.insert(scene.around.space().inode);
    assert_same_nesting(&ours, &["-n", "-T=owner", "-o", "NS"], wanted);
}

fn nesting_by_parent() {
    let scene = Scene::start();
    for kind in ["user", "pid"] {
        let ours = ["--tree", kind, "-o", "ns", "--no-headers"];
        let spaces = scene.nest.processes.map(|pid| Space::of(pid, kind).expect("its own").inode);
        assert_same_nesting(&ours, &["-n", "-T=parent", "-o", "NS"], spaces.into());
    }
}
