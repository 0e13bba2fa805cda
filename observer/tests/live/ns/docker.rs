//! The namespaces of real containers.

use super::document::{Document, told};
use super::truth::Space;
use crate::support::engine::{Container, Engine, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::need::root;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root, engine, busybox] { a_container_is_named_beside_its_namespaces }
    ]
}

fn a_container_is_named_beside_its_namespaces() {
    let engine = Engine::start();
    engine.import_image();
    let container = Container::run(&engine, &[]);
    let document = Document::with(&[]);
    let table = told(&["-o", "ns,container", "--no-headers"]);
    let tree = told(&[]);
    for kind in ["pid", "mnt", "net", "uts", "ipc"] {
        let space = Space::of(container.pid, kind).expect("a live process");
        assert_ne!(Some(&space), Space::of(std::process::id(), kind).as_ref(), "its own {kind}");
        let row = document.row(&space);
        assert_eq!(row.0.pointer("/lead/container/id"), Some(&container.id.as_str().into()));
        assert_eq!(row.0.pointer("/lead/container/runtime"), Some(&"docker".into()));
        let inode = space.inode.to_string();
        let line = table.lines().find(|line| line.starts_with(&inode)).expect("a row");
        let cell = line.split_whitespace().nth(1).expect("a container");
        assert!(cell.len() >= 12 && container.id.starts_with(cell), "container {cell}");
        let line = tree.lines().find(|line| line.contains(&inode)).expect("a node");
        assert!(line.contains(cell), "`{line}` should name {cell}");
    }
}
