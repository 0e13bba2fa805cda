//! The rows of `observer ns --json --deep` against links below /proc and the kernel's own answers.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;

use super::act::MAP;
use super::document::{Document, Row};
use super::scene::{Keeper, Scene};
use super::truth::{self, Members, Space};
use crate::support::child::{Actor, act};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::need::root;
use crate::support::proc::{status, wait_for_state};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [root] {
            every_namespace_is_a_row,
            kin_and_makers_are_the_kernels,
            users_are_those_of_the_maps,
            whatever_holds_one_is_named,
            who_goes_on_without_its_leader,
            the_number_of_a_network_namespace,
            mounts_are_counted,
        }
        Host [root] {
            nothing_is_made_up,
            everybody_is_counted,
            pids_in_every_namespace,
            who_holds_without_files_is_named_at_once,
        }
    ]
}

/// So often a busy machine is looked at for a quiet moment.
pub(super) const LOOKS: usize = 40;

fn assert_none<T: std::fmt::Debug>(wrong: impl Iterator<Item = T>) {
    none_of(&wrong.map(|one| format!("{one:?}")).collect::<Vec<_>>());
}

/// Those that no link below /proc leads to.
fn without_path(scene: &Scene) -> [&Space; 2] {
    [scene.socket.space(), scene.around.space()]
}

fn every_namespace_is_a_row() {
    let scene = Scene::start();
    let before = truth::found();
    let document = Document::deep();
    let after = truth::found();
    let lasting = before.keys().filter(|space| after.contains_key(space));
    assert_none(lasting.filter(|space| document.get(space).is_none()));
    for space in scene.spaces() {
        document.row(&space);
        let is_found = before.contains_key(&space) || without_path(&scene).contains(&&space);
        assert!(is_found, "the walk should find {space:?}");
    }
}

fn nothing_is_made_up() {
    let scene = Scene::start();
    let mut strays = Vec::new();
    for _ in 0..LOOKS {
        let before = truth::found();
        let document = Document::deep();
        let after = truth::found();
        let stray = |row: &&Row| {
            let space = row.space();
            let found = before.contains_key(&space) || after.contains_key(&space);
            !found && !without_path(&scene).contains(&&space)
        };
        strays = document.rows().filter(stray).map(Row::space).collect();
        for row in document.rows() {
            let is_kept = !row.pids().is_empty() || !row.held_by().is_empty();
            assert!(is_kept, "nothing keeps {row:?}");
            assert_eq!(row.number("nprocs"), Some(row.pids().len() as u64), "{row:?}");
        }
        if strays.is_empty() {
            return;
        }
    }
    assert_none(strays.iter());
}

fn kin_and_makers_are_the_kernels() {
    let scene = Scene::start();
    let found = truth::found();
    let document = Document::deep();
    let mut compared = BTreeSet::new();
    for (space, path) in &found {
        let (Some(said), Some(row)) = (truth::asked(space, path), document.get(space)) else {
            continue;
        };
        assert_eq!(row.relative("owner"), said.owner, "owner of {row:?}");
        // What the kernel calls the parent of a user namespace is its owner as well.
        assert_eq!(row.relative("parent"), said.parent, "parent of {row:?}");
        assert_eq!(row.number("creator_uid"), said.creator.map(u64::from), "maker of {row:?}");
        assert_eq!(row.number("kernel_id"), said.kernel_id, "number of {row:?}");
        let suffix = said.kernel_id.map_or_else(String::new, |id| format!("#{id}"));
        let id = format!("{}:{}{suffix}", space.kind, space.inode);
        assert_eq!(row.0["id"], id, "identity of {row:?}");
        compared.insert(space.clone());
    }
    let spaces = scene.spaces();
    let wanted = spaces.iter().filter(|space| !without_path(&scene).contains(space));
    assert_none(wanted.filter(|space| !compared.contains(space)));
    assert_nested(&scene, &document);
}

/// What the set-up is known to be, whatever the kernel says.
fn assert_nested(scene: &Scene, document: &Document) {
    let user = |pid| Space::of(pid, "user").expect("a user namespace");
    let [outer, middle, inner] = scene.nest.processes.map(user);
    let own = user(std::process::id());
    for (space, around, maker) in
        [(&outer, &own, 0), (&middle, &outer, 100_000), (&inner, &middle, 100_000)]
    {
        let row = document.row(space);
        assert_eq!(row.relative("parent"), Some(around.inode), "around {row:?}");
        assert_eq!(row.number("creator_uid"), Some(maker), "maker of {row:?}");
    }
    let [first, second, third] = scene.nest.processes;
    for (pid, kind, owner) in [
        (first, "uts", &outer),
        (first, "pid", &outer),
        (second, "net", &middle),
        (second, "pid", &middle),
        (third, "ipc", &inner),
        (third, "mnt", &inner),
        (third, "cgroup", &inner),
        (scene.nest.timed, "time", &inner),
    ] {
        let row = document.row(&Space::of(pid, kind).expect("a namespace"));
        assert_eq!(row.relative("owner"), Some(owner.inode), "owner of {row:?}");
    }
    let held = document.row(scene.socket.space());
    assert_eq!(held.relative("owner"), Some(own.inode), "owner of {held:?}");
    let held = document.row(scene.around.space());
    assert_eq!(held.relative("parent"), Some(own.inode), "around {held:?}");
}

fn ranges(text: &str) -> Vec<[u64; 3]> {
    let line = |line: &str| -> [u64; 3] {
        let numbers = line.split_whitespace().map(|word| word.parse().expect("a number"));
        numbers.collect::<Vec<_>>().try_into().expect("three numbers")
    };
    text.lines().map(line).collect()
}

fn users_are_those_of_the_maps() {
    let scene = Scene::start();
    let document = Document::deep();
    let [outer, middle, inner] =
        scene.nest.processes.map(|pid| document.row(&Space::of(pid, "user").expect("its own")));
    for name in ["uid_map", "gid_map"] {
        assert_eq!(outer.map(name), Some(ranges(MAP)), "{name} of {outer:?}");
        for row in [middle, inner] {
            assert_eq!(row.map(name), Some(vec![[0, 100_000, 1]]), "{name} of {row:?}");
        }
        for row in document.rows() {
            let is_known = row.space().kind == "user" && !row.pids().is_empty();
            assert_eq!(row.0.get(name).is_some(), is_known, "{name} of {row:?}");
            let Some(pid) = row.pids().first().copied().filter(|_| is_known) else { continue };
            if let Ok(text) = fs::read_to_string(format!("/proc/{pid}/{name}")) {
                assert_eq!(row.map(name), Some(ranges(&text)), "{name} of {row:?}");
            }
        }
    }
}

fn everybody_is_counted() {
    let scene = Scene::start();
    let spaces = scene.spaces();
    for _ in 0..LOOKS {
        let before = truth::members();
        let document = Document::deep();
        let after = truth::members();
        for space in &spaces {
            assert_members(document.row(space), before.get(space), 0);
        }
        assert_zombie(&scene, &document);
        if is_quiet(&before, &document, &after) {
            // The program itself is in some.
            for row in document.rows() {
                let strangers = usize::from(row.0["mine"] == true);
                assert_members(row, before.get(&row.space()), strangers);
            }
            return;
        }
    }
    panic!("the machine never kept still");
}

fn is_quiet(before: &Members, document: &Document, after: &Members) -> bool {
    let count = |row: &Row| before.get(&row.space()).map_or(0, BTreeSet::len);
    let is_same = |row: &Row| row.pids().len() == count(row) + usize::from(row.0["mine"] == true);
    before == after && document.rows().all(is_same)
}

fn assert_members(row: &Row, truth: Option<&BTreeSet<(u32, bool, bool)>>, strangers: usize) {
    let truth: Vec<_> = truth.into_iter().flatten().collect();
    let told = row.pids();
    assert!(told.is_sorted(), "order of {row:?}");
    let missing: Vec<_> = truth.iter().filter(|(pid, ..)| !told.contains(pid)).collect();
    assert_eq!((missing.len(), told.len()), (0, truth.len() + strangers), "{truth:?}, {row:?}");
    let zombies = truth.iter().filter(|(_, zombie, _)| *zombie).count();
    assert_eq!(row.number("zombies"), Some(zombies as u64), "zombies of {row:?}");
    let threads = truth.iter().filter(|(.., kernel)| *kernel).count();
    assert_eq!(row.number("kernel_threads"), Some(threads as u64), "threads of {row:?}");
}

fn assert_zombie(scene: &Scene, document: &Document) {
    let [_, second, third] = scene.nest.processes;
    for (pid, kind) in [(third, "user"), (second, "pid")] {
        let row = document.row(&Space::of(pid, kind).expect("its own"));
        assert!(row.pids().contains(&scene.nest.zombie), "the zombie in {row:?}");
        assert_eq!(row.number("zombies"), Some(1), "{row:?}");
    }
    let first = document.row(&Space::of(2, "pid").expect("that of the kernel's threads"));
    assert!(first.number("kernel_threads") > Some(1), "{first:?}");
}

fn pids_in_every_namespace() {
    let scene = Scene::start();
    let document = Document::with(&["--deep", "--members"]);
    let levels = |text: &str| -> Vec<u64> {
        text.split_whitespace().map(|word| word.parse().expect("a pid")).collect()
    };
    let mut deepest = 0;
    for space in scene.spaces() {
        let row = document.row(&space);
        let members = row.0["members"].as_array().expect("members");
        assert_eq!(members.len(), row.pids().len(), "{row:?}");
        for (member, pid) in members.iter().zip(row.pids()) {
            let truth = levels(&status(pid, "NSpid"));
            assert_eq!(member["pids"], json!(truth), "of process {pid} in {row:?}");
            deepest = deepest.max(truth.len());
            assert_eq!(member["comm"], status(pid, "Name"), "{member}");
            assert_eq!(member["zombie"], pid == scene.nest.zombie, "{member}");
            assert_eq!(member["kernel_thread"], false, "{member}");
        }
    }
    assert_eq!(deepest, 3, "levels of pid namespaces");
}

fn whatever_holds_one_is_named() {
    let scene = Scene::start();
    let document = Document::deep();
    assert_lasting_holders(&scene, &document);
    let Scene { file, thread, socket, .. } = &scene;
    assert_eq!(
        holders(&document, file),
        [json!([{"by": "file", "pid": file.pid(), "fd": file.held[0].number}])]
    );
    let expected = json!([{"by": "thread", "pid": thread.pid(), "tid": thread.held[0].number}]);
    assert_eq!(holders(&document, thread), [expected]);
    let expected = json!([{"by": "socket", "pid": socket.pid(), "fd": socket.held[0].number}]);
    assert_eq!(holders(&document, socket), [expected]);
}

/// Links of a process lead nowhere once its leader has ended; those of its threads do.
fn who_goes_on_without_its_leader() {
    let mut command = act(&["table", "leader-ends"]);
    sys::before_exec(&mut command, || sys::unshare(libc::CLONE_NEWUTS));
    let actor = Actor::new(&mut command);
    actor.hear("ready");
    wait_for_state(actor.pid(), "Z");
    let tids = truth::numbers(&format!("/proc/{}/task", actor.pid()));
    let tid = *tids.iter().max().expect("a thread");
    let space = Space::at(Path::new(&format!("/proc/{}/task/{tid}/ns/uts", actor.pid())));
    let document = Document::deep();
    let row = document.row(&space.expect("a namespace"));
    let expected = json!([{"by": "thread", "pid": actor.pid(), "tid": tid}]);
    assert_eq!(row.0["held_by"], expected, "{row:?}");
    let closed = truth::closed().len();
    assert_eq!(document.unreadable(), closed, "it is not refused: {}", document.errors);
}

fn the_number_of_a_network_namespace() {
    let scene = Scene::start();
    let without = Document::deep();
    let (space, number) = scene.nest.number_network();
    let document = Document::deep();
    assert_eq!(without.row(&space).number("netns_id"), None, "before it has one");
    assert_eq!(document.row(&space).number("netns_id"), Some(number.into()));
    assert_eq!(document.row(scene.socket.space()).number("netns_id"), None, "of another");
}

fn mounts_are_counted() {
    let scene = Scene::start();
    let document = Document::deep();
    let [.., inner] = scene.nest.processes;
    for pid in [scene.mounts.pid(), inner] {
        let space = Space::of(pid, "mnt").expect("its own");
        let said = truth::asked(&space, Path::new(&format!("/proc/{pid}/ns/mnt")));
        let text = fs::read(format!("/proc/{pid}/mountinfo")).expect("a live process");
        let lines = String::from_utf8_lossy(&text).lines().count() as u64;
        let expected = said.expect("a live process").mounts.unwrap_or(lines);
        // Linux 6.12 counts one less than it shows.
        assert!(expected.abs_diff(lines) <= 1, "{expected} mounts, {lines} are seen");
        assert_eq!(document.row(&space).number("mounts"), Some(expected), "{space:?}");
    }
}

fn who_holds_without_files_is_named_at_once() {
    let scene = Scene::start();
    assert_lasting_holders(&scene, &Document::with(&[]));
}

/// What keeps each of those that a keeper holds; none has a member.
fn holders(document: &Document, keeper: &Keeper) -> Vec<serde_json::Value> {
    let row = |held: &super::scene::Held| {
        let row = document.row(&held.space);
        assert_eq!(row.pids(), [0; 0], "members of {row:?}");
        row.0["held_by"].clone()
    };
    keeper.held.iter().map(row).collect()
}

fn assert_lasting_holders(scene: &Scene, document: &Document) {
    let Scene { around, mounts, children, .. } = scene;
    let inner = document.row(&Space::of(around.pid(), "user").expect("its own"));
    let expected = json!([{"by": "namespace", "id": inner.0["id"]}]);
    assert_eq!(holders(document, around), [expected]);
    let pid = mounts.pid();
    let mount_namespace = Space::of(pid, "mnt").expect("its own").inode;
    let expected = scene.files.each_ref().map(|path| {
        json!([{"by": "mount", "path": path, "pid": pid, "mount_namespace": mount_namespace}])
    });
    assert_eq!(holders(document, mounts), expected);
    let expected = json!([{"by": "children", "pid": children.pid()}]);
    assert_eq!(holders(document, children), [expected.clone(), expected]);
    let timed = document.row(&Space::of(scene.nest.timed, "time").expect("its own"));
    let [.., inner] = scene.nest.processes;
    assert_eq!(timed.0["held_by"], json!([{"by": "children", "pid": inner}]));
}
