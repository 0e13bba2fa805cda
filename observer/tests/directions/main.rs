//! Imports point along the data: rooms that only look at facts know nobody who fetches them, and of
//! two files of one room at most one knows the other.

#![expect(clippy::tests_outside_test_module, reason = "this whole crate is a test")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that meets the unexpected stops and says so"
)]

mod paths;
mod tokens;
mod tree;

use std::{collections::BTreeSet, path::Path};

use crate::tree::{Import, Module, Tree};

/// Rooms that take facts as values, whoever fetched them.
const ABOVE_SOURCES: [&str; 5] = ["cause", "event", "field", "render", "table"];

/// Rooms that fetch facts, or drive those that do.
const FETCHING: [&str; 4] = ["feed", "live", "monitor", "source"];

/// What lies between a record and its line on a screen.
const PURE: [&str; 8] = ["cause", "event", "feed", "field", "order", "render", "snapshot", "table"];

/// Ways to a clock, a file or a thread.
const IMPURE: [&str; 11] = [
    "crate::machine::Machine::read",
    "crate::machine::WallClock::read",
    "crate::machine::boot_ns",
    "nix::fcntl",
    "nix::time",
    "procfs",
    "std::fs",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
];

/// What breaks a rule for the time being: the room, what it imports, and why.
const EXCEPTIONS: [(&str, &str, &str); 2] = [
    ("feed", "crate::machine::boot_ns", "a loss that only counters tell of has no time of its own"),
    (
        "feed",
        "std::thread::sleep",
        "a hook that runs while the programs are detached is waited for",
    ),
];

fn tree() -> Tree {
    Tree::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn is_in(module: &Module, rooms: &[&str]) -> bool {
    module.first().is_some_and(|room| rooms.contains(&room.as_str()))
}

fn is_one_of(path: &str, ways: &[&str]) -> bool {
    ways.iter().any(|way| path.strip_prefix(way).is_some_and(|rest| !rest.starts_with(is_in_name)))
}

fn is_in_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_excepted(import: &Import) -> bool {
    EXCEPTIONS.iter().any(|(room, path, _)| is_in(&import.from, &[room]) && import.path == *path)
}

/// Fails with the lines that break a rule.
#[track_caller]
fn assert_kept(tree: &Tree, rule: &str, breaks: impl Fn(&Import) -> bool) {
    let broken = tree.imports().into_iter().filter(|it| breaks(it) && !is_excepted(it));
    let lines = broken.map(|it| format!("{}:{}: {}", tree.file(&it.from), it.line, it.path));
    let lines = lines.collect::<Vec<_>>();
    assert!(lines.is_empty(), "{rule}:\n{}", lines.join("\n"));
}

#[test]
fn who_looks_at_facts_knows_nobody_who_fetches_them() {
    let rule = format!("{ABOVE_SOURCES:?} import none of {FETCHING:?}");
    let breaks = |it: &Import| is_in(&it.from, &ABOVE_SOURCES) && is_in(&it.to, &FETCHING);
    assert_kept(&tree(), &rule, breaks);
}

#[test]
fn nothing_between_record_and_screen_reads_a_clock_or_a_file_or_starts_a_thread() {
    let rule = format!("{PURE:?} are given the time, files and machines as values");
    assert_kept(&tree(), &rule, |it| is_in(&it.from, &PURE) && is_one_of(&it.path, &IMPURE));
}

#[test]
fn of_two_files_of_a_room_one_at_most_knows_the_other() {
    let tree = tree();
    let of_one_room = |it: &Import| {
        let rooms = (it.from.split_last(), it.to.split_last());
        let (Some((_, from)), Some((_, to))) = rooms else { return false };
        from == to && it.from != it.to && !tree.is_room(&it.from) && !tree.is_room(&it.to)
    };
    let imports = tree.imports();
    let imports = imports.iter().filter(|it| of_one_room(it));
    let steps: BTreeSet<_> = imports.map(|it| (&it.from, &it.to)).collect();
    let round = |it: &Import| of_one_room(it) && reached_from(&it.to, &steps).contains(&it.from);
    assert_kept(&tree, "these lead back to where they began", round);
}

fn reached_from<'a>(
    module: &'a Module,
    steps: &BTreeSet<(&'a Module, &'a Module)>,
) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::from([module]);
    loop {
        let further = steps.iter().filter(|(from, _)| reached.contains(from)).map(|(_, to)| *to);
        let more: Vec<_> = further.filter(|to| !reached.contains(to)).collect();
        if more.is_empty() {
            return reached;
        }
        reached.extend(more);
    }
}

#[test]
fn no_exception_outlives_its_cause() {
    let imports = tree().imports();
    for (room, path, why) in EXCEPTIONS {
        let is_needed = imports.iter().any(|it| is_in(&it.from, &[room]) && it.path == path);
        assert!(is_needed, "`{room}` does not use `{path}` any more ({why}): take it off the list");
    }
}

#[test]
fn imports_are_seen() {
    let imports = tree().imports();
    let seen = |from: &str, path: &str| {
        let is_it = |it: &Import| it.from.join("/") == from && it.path == path;
        assert!(imports.iter().any(is_it), "{from} uses {path}");
    };
    // Through a re-export, a module within the file, a renamed module, and in code alone.
    seen("render/json", "crate::pace::Totals");
    seen("engine", "crate::source::Source");
    seen("monitor/hub", "crate::monitor::subscription::Mailbox");
    seen("feed", "std::thread::sleep");
    seen("source/proc/scan", "std::thread::scope");
}
