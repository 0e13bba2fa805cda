//! The trees of `observer ns`, in text and in JSON: who stands below whom, and who is in there.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Document, told};
use super::scene::Scene;
use super::truth::{self, Overview, Space};
use crate::support::harness::{Case, cases};
use crate::support::need::root;
use crate::support::proc::{Stat, status};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [root] { user_namespaces_as_userns_overview_has_them }
        Host [root] {
            the_text_nests_as_the_kernel_does,
            members_stand_below_their_namespace,
            processes_stand_below_their_parents,
            a_kind_comes_with_those_above_it,
        }
    ]
}

/// A line of a tree.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) depth: usize,
    /// From the first cell on.
    pub(super) text: String,
}

/// Reads a tree of ours or of lsns's, which joins its roots no more than we do.
pub(super) fn nodes(text: &str) -> Vec<Node> {
    let node = |line: &str| {
        let is_art = |letter: char| " │├└─|`-".contains(letter);
        let text = line.trim_start_matches(is_art);
        let art = line.strip_suffix(text).expect("an end").chars().count();
        assert_eq!(art % 2, 0, "two columns a level: {line}");
        Node { depth: art / 2, text: text.trim_end().to_owned() }
    };
    text.lines().map(node).collect()
}

/// What each node stands below. The nodes are numbers, and each is there once.
pub(super) fn above(nodes: &[Node]) -> BTreeMap<u64, Option<u64>> {
    let mut above = BTreeMap::new();
    let mut path: Vec<u64> = Vec::new();
    for node in nodes {
        let number = node.text.parse().unwrap_or_else(|_| panic!("a number: {node:?}"));
        assert!(node.depth <= path.len(), "{node:?} hangs in the air");
        path.truncate(node.depth);
        assert_eq!(above.insert(number, path.last().copied()), None, "{number} is there twice");
        path.push(number);
    }
    above
}

/// The tree by a relation.
pub(super) fn tree(relation: &str) -> BTreeMap<u64, Option<u64>> {
    above(&nodes(&told(&["--tree", relation, "--deep", "-o", "ns", "--no-headers"])))
}

/// The tree as an overview.
fn described() -> Overview {
    let document = Document::with(&["--tree", "user", "--members"]);
    let users = document.rows().filter(|row| row.space().kind == "user");
    users.map(|row| (row.space().inode, (row.relative("parent"), row.pids()))).collect()
}

/// Others come and go in the first one, and may make more: of these only who stays is compared.
fn user_namespaces_as_userns_overview_has_them() {
    let scene = Scene::start();
    let user = |pid| Space::of(pid, "user").expect("its own").inode;
    let mut ours: BTreeSet<u64> = scene.pids().into_iter().map(user).collect();
    ours.insert(scene.around.space().inode);
    assert_eq!(ours.len(), 6, "three nested, two within each other, and the first");
    let first = user(std::process::id());
    let before = truth::overview();
    let described = described();
    let nested = tree("user");
    let after = truth::overview();
    for (inode, (around, members)) in &before {
        let still = after.get(inode).map_or(&[][..], |(_, members)| members);
        let staying: Vec<_> = members.iter().filter(|pid| still.contains(pid)).copied().collect();
        let is_ours = ours.remove(inode);
        if staying.is_empty() && !is_ours {
            // It may have gone, and another may have its number.
            continue;
        }
        let (told_around, pids) = described.get(inode).expect("a row");
        assert_eq!(told_around, around, "around {inode}");
        assert_eq!(nested.get(inode), Some(around), "nesting of {inode}");
        let is_kept = is_ours && *inode != first;
        let wanted = |pid: &u32| is_kept || staying.contains(pid);
        let told: Vec<_> = pids.iter().copied().filter(wanted).collect();
        assert_eq!(told, staying, "members of {inode}");
    }
    assert_eq!(ours, BTreeSet::new(), "in the overview");
}

fn the_text_nests_as_the_kernel_does() {
    let scene = Scene::start();
    let found = truth::found();
    let [owners, pids] = ["owner", "pid"].map(tree);
    let mut compared = 0;
    for space in scene.spaces() {
        let Some(said) = found.get(&space).and_then(|path| truth::asked(&space, path)) else {
            continue;
        };
        assert_eq!(owners.get(&space.inode), Some(&said.owner), "below whom is {space:?}");
        let expected = (space.kind == "pid").then_some(said.parent);
        assert_eq!(pids.get(&space.inode).copied(), expected, "below whom is {space:?}");
        compared += 1;
    }
    assert!(compared > 15, "{compared} namespaces");
    let nested = scene.nest.processes.map(|pid| Space::of(pid, "pid").expect("its own").inode);
    assert_eq!(pids[&nested[1]], Some(nested[0]));
    assert_eq!(nested[1], nested[2], "the innermost has none of its own");
}

/// The words below a namespace with `--members`: pid, those inside, marks.
fn words(text: &str) -> BTreeMap<u64, Vec<String>> {
    let mut all = BTreeMap::new();
    let mut last = None;
    for node in nodes(text) {
        let number = node.text.parse::<u64>().ok().filter(|number| *number > 4_000_000_000);
        if let Some(number) = number {
            last = Some(number);
            all.insert(number, Vec::new());
        } else {
            let words = all.get_mut(&last.expect("a namespace")).expect("the last one");
            words.extend(node.text.split(' ').map(str::to_owned));
        }
    }
    all
}

fn members_stand_below_their_namespace() {
    let scene = Scene::start();
    let all = words(&told(&["--tree", "user", "--members", "-o", "ns", "--no-headers", "--deep"]));
    let word = |pid: u32| {
        let levels = status(pid, "NSpid");
        let mut levels = levels.split_whitespace();
        let first = levels.next().expect("a pid");
        let inside = levels.collect::<Vec<_>>().join(",");
        let inside = if inside.is_empty() { inside } else { format!("({inside})") };
        let mark = if pid == scene.nest.zombie { "z" } else { "" };
        format!("{first}{inside}{mark}")
    };
    let [first, second, third] = scene.nest.processes;
    let mut innermost = vec![third, scene.nest.zombie, scene.nest.timed];
    innermost.sort_unstable();
    for (pid, members) in [(first, vec![first]), (second, vec![second]), (third, innermost)] {
        let space = Space::of(pid, "user").expect("its own");
        let expected: Vec<_> = members.into_iter().map(word).collect();
        assert_eq!(all[&space.inode], expected, "members of {space:?}");
    }
    assert_eq!(all[&scene.around.space().inode], [""; 0], "members of one that has none");
    let own = &all[&Space::of(2, "user").expect("that of the kernel's threads").inode];
    assert!(own.contains(&"2k".to_owned()), "{own:?}");
}

fn processes_stand_below_their_parents() {
    let scene = Scene::start();
    let text = told(&["--tree", "process", "-o", "ns", "--no-headers"]);
    let mut inside: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
    let mut path: Vec<u64> = Vec::new();
    for node in nodes(&text) {
        let number: u64 = node.text.parse().expect("a number");
        path.truncate(node.depth);
        if let (Some(root), Some(above)) = (path.first(), path.last()) {
            let twice = inside.entry(*root).or_default().insert(number, *above);
            assert_eq!(twice, None, "process {number} in {root}");
        }
        path.push(number);
    }
    let own = Space::all_of(std::process::id());
    for space in scene.spaces().into_iter().filter(|space| !own.contains(space)) {
        let members = truth::members().remove(&space).unwrap_or_default();
        let members: Vec<_> = members.into_iter().map(|(pid, ..)| pid).collect();
        let above = |pid: &u32| {
            let parent = Stat::of(*pid).expect("a live process").parent();
            let above = if members.contains(&parent) { parent.into() } else { space.inode };
            (u64::from(*pid), above)
        };
        let expected: BTreeMap<_, _> = members.iter().map(above).collect();
        let told = inside.remove(&space.inode).unwrap_or_default();
        assert_eq!(told, expected, "processes in {space:?}");
    }
}

fn a_kind_comes_with_those_above_it() {
    let scene = Scene::start();
    let text = told(&["--tree", "owner", "--kind", "ipc", "-o", "ns", "--no-headers"]);
    let told = above(&nodes(&text));
    let [first, second, third] = scene.nest.processes;
    let own = |pid, kind| Space::of(pid, kind).expect("its own").inode;
    let mut next = Some(own(third, "ipc"));
    for above in [third, second, first].map(|pid| own(pid, "user")) {
        next = next.and_then(|inode| told[&inode]);
        assert_eq!(next, Some(above), "{text}");
    }
    for (pid, kind) in [(first, "uts"), (second, "net"), (third, "mnt")] {
        assert!(!told.contains_key(&own(pid, kind)), "{kind} was not asked for: {text}");
    }
}
