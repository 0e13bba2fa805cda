//! Names that others chose never reach a terminal as they are; in JSON they are exact.

use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::document::{Document, told};
use super::scene::Keeper;
use super::truth::Space;
use crate::support::act::unescaped;
use crate::support::child::{Actor, act, program, quiet_act};
use crate::support::harness::{Case, cases};
use crate::support::need::root;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root] {
            a_mount_point,
            names_and_arguments,
        }
    ]
}

/// Fails if anything but an end of line could move a cursor.
fn assert_harmless(text: &str) {
    let raw = text.chars().find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(raw, None, "a raw control character in {text:?}");
}

/// A text, byte for byte.
fn exact(value: &Value, name: &str) -> Vec<u8> {
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    match text(&format!("{name}_raw")) {
        Some(raw) => STANDARD.decode(raw).expect("base64"),
        None => text(name).unwrap_or_else(|| panic!("no {name} in {value}")).as_bytes().to_vec(),
    }
}

fn a_mount_point() {
    let folder = tempfile::tempdir().expect("a folder");
    let base = folder.path().to_str().expect("UTF-8");
    // An escape sequence, a new line, what looks like an escape of the kernel's, what is no UTF-8.
    let names =
        ["a%1b[31m%0ab%09c%5c040d", "e%1b]0;x%07%ff%c2%9bf"].map(|name| format!("{base}/{name}"));
    let paths = names.each_ref().map(|name| unescaped(name));
    for path in &paths {
        File::create(std::ffi::OsStr::from_bytes(path)).expect("a file");
    }
    let keeper = Keeper::start(&["mount", &names[0], &names[1]]);
    let document = Document::with(&["--kind", "uts"]);
    for (held, path) in keeper.held.iter().zip(&paths) {
        let holder = &document.row(&held.space).held_by()[0];
        assert_eq!(exact(holder, "path"), *path, "{holder}");
    }
    for arguments in
        [&["-o", "ns,nsfs,held,path,keeper"][..], &["--members"], &["--tree", "process"]]
    {
        let out = told(&[arguments, &["--kind", "uts"]].concat());
        assert_harmless(&out);
        for held in &keeper.held {
            let inode = held.space.inode.to_string();
            let lines: Vec<_> = out.lines().filter(|line| line.contains(&inode)).collect();
            assert_eq!(lines.len(), 1, "{out}");
            assert!(lines[0].contains("31m") || lines[0].contains("]0;x"), "{}", lines[0]);
        }
    }
}

fn names_and_arguments() {
    let argument = "\u{1b}]0;x\u{7}\n\u{9b}2J";
    let mut command = quiet_act(&program(), "pause");
    sys::before_exec(command.arg(argument), || sys::unshare(libc::CLONE_NEWUTS));
    let talker = Actor::new(&mut command);
    talker.hear("ready");
    let name = "%1b[2J%0ax%ffy";
    let mut command = act(&["rename", name, "end"]);
    sys::before_exec(&mut command, || sys::unshare(libc::CLONE_NEWUTS));
    let mut named = Actor::new(&mut command);
    named.hear("ready");
    named.tell("go");
    named.hear("renamed");
    let spaces = [&talker, &named].map(|actor| Space::of(actor.pid(), "uts").expect("its own"));
    let document = Document::with(&["--members", "--kind", "uts"]);
    let arguments = document.row(&spaces[0]).0.pointer("/lead/command_args/1");
    assert_eq!(arguments, Some(&argument.into()));
    let row = &document.row(&spaces[1]).0;
    assert_eq!(exact(&row["members"][0], "comm"), unescaped(name), "{row}");
    for arguments in [&["-o", "ns,command,keeper"][..], &[], &["--tree", "process"], &["--members"]]
    {
        let out = told(&[arguments, &["--kind", "uts"]].concat());
        assert_harmless(&out);
        let inode = spaces[0].inode.to_string();
        let at = out.lines().position(|line| line.contains(&inode)).expect("a row");
        let shown = out.lines().skip(at).take(2).any(|line| line.contains("]0;x"));
        assert!(shown, "{arguments:?}: {out}");
    }
}
