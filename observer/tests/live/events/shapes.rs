//! The unusual ways to start a program, to become one, and to change who one is.

use std::ffi::{CString, OsStr};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;
use std::slice;

use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use tempfile::TempDir;

use crate::support::child::{
    Actor, Ended, Started, act, make_bare, program, quiet_act, reap, unique,
};
use crate::support::event::{Event, none_of};
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::need::bpf;
use crate::support::observed::{Observed, Stream};
use crate::support::sys::{self, boot_ns};

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [bpf] {
            memfd_by_fexecve,
            script_with_interpreter,
            exec_without_arguments,
            vfork,
            clone_parent,
            fork_without_exec,
            posix_spawn_of_a_missing_file,
            parent_of_a_daemon,
            reparent,
            rename,
            a_thread_renames_itself_only,
            hostile_file_name,
            real_and_effective_users,
            users_changed_between_exec_and_exit,
        }
    ]
}

const ALL: [&str; 2] = ["-e", "fork,exec,exit"];

/// The events of one child of ours that has ended, after a check of its exit.
fn life_of(observed: &mut Observed, ended: &Ended) -> Vec<Event> {
    observed.wait_for_exits(slice::from_ref(ended));
    let us = std::process::id();
    let exit =
        observed.wait_for("exit", |e| e.is("exit") && e.pid() == ended.pid && e.parent_pid() == us);
    none_of(&exit.differences_from(ended));
    observed.seen(|e| e.is_of_process() && e.id() == exit.id())
}

fn kinds(life: &[Event]) -> Vec<&str> {
    life.iter().map(Event::kind).collect()
}

/// What /proc shows as the arguments of a live process.
fn proc_arguments(pid: u32) -> Vec<Vec<u8>> {
    let mut text = fs::read(format!("/proc/{pid}/cmdline")).expect("a live process");
    assert_eq!(text.pop(), Some(0), "the end of cmdline");
    text.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect()
}

fn memfd_by_fexecve() {
    let token = unique("memfd");
    let mut observed = Observed::start(&ALL);
    let ended = Started::new(&mut act(&["memfd", &token])).reap();
    assert_eq!(libc::WEXITSTATUS(ended.status), 7, "the copy should have run");
    let life = life_of(&mut observed, &ended);
    assert_eq!(kinds(&life), ["fork", "exec", "exec", "exit"], "{life:?}");
    let words = ["sh", "-c", "exit 7", &token];
    assert!(words.iter().all(|word| life[2].has_argument(word)), "{:?}", life[2]);
    assert!(!life[2].path().is_empty(), "no path in {:?}", life[2]);
}

fn script_with_interpreter() {
    let folder = TempDir::new().expect("a folder");
    let interpreter = folder.path().join("interpreter");
    symlink(program(), &interpreter).expect("a link");
    let script = folder.path().join("script");
    let line = format!("#!{} one argument \n", interpreter.display());
    fs::write(&script, line).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");

    let token = unique("script");
    let mut observed = Observed::start(&[]);
    let actor = Actor::new(quiet_act(&script, "pause").args([&token, "", "two\nlines"]));
    actor.hear("ready");
    let truth = proc_arguments(actor.pid());
    let ended = actor.dismiss();
    let life = life_of(&mut observed, &ended);
    assert_eq!(kinds(&life), ["exec", "exit"], "one exec event: {life:?}");
    let path = |path: &std::path::Path| path.as_os_str().as_bytes().to_vec();
    assert_eq!(life[0].arguments(), Some(truth.clone()), "{:?}", life[0]);
    assert_eq!(truth[..3], [path(&interpreter), b"one argument".to_vec(), path(&script)]);
}

fn exec_without_arguments() {
    let mut observed = Observed::start(&[]);
    let actor = Actor::new(&mut act(&["no-arguments"]));
    actor.hear("ready");
    let truth = proc_arguments(actor.pid());
    let ended = actor.dismiss();
    let life = life_of(&mut observed, &ended);
    assert_eq!(kinds(&life), ["exec", "exec", "exit"], "{life:?}");
    assert_eq!(life[1].arguments(), Some(truth), "{:?}", life[1]);
}

/// The events of a child of an act, found by its argument.
fn child_events<'a>(stream: &'a Stream, token: &str) -> (&'a Event, &'a Event, &'a Event) {
    let exec = stream
        .of_kind("exec")
        .find(|e| e.has_argument(token) && e.has_argument("exit"))
        .unwrap_or_else(|| panic!("no exec with {token}"));
    let forks: Vec<_> = stream.of_kind("fork").filter(|e| e.id() == exec.id()).collect();
    assert_eq!(forks.len(), 1, "forks of {exec:?}: {forks:?}");
    (forks[0], exec, stream.exit_of(exec))
}

fn vfork() {
    let token = unique("vfork");
    let mut observed = Observed::start(&ALL);
    let actor = Actor::new(&mut act(&["vfork", &token]));
    let child = actor.hear_number("child");
    let creator = actor.dismiss();
    observed.wait_for_exits(slice::from_ref(&creator));
    observed.fence();
    let stream = observed.stop();
    let (fork, exec, exit) = child_events(&stream, &token);
    assert_eq!(exec.pid(), child, "pid of {exec:?}");
    assert_eq!(fork.creator_pid(), creator.pid, "creator of {fork:?}");
    let flags = fork.expect_number("/clone_flags");
    let wanted = u64::from((libc::CLONE_VFORK | libc::CLONE_VM).cast_unsigned());
    assert_eq!(flags & wanted, wanted, "flags of {fork:?}");
    assert_eq!(exit.field("/process/exit/code"), Some(&5.into()), "{exit:?}");
    assert_eq!(exit.parent_pid(), creator.pid, "parent of {exit:?}");
}

fn clone_parent() {
    let token = unique("clone-parent");
    let us = std::process::id();
    let mut observed = Observed::start(&ALL);
    let mut actor = Actor::new(&mut act(&["clone-parent", &token]));
    let began = actor.started.began();
    let child = actor.hear_number("child");
    // The act's parent is the child's parent.
    let ended = reap(child, began, soon());
    actor.tell("seen");
    let creator = actor.dismiss();
    observed.wait_for_exits(&[creator.clone(), ended.clone()]);
    let stream = observed.stop();
    let (fork, exec, exit) = child_events(&stream, &token);
    assert_eq!(fork.creator_pid(), creator.pid, "creator of {fork:?}");
    for event in [fork, exec, exit] {
        assert_eq!(event.pid(), child, "pid of {event:?}");
        assert_eq!(event.parent_pid(), us, "parent of {event:?}");
    }
    let flags = fork.expect_number("/clone_flags");
    let wanted = u64::from(libc::CLONE_PARENT.cast_unsigned());
    assert_eq!(flags & wanted, wanted, "flags of {fork:?}");
    none_of(&exit.differences_from(&ended));
}

fn fork_without_exec() {
    let mut observed = Observed::start(&ALL);
    let actor = Actor::new(&mut act(&["fork-only", "33"]));
    let child = actor.hear_number("child");
    let creator = actor.dismiss();
    observed.wait_for_exits(slice::from_ref(&creator));
    observed.fence();
    let stream = observed.stop();
    let forks = stream.of_pid("fork", child, creator.pid);
    assert_eq!(forks.len(), 1, "forks of {child}: {forks:?}");
    assert_eq!(forks[0].text("/parent/id"), forks[0].text("/process/parent_id"));
    let exit = stream.exit_of(forks[0]);
    assert_eq!(exit.field("/process/exit/code"), Some(&33.into()), "{exit:?}");
    let execs = stream.of_kind("exec").filter(|e| e.id() == exit.id());
    assert_eq!(execs.count(), 0, "it never executed anything");
}

fn posix_spawn_of_a_missing_file() {
    let token = unique("missing");
    let mut observed = Observed::start(&ALL);
    let path = CString::new(format!("/nonexistent/{token}")).expect("no NUL");
    let began = boot_ns();
    let result = sys::posix_spawn(&path, slice::from_ref(&path));
    let over = boot_ns();
    assert_eq!(
        result.map_err(|error| error.raw_os_error()),
        Err(Some(libc::ENOENT)),
        "a missing file cannot run"
    );
    observed.fence();
    observed.fence();
    let stream = observed.stop();
    let us = std::process::id();
    let children: Vec<_> = stream
        .of_kind("fork")
        .filter(|e| e.creator_pid() == us)
        .filter(|e| (began..over).contains(&e.expect_number("/boot_ns")))
        .collect();
    assert_eq!(children.len(), 1, "children of the attempt: {children:?}");
    let of_child = |kind| stream.of_kind(kind).filter(|e| e.id() == children[0].id());
    assert_eq!(of_child("exec").count(), 0, "nothing was executed");
    assert_eq!(of_child("exit").count(), 1, "exits of the child");
    let text = stream.of_kind("exec").find(|e| e.path() == path.as_bytes());
    assert!(text.is_none(), "an exec of a missing file: {text:?}");
}

fn parent_of_a_daemon() {
    let token = unique("daemon");
    let mut observed = Observed::start(&ALL);
    let mut actor = Actor::new(&mut act(&["daemon", &token]));
    let grandchild = actor.hear_number("grandchild");
    let parent = actor.hear_number("parent");
    observed.wait_for("exit of the daemon", |e| {
        e.is("exit") && e.pid() == grandchild && e.parent_pid() == parent
    });
    actor.tell("seen");
    let first = actor.dismiss();
    observed.wait_for_exits(slice::from_ref(&first));
    let stream = observed.stop();
    let (fork, exec, exit) = child_events(&stream, &token);
    assert_eq!(exec.pid(), grandchild, "pid of {exec:?}");
    let middle = fork.creator_pid();
    assert_eq!(stream.of_pid("fork", middle, first.pid).len(), 1, "the middle process");
    assert_eq!(fork.parent_pid(), middle, "parent of {fork:?}");
    assert_eq!(exec.parent_pid(), parent, "parent of {exec:?}");
    assert_eq!(exit.parent_pid(), parent, "parent of {exit:?}");
    assert_ne!(exec.text("/process/parent_id"), fork.text("/process/parent_id"));
}

fn reparent() {
    let token = unique("orphan");
    let mut observed = Observed::start(&["-e", "fork,exec,exit,reparent"]);
    let mut actor = Actor::new(&mut act(&["daemon", &token]));
    let grandchild = actor.hear_number("grandchild");
    let parent = actor.hear_number("parent");
    let told = observed.wait_for("reparent", |e| e.is("reparent") && e.pid() == grandchild);
    observed.wait_for("exit", |e| e.is("exit") && e.pid() == grandchild);
    actor.tell("seen");
    actor.dismiss();
    let stream = observed.stop();
    let (fork, exec, _) = child_events(&stream, &token);
    assert_eq!(told.id(), fork.id(), "identity");
    assert_eq!(told.parent_pid(), parent, "parent of {told:?}");
    let old = u64::from(fork.creator_pid());
    assert_eq!(told.number("/old_parent_pid"), Some(old), "old parent of {told:?}");
    assert_eq!(told.text("/old_parent_id"), fork.text("/process/parent_id"));
    assert_eq!(told.text("/process/parent_id"), exec.text("/process/parent_id"));
    assert_eq!(stream.of_pid("reparent", grandchild, parent).len(), 1, "told once");
}

fn rename() {
    let us = std::process::id();
    let mut observed = Observed::start(&["-e", "exec,exit,rename"]);
    let mut actor = Actor::new(&mut act(&["rename", "first-name", "%1b%5b31m%0a%ff"]));
    actor.hear("ready");
    let name = fs::read(format!("/proc/{}/comm", actor.pid())).expect("a live process");
    for _ in 0..2 {
        actor.tell("next");
        actor.hear("renamed");
    }
    let ended = actor.dismiss();
    observed.wait_for_exits(slice::from_ref(&ended));
    let stream = observed.stop();
    let told: Vec<_> = stream
        .of_pid("rename", ended.pid, us)
        .into_iter()
        .filter(|event| {
            event.old_comm() == name.trim_ascii_end() || event.old_comm() == b"first-name"
        })
        .collect();
    assert_eq!(told.len(), 2, "renames of {}: {told:?}", ended.pid);
    assert_eq!(told[0].old_comm(), name.trim_ascii_end(), "old name in {:?}", told[0]);
    assert_eq!(told[0].comm(), b"first-name", "new name in {:?}", told[0]);
    assert_eq!(told[1].old_comm(), b"first-name", "old name in {:?}", told[1]);
    assert_eq!(told[1].comm(), b"\x1b[31m\n\xff", "new name in {:?}", told[1]);
    let exit = stream.exit_of(told[1]);
    assert_eq!(exit.comm(), b"\x1b[31m\n\xff", "last name in {exit:?}");
}

fn a_thread_renames_itself_only() {
    let us = std::process::id();
    let mut observed = Observed::start(&["-e", "exec,exit,rename"]);
    let mut actor = Actor::new(&mut act(&["rename-thread", "a-thread"]));
    actor.hear("ready");
    let name = fs::read(format!("/proc/{}/comm", actor.pid())).expect("a live process");
    actor.tell("next");
    actor.hear("renamed");
    let ended = actor.dismiss();
    observed.wait_for_exits(slice::from_ref(&ended));
    let stream = observed.stop();
    let told = stream.of_pid("rename", ended.pid, us);
    let wrong = told.iter().find(|event| event.comm() == b"a-thread");
    assert!(wrong.is_none(), "a thread's name told as its process's: {wrong:?}");
    let exit = stream.of_pid("exit", ended.pid, us)[0];
    assert_eq!(exit.comm(), name.trim_ascii_end(), "name in {exit:?}");
}

fn hostile_file_name() {
    let folder = TempDir::new().expect("a folder");
    for name in [&b"a\x1b[2Jb\nc"[..], b"\xff\xfe\x80", "naïve 日本".as_bytes(), b"a b\tc"] {
        let path = folder.path().join(OsStr::from_bytes(name));
        symlink(program(), &path).expect("a link");
        let mut observed = Observed::start(&[]);
        let actor = Actor::new(&mut quiet_act(&path, "pause"));
        actor.hear("ready");
        let comm = fs::read(format!("/proc/{}/comm", actor.pid())).expect("a live process");
        let ended = actor.dismiss();
        let life = life_of(&mut observed, &ended);
        assert_eq!(kinds(&life), ["exec", "exit"], "{life:?}");
        for event in &life {
            let comm = comm.strip_suffix(b"\n").expect("a line");
            assert_eq!(event.comm(), comm, "name in {event:?}");
        }
        assert_eq!(life[0].path(), path.as_os_str().as_bytes(), "path in {:?}", life[0]);
    }
}

const REAL: (u32, u32) = (65_534, 54_321);
const EFFECTIVE: (u32, u32) = (12_345, 65_533);

/// `exit 0`, by others than root: through /proc, so that no folder can be in the way.
fn foreign_act(token: &str) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(["--act", "exit", "0", token]);
    make_bare(&mut command);
    sys::before_exec(&mut command, || {
        setgroups(&[]).map_err(io::Error::from)?;
        let keep = Gid::from_raw(u32::MAX);
        setresgid(Gid::from_raw(REAL.1), Gid::from_raw(EFFECTIVE.1), keep)?;
        let keep = Uid::from_raw(u32::MAX);
        setresuid(Uid::from_raw(REAL.0), Uid::from_raw(EFFECTIVE.0), keep)?;
        Ok(())
    });
    command
}

fn real_and_effective_users() {
    let token = unique("users");
    let mut observed = Observed::start(&ALL);
    let ended = Started::new(&mut foreign_act(&token)).reap();
    assert_eq!(ended.status, 0, "the child should just exit");
    let life = life_of(&mut observed, &ended);
    assert_eq!(kinds(&life), ["fork", "exec", "exit"], "{life:?}");
    let own = (nix::unistd::getuid().as_raw(), nix::unistd::getgid().as_raw());
    assert_users(&life[0], own, own);
    assert_users(&life[1], REAL, EFFECTIVE);
    assert_users(&life[2], REAL, EFFECTIVE);
}

fn assert_users(event: &Event, real: (u32, u32), effective: (u32, u32)) {
    let truth = [
        ("/process/user/id", effective.0),
        ("/process/real_user/id", real.0),
        ("/process/group/id", effective.1),
        ("/process/real_group/id", real.1),
    ];
    for (pointer, id) in truth {
        assert_eq!(event.number(pointer), Some(id.into()), "{pointer} of {event:?}");
    }
}

fn users_changed_between_exec_and_exit() {
    let mut observed = Observed::start(&[]);
    let ended = Started::new(&mut act(&["drop-user", "54321"])).reap();
    assert_eq!(ended.status, 0, "the child should just exit");
    let life = life_of(&mut observed, &ended);
    assert_eq!(kinds(&life), ["exec", "exit"], "{life:?}");
    assert_eq!(life[0].number("/process/user/id"), Some(0), "{:?}", life[0]);
    assert_eq!(life[1].number("/process/user/id"), Some(54_321), "{:?}", life[1]);
}
