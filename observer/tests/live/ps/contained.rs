//! The inmate of a container without an engine: namespaces and a root of its own, made by hand.

use std::ffi::CString;
use std::fs;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use nix::sys::stat::Mode;
use nix::unistd::{Gid, Uid, chdir, chroot, mkfifo, pipe, read, setgroups, setresgid, setresuid};

use crate::support::act::{pause, reap, say};
use crate::support::child::{Actor, act, c_string};
use crate::support::sys;

/// Users of a user namespace are these on the host.
const FIRST_ON_HOST: u32 = 100_000;
/// User and group of the inmate, inside.
pub(super) const INMATE: u32 = 333;

/// Which users the container has.
#[derive(Clone, Copy, Debug)]
pub(super) enum Users {
    /// The host's.
    OfHost,
    /// A user namespace of its own, with one map.
    Own,
    /// Its own, with as many maps as the kernel allows, each of one id.
    OwnOneByOne,
}

impl Users {
    /// What an id inside is on the host.
    pub(super) fn on_host(self, id: u32) -> u32 {
        match self {
            Self::OfHost => id,
            Self::Own => FIRST_ON_HOST + id,
            Self::OwnOneByOne => id * 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::OfHost => "of-host",
            Self::Own => "own",
            Self::OwnOneByOne => "one-by-one",
        }
    }

    fn named(word: &str) -> Self {
        let all = [Self::OfHost, Self::Own, Self::OwnOneByOne];
        all.into_iter().find(|users| users.word() == word).expect("a kind of users")
    }

    /// For `uid_map` and `gid_map`, if there are such.
    fn map(self) -> Option<String> {
        match self {
            Self::OfHost => None,
            Self::Own => Some(format!("0 {FIRST_ON_HOST} 65536\n")),
            Self::OwnOneByOne => {
                let ids = (0..MOST_MAPS).map(|id| (id, self.on_host(id)));
                let lines = ids.map(|(inside, outside)| format!("{inside} {outside} 1\n"));
                Some(lines.collect::<Vec<_>>().concat())
            }
        }
    }
}

/// See `user_namespaces(7)`.
const MOST_MAPS: u32 = 340;

/// What the container has on /proc.
#[derive(Clone, Copy, Debug)]
pub(super) enum ProcInside {
    /// A file system of its own, where FIFOs stand for the files of process 1.
    Fake,
    /// The host's, as with `-v /proc:/proc`.
    OfHost,
}

/// The running first process of a container.
pub(super) struct Inmate {
    /// On the host.
    pub(super) pid: u32,
    _actor: Actor,
}

impl Inmate {
    pub(super) fn start(root: &Path, users: Users, proc: ProcInside) -> Self {
        let proc = match proc {
            ProcInside::Fake => "fake",
            ProcInside::OfHost => "of-host",
        };
        let root = root.to_str().expect("UTF-8");
        let actor = Actor::new(&mut act(&["ps", "contained", root, users.word(), proc]));
        let pid = actor.hear_number("child");
        actor.hear("ready");
        Self { pid, _actor: actor }
    }
}

/// `contained ROOT USERS fake|of-host`
pub(super) fn perform(root: &str, users: &str, proc: &str) -> ExitCode {
    let root = PathBuf::from(root);
    let (reader, writer) = pipe().expect("a pipe");
    let map = Users::named(users).map();
    let new_users = if map.is_some() { libc::CLONE_NEWUSER } else { 0 };
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | new_users | libc::SIGCHLD;
    let mut body = || {
        let mut word = [0];
        read(&reader, &mut word).expect("a word");
        enter(&root, proc).expect("a container");
        pause();
        sys::end_process(0)
    };
    let pid = sys::clone(flags, &mut body).expect("a child in new namespaces");
    if let Some(map) = map {
        map_users(pid, &map).expect("maps");
    }
    say(&format!("child {pid}"));
    release(writer).expect("a listening child");
    reap(pid)
}

fn map_users(pid: u32, map: &str) -> io::Result<()> {
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{pid}/{file}"), map)?;
    }
    Ok(())
}

fn release(writer: OwnedFd) -> io::Result<()> {
    fs::File::from(writer).write_all(b"!")
}

fn enter(root: &Path, proc: &str) -> io::Result<()> {
    // Root inside, so that mounts may be made.
    setresgid(Gid::from_raw(0), Gid::from_raw(0), Gid::from_raw(0))?;
    setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0))?;
    sys::mount(c"none", c"/", None, libc::MS_REC | libc::MS_PRIVATE)?;
    let place = c_string(&root.join("proc"));
    if proc == "fake" {
        sys::mount(c"none", &place, Some(c"tmpfs"), 0)?;
        fake_proc(&root.join("proc"))?;
    } else {
        sys::mount(c"/proc", &place, None, libc::MS_BIND | libc::MS_REC)?;
    }
    chroot(root)?;
    chdir("/")?;
    setgroups(&[])?;
    let (user, group) = (Uid::from_raw(INMATE), Gid::from_raw(INMATE));
    setresgid(group, group, group)?;
    setresuid(user, user, user)?;
    sys::name_thread(&CString::new("inmate").expect("no NUL"))
}

/// Whoever opens one of these and waits, waits for ever.
fn fake_proc(proc: &Path) -> io::Result<()> {
    for pid in ["1", "self"] {
        fs::create_dir(proc.join(pid))?;
        for name in ["stat", "status", "cmdline", "uid_map", "gid_map"] {
            mkfifo(&proc.join(pid).join(name), Mode::from_bits_truncate(0o666))?;
        }
    }
    Ok(())
}
