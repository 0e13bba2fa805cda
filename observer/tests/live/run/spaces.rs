//! Commands that put others into namespaces, or that others start: no engine, no container.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::document::Document;
use crate::support::child::unique;
use crate::support::engine::busybox;
use crate::support::harness::{Case, cases};
use crate::support::need::{Lack, bpf, on_the_host};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] { unshare_of_pids }
        Host [bpf, runc, busybox] { runtime_runc }
        Host [bpf, crun, busybox] { runtime_crun }
    ]
}

fn unshare_of_pids() {
    let inner = "sh -c 'exit 12'; sleep 0.1; exit 5";
    let command = ["unshare", "--fork", "--pid", "sh", "-c", inner];
    let document = Document::with(&["--strict"], &command);
    assert_eq!(document.answer.code, Some(5), "{:?}", document.answer);
    let unshare = document.running(&command);
    let init = document.running(&["sh", "-c", inner]);
    assert_eq!(init.text("/because/of"), unshare.id());
    assert_eq!(init.number("/process/vpid"), 1, "{init:?}");
    for (arguments, vpid) in [(&["sh", "-c", "exit 12"][..], 2), (&["sleep", "0.1"], 3)] {
        let row = document.running(arguments);
        assert_eq!(row.text("/because/of"), init.id(), "{row:?}");
        assert_eq!(row.number("/process/vpid"), vpid, "{row:?}");
    }
    assert_eq!(document.total("processes"), 4, "{}", document.value);
}

fn runc() -> Option<Lack> {
    runtime("runc")
}

fn crun() -> Option<Lack> {
    runtime("crun")
}

fn runtime(name: &str) -> Option<Lack> {
    on_the_host(|| {
        let is_there = Command::new(name).arg("--version").output().is_ok();
        (!is_there).then(|| format!("no {name} is installed"))
    })
}

/// What a runtime runs: a root with busybox, and this command.
fn bundle(folder: &Path, command: &[&str], runtime: &str) -> String {
    let bin = folder.join("rootfs/bin");
    fs::create_dir_all(&bin).expect("a folder");
    fs::create_dir_all(folder.join("rootfs/proc")).expect("a folder");
    let busybox = crate::support::engine::find("busybox").expect("busybox");
    fs::copy(busybox, bin.join("busybox")).expect("a copy");
    fs::set_permissions(bin.join("busybox"), fs::Permissions::from_mode(0o755)).expect("a mode");
    for name in ["sh", "sleep", "true"] {
        symlink("busybox", bin.join(name)).expect("a link");
    }
    let spec = Command::new(runtime).arg("spec").current_dir(folder).output().expect("a runtime");
    assert!(spec.status.success(), "{spec:?}");
    let file = folder.join("config.json");
    let text = fs::read(&file).expect("a specification");
    let mut spec: Value = serde_json::from_slice(&text).expect("JSON");
    spec["process"]["args"] = json!(command);
    spec["process"]["terminal"] = json!(false);
    fs::write(&file, spec.to_string()).expect("a file");
    folder.to_str().expect("UTF-8").to_owned()
}

fn runtime_runc() {
    assert_tree_of("runc", &[]);
}

/// It refuses to run where it sees both versions of cgroups mounted.
fn runtime_crun() {
    let with_one = "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"";
    assert_tree_of("crun", &["unshare", "--mount", "sh", "-c", with_one, "sh"]);
}

/// Behind these words.
fn assert_tree_of(runtime: &str, before: &[&str]) {
    let folder = TempDir::new().expect("a folder");
    let state = folder.path().join("state");
    let inside = ["/bin/sh", "-c", "/bin/true; /bin/sleep 0.2; exit 6"];
    let bundle = bundle(folder.path(), &inside, runtime);
    let id = unique("bundle");
    let state = state.to_str().expect("UTF-8");
    let run = [runtime, "--root", state, "run", "--bundle", &bundle, &id];
    let document = Document::of(&[before, &run].concat());
    assert_eq!(document.answer.code, Some(6), "{:?}", document.answer);
    let init = document.running(&inside);
    assert_eq!(init.number("/process/vpid"), 1, "{init:?}");
    assert_eq!(init.text("/role"), "container init", "{init:?}");
    assert_eq!(document.running(&run).text("/role"), "runtime");
    assert_eq!(init.exit("code"), Some(6));
    for arguments in [&["/bin/true"][..], &["/bin/sleep", "0.2"]] {
        assert_eq!(document.running(arguments).text("/because/of"), init.id());
    }
    // Its runtime led to it, step by step, from the command on.
    let mut row = init;
    while row.0["because"]["fact"] == "parent"
        && let Some(above) = document.rows().find(|other| other.id() == row.text("/because/of"))
    {
        row = above;
    }
    assert!(row.execs().iter().any(|words| words.contains(&id.as_str())), "{row:?}");
    assert_eq!(document.total("running"), 0);
}
