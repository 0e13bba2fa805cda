//! Callers that are not permitted to see everything, and what is too quick to be seen: there is
//! always an answer, and it says what is missing.

use std::ffi::CStr;
use std::io;
use std::time::{Duration, Instant};

use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;
use nix::unistd::write;

use super::document::{Document, ns};
use super::scene::Scene;
use super::truth::{self, Space};
use crate::ps::churn::Churn;
use crate::ps::hidden::mount_proc;
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, scaled, soon};
use crate::support::need::root;
use crate::support::program::{Answer, observer, observer_by_descriptor};
use crate::support::sys;
use crate::support::sys::become_nobody;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [root] {
            nobody_sees_their_own,
            inside_a_user_namespace,
            inside_a_pid_namespace,
        }
        Host [root] {
            nobody_is_told_of_hidden_processes,
            with_a_pid_that_means_another_outside,
            among_thousands_that_come_and_go,
            among_namespaces_that_do_not_last,
        }
    ]
}

/// What a process is told after some step, by a program that is found by its descriptor: no folder
/// is in the way.
fn told_after(
    step: impl FnMut() -> io::Result<()> + Send + Sync + 'static,
    arguments: &[&str],
) -> Answer {
    let (mut command, _program) = observer_by_descriptor(&[&["ns"], arguments].concat());
    sys::before_exec(&mut command, step);
    Answer::of(&mut command)
}

/// Rows of the program's own namespaces, one of each kind.
fn assert_own(document: &Document) {
    let kinds: Vec<_> = document.own().iter().map(|row| row.space().kind).collect();
    let mut expected = truth::KINDS.map(str::to_owned);
    expected.sort();
    assert_eq!(kinds, expected, "kinds of the own namespaces");
    for row in document.own() {
        assert!(!row.pids().is_empty(), "members of {row:?}");
    }
}

/// Everybody is either in the user namespace, or is said to be unreadable.
fn assert_counted(document: &Document, before: usize, after: usize) {
    let users = document.own().into_iter().find(|row| row.space().kind == "user");
    let count = users.expect("a user namespace").pids().len() + document.unreadable();
    let near = 30;
    let (least, most) = (before.min(after).saturating_sub(near), before.max(after) + near);
    assert!((least..=most).contains(&count), "{count} of {before} before, {after} after");
}

/// What is said on stderr of processes that may not be looked into.
fn assert_said(document: &Document) {
    let line = document.errors.lines().find(|line| line.contains("CAP_SYS_PTRACE"));
    let line = line.unwrap_or_else(|| panic!("nothing is said: `{}`", document.errors));
    let number = line.split_whitespace().find_map(|word| word.parse::<usize>().ok());
    assert_eq!(number, Some(document.unreadable()), "{line}");
}

fn nobody_sees_their_own() {
    let _scene = Scene::start();
    for arguments in [&["--json"][..], &["--json", "--deep"]] {
        let before = truth::numbers("/proc").len();
        let document = Document::answered(told_after(become_nobody, arguments));
        let after = truth::numbers("/proc").len();
        assert_own(&document);
        assert_counted(&document, before, after);
        assert!(document.unreadable() > 10, "unreadable: {}", document.unreadable());
        assert_said(&document);
    }
    let tree = told_after(become_nobody, &[]);
    assert_eq!(tree.code, Some(0), "{tree:?}");
}

fn nobody_is_told_of_hidden_processes() {
    let step = || {
        mount_proc(c"hidepid=2")?;
        become_nobody()
    };
    let document = Document::answered(told_after(step, &["--json"]));
    assert_own(&document);
    assert_eq!(document.unreadable(), 0, "who is not seen is not counted");
    assert!(document.errors.contains("hidepid=2") || document.errors.contains("hidepid=invisible"));
}

fn put(path: &CStr, text: &[u8]) -> io::Result<()> {
    let file = open(path, OFlag::O_WRONLY, Mode::empty())?;
    write(file, text)?;
    Ok(())
}

fn become_root_inside() -> io::Result<()> {
    sys::unshare(libc::CLONE_NEWUSER)?;
    put(c"/proc/self/setgroups", b"deny")?;
    put(c"/proc/self/uid_map", b"0 0 1")?;
    put(c"/proc/self/gid_map", b"0 0 1")
}

fn inside_a_user_namespace() {
    let without_maps = || sys::unshare(libc::CLONE_NEWUSER);
    for step in [without_maps as fn() -> io::Result<()>, become_root_inside] {
        let document = Document::answered(told_after(step, &["--json", "--deep"]));
        assert_own(&document);
        assert!(document.unreadable() > 10, "unreadable: {}", document.unreadable());
        assert_said(&document);
        for row in document.own() {
            assert_eq!(row.0["owner_missing"], "hidden", "{row:?}");
            assert_eq!(row.0.get("owner"), None, "{row:?}");
        }
        let own = document.own().into_iter().find(|row| row.space().kind == "user");
        let own = own.expect("a user namespace");
        assert_eq!(own.0["parent_missing"], "hidden", "{own:?}");
        assert_eq!(own.pids().len(), 1, "{own:?}");
        for relation in ["owner", "user"] {
            let arguments = ["--tree", relation, "-o", "ns", "--no-headers"];
            let tree = told_after(step, &arguments);
            assert_eq!(tree.code, Some(0), "{tree:?}");
            let lines: Vec<_> = tree.out.lines().collect();
            assert_eq!(lines[0], "not visible", "{}", tree.out);
            assert!(lines[1..].iter().all(|line| line.starts_with(['├', '└'])), "{}", tree.out);
        }
    }
}

/// What is said by a program that has a pid namespace and /proc of its own.
fn told_inside(users: &str, arguments: &[&str]) -> Answer {
    let program = observer().to_str().expect("UTF-8").to_owned();
    let words = ["ns", "inside", users, &program, "ns"];
    Answer::of(&mut act(&[&words[..], arguments].concat()))
}

fn inside_a_pid_namespace() {
    let _scene = Scene::start();
    for users in ["of-host", "own"] {
        let document = Document::answered(told_inside(users, &["--json", "--deep", "--members"]));
        assert_own(&document);
        assert_eq!((document.unreadable(), &*document.errors), (0, ""), "{users}: all are its own");
        let own = document.own().into_iter().find(|row| row.space().kind == "pid");
        let own = own.expect("a pid namespace");
        assert_eq!(own.pids(), [1, 2], "the act, and the program");
        assert_eq!(own.0["parent_missing"], "hidden", "{own:?}");
        assert_eq!(own.0.pointer("/members/1/pids"), Some(&serde_json::json!([2])), "{own:?}");
        assert!(document.rows().all(|row| row.pids().iter().all(|pid| *pid <= 2)));
        let tree = told_inside(users, &["--tree", "pid", "-o", "ns", "--no-headers"]);
        let inode = own.space().inode;
        assert_eq!(tree.code, Some(0), "{tree:?}");
        assert!(tree.out.starts_with("not visible\n└─"), "{} for {inode}", tree.out);
    }
}

/// Whose files are left out, as its own, is not told by its pid.
fn with_a_pid_that_means_another_outside() {
    let scene = Scene::start();
    let keeper = scene.file.pid().to_string();
    let program = observer().to_str().expect("UTF-8").to_owned();
    let words = ["ns", "as", &keeper, &program, "ns", "--json", "--deep"];
    let document = Document::of(&mut act(&words));
    let held = document.row(scene.file.space());
    assert_eq!(held.held_by().len(), 1, "who has it open: {held:?}");
    assert_own(&document);
}

const CROWD: usize = 5000;
const DOCUMENTS: usize = 10;

fn among_thousands_that_come_and_go() {
    let scene = Scene::start();
    let spaces = scene.spaces();
    let closed = truth::closed();
    let crowd = Actor::new(&mut act(&["ps", "crowd", &scaled(CROWD).to_string()]));
    let within = patience(Duration::from_secs(4));
    let count: usize = crowd.hear_within("crowd", within).parse().expect("a number");
    let members = truth::members();
    let churn = Churn::start();
    for _ in 0..DOCUMENTS {
        let mut command = ns(&["--json", "--deep", "--members"]);
        let document = Document::answered(Answer::within(&mut command, within));
        assert_own(&document);
        assert_eq!(document.unreadable(), closed.len(), "who has ended was not refused");
        for space in &spaces {
            let row = document.row(space);
            let truth = members.get(space).into_iter().flatten().map(|(pid, ..)| *pid);
            assert_eq!(row.pids(), truth.collect::<Vec<_>>(), "{row:?}");
        }
        let own = document.row(&Space::of(crowd.pid(), "uts").expect("a live process"));
        assert!(own.pids().len() > count, "{count} in {} pids", own.pids().len());
    }
    assert!(churn.stop().count() > 10, "no churn");
    crowd.dismiss();
}

/// What has gone since it was looked at is no namespace that may not be seen.
fn among_namespaces_that_do_not_last() {
    let flickers = [0; 2].map(|_| {
        let actor = Actor::new(&mut act(&["ns", "flicker"]));
        actor.hear("ready");
        actor
    });
    let closed = truth::closed();
    let (mut seen, mut looks) = (0, 0);
    let deadline = Instant::now() + soon();
    // On a slow machine one look may find all of them between two lives.
    while looks < scaled(100) || seen == 0 {
        assert!(Instant::now() < deadline, "{seen} namespaces in {looks} looks");
        looks += 1;
        let document = Document::with(&["--kind", "uts,pid,user"]);
        seen += document.rows().count() - 3;
        assert_eq!(document.unreadable(), closed.len(), "who has ended was not refused");
        for row in document.rows() {
            let missing = [row.0.get("owner_missing"), row.0.get("parent_missing")];
            assert_eq!(missing, [None, None], "{row:?}");
        }
    }
    for flicker in flickers {
        flicker.dismiss();
    }
}
