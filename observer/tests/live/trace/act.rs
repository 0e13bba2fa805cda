//! What this program does as a child of these tests: `trace WORDS…`.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};

use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};

use super::probe;
use crate::support::act::{fork_here, reap, say, wait_for_word};
use crate::support::sys;

pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["work"] => work(),
        ["end-as", name] => end_as(name),
        ["mount"] => mount(),
        ["open-in-child", path] => open_in_child(path),
        ["make-probe", definition] => probe::make(definition),
        ["call-when-told"] => probe::call_when_told(),
        ["with-rights", rights, options, program, arguments @ ..] => {
            with_rights(rights, options, program, arguments)
        }
        ["in-user-namespace", program, arguments @ ..] => in_user_namespace(program, arguments),
        ["in-pid-namespace", program, arguments @ ..] => in_pid_namespace(program, arguments),
        other => panic!("unknown act trace {other:?}"),
    }
}

/// Does what it is told, a line each: `open PATH`, `rename NAME`, `uname`, `exec`.
fn work() -> ExitCode {
    say("ready");
    while let Some(line) = wait_for_word() {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        match word {
            "open" => drop(fs::File::open(rest)),
            "rename" => {
                let name = CString::new(crate::support::act::unescaped(rest)).expect("no NUL");
                sys::name_thread(&name).expect("a name");
            }
            "uname" => sys::uname_to_nowhere(),
            "exec" => {
                let path = crate::support::child::c_string(&crate::support::child::program());
                let words =
                    ["--act", "trace", "work"].map(|word| CString::new(word).expect("no NUL"));
                let arguments: Vec<_> = [path.clone()].into_iter().chain(words).collect();
                panic!("cannot execute: {}", sys::exec(&path, &arguments));
            }
            other => panic!("unknown work {other}"),
        }
        say("done");
    }
    ExitCode::SUCCESS
}

/// Ends under another name.
fn end_as(name: &str) -> ExitCode {
    sys::name_thread(&CString::new(name).expect("no NUL")).expect("a name");
    ExitCode::SUCCESS
}

/// Mounts something where nobody else sees it, under a name that is known.
fn mount() -> ExitCode {
    sys::name_thread(c"live-mounter").expect("a name");
    sys::private_mounts().expect("own mounts");
    sys::mount(c"none", c"/tmp", Some(c"tmpfs"), 0).expect("a mount");
    ExitCode::SUCCESS
}

/// Only a child is in the pid namespace that its parent has entered.
fn open_in_child(path: &str) -> ExitCode {
    match fork_here() {
        None => {
            drop(fs::File::open(path));
            sys::end_process(0)
        }
        Some(pid) => reap(pid),
    }
}

/// Sees to it that tracefs is where programs look for it, with a mount that nobody else sees.
pub(crate) fn see_tracefs() -> io::Result<()> {
    if Path::new("/sys/kernel/tracing/events").exists() {
        return Ok(());
    }
    sys::private_mounts()?;
    sys::mount(c"none", c"/sys/kernel/tracing", Some(c"tracefs"), 0)
}

/// Mounts tracefs with these options where nobody else sees it; its permissions everybody sees.
fn mount_tracefs(options: &str) {
    sys::private_mounts().expect("own mounts");
    let options = CString::new(options).expect("no NUL");
    let place = c"/sys/kernel/tracing";
    sys::mount_with(c"none", place, Some(c"tracefs"), 0, Some(&options)).expect("tracefs");
}

/// Becomes nobody with these capabilities, `-` for none, and then that program.
fn with_rights(rights: &str, options: &str, program: &str, arguments: &[&str]) -> ExitCode {
    mount_tracefs(options);
    let names = rights.split(',').filter(|name| *name != "-");
    let named = names.map(|name| name.parse::<Capability>().expect("a capability"));
    let listed: Vec<_> = named.collect();
    let kept: CapsHashSet = listed.iter().copied().collect();
    caps::securebits::set_keepcaps(true).expect("capabilities that stay");
    let (user, group) = (Uid::from_raw(65_534), Gid::from_raw(65_534));
    setgroups(&[]).expect("no groups");
    setresgid(group, group, group).expect("another group");
    setresuid(user, user, user).expect("another user");
    for set in [CapSet::Inheritable, CapSet::Permitted, CapSet::Effective] {
        caps::set(None, set, &kept).expect("these capabilities");
    }
    for capability in listed {
        caps::raise(None, CapSet::Ambient, capability).expect("an ambient capability");
    }
    panic!("cannot execute: {}", Command::new(program).args(arguments).exec())
}

/// Becomes root of a user namespace of its own, and then that program.
fn in_user_namespace(program: &str, arguments: &[&str]) -> ExitCode {
    see_tracefs().expect("tracefs");
    sys::unshare(libc::CLONE_NEWUSER).expect("a user namespace");
    fs::write("/proc/self/uid_map", "0 0 1").expect("a map");
    panic!("cannot execute: {}", Command::new(program).args(arguments).exec())
}

/// Runs that program as the first process of a pid namespace.
fn in_pid_namespace(program: &str, arguments: &[&str]) -> ExitCode {
    sys::unshare(libc::CLONE_NEWPID).expect("a pid namespace");
    let status = Command::new(program).args(arguments).status().expect("a child");
    ExitCode::from(u8::try_from(status.code().expect("an exit")).expect("a code"))
}
