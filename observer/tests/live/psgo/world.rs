//! Namespaces without a container engine: pid namespaces one in another, each with its own /proc,
//! and a user namespace with maps and with a passwd file of its own.

use std::ffi::{CStr, CString};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::{Gid, Uid, setgroups, setresgid, setresuid};
use tempfile::TempDir;

use super::reading::Reading;
use crate::support::act::{fork_here, reap, say, wait_for_word};
use crate::support::child::{Actor, act, program, send};
use crate::support::sys;

/// What the first user and the first group of a mapped world are outside.
pub(crate) const FIRST_USER: u32 = 100_000;
pub(crate) const FIRST_GROUP: u32 = 200_000;
const SIZE: u32 = 65_536;

/// Groups that the first process of a world keeps from outside; no map has them.
const KEPT_GROUPS: [u32; 2] = [4, 70_000];

const PASSWD: &str = "root:x:0:0::/:/bin/sh\ninner:x:1000:1000::/:/bin/sh\n";
const GROUP: &str = "root:x:0:\nfishers:x:33:\ncrew:x:5:\n";

/// A running world. It ends with its keeper.
pub(crate) struct World {
    keeper: Actor,
    /// Its first process, outermost namespace first.
    pub(crate) firsts: Vec<u32>,
    _files: TempDir,
}

impl World {
    /// Pid namespaces, so many one in another.
    pub(crate) fn nested(depth: usize) -> Self {
        Self::new(depth, "plain")
    }

    /// One pid namespace in a user namespace of its own.
    pub(crate) fn mapped() -> Self {
        Self::new(1, "mapped")
    }

    fn new(depth: usize, ids: &str) -> Self {
        let files = TempDir::new().expect("a folder");
        for (name, text) in [("passwd", PASSWD), ("group", GROUP)] {
            fs::write(files.path().join(name), text).expect("a file");
        }
        // Root of the new user namespace is nobody special outside.
        fs::set_permissions(files.path(), fs::Permissions::from_mode(0o755)).expect("a mode");
        let folder = files.path().to_str().expect("UTF-8");
        let keeper = Actor::new(&mut act(&["world", &depth.to_string(), ids, folder]));
        let first = keeper.hear_number("first");
        for _ in 0..4 * depth {
            keeper.hear("ready");
        }
        let mut world = Self { keeper, firsts: vec![first], _files: files };
        for depth in 2..=depth {
            world.firsts.push(world.first_at(depth));
        }
        world
    }

    /// All its processes, outside pids.
    pub(crate) fn processes(&self) -> Vec<u32> {
        let space = Reading::of(self.firsts[0]).expect("the first process").pid_spaces[0];
        let all = Reading::all();
        let inside = all.values().filter(|reading| reading.pid_spaces.contains(&space));
        inside.map(|reading| reading.pid).collect()
    }

    /// A command that runs as root of the world's user namespace, and in all else outside.
    pub(crate) fn enter(&self, program: &Path, arguments: &[&str]) -> Entering {
        // By its descriptor, so that no folder is in the way of that user.
        let program = File::open(program).expect("a program");
        let mut command = Command::new(format!("/proc/self/fd/{}", program.as_raw_fd()));
        command.args(arguments).env("TZ", "UTC").stdin(Stdio::null());
        let space = File::open(format!("/proc/{}/ns/user", self.firsts[0])).expect("a namespace");
        sys::before_exec(&mut command, move || {
            sys::enter_namespace(&space, libc::CLONE_NEWUSER)?;
            let (user, group) = (Uid::from_raw(0), Gid::from_raw(0));
            setgroups(&[])?;
            setresgid(group, group, group)?;
            setresuid(user, user, user).map_err(io::Error::from)
        });
        Entering { command, _program: program }
    }

    fn first_at(&self, depth: usize) -> u32 {
        let outside = Reading::of(self.keeper.pid()).expect("the keeper").pid_spaces.len();
        let is_first = |pid: &u32| {
            let reading = Reading::of(*pid).expect("a process that stays");
            reading.pid_spaces.len() == outside + depth && reading.pid_at(depth) == 1
        };
        self.processes().into_iter().find(is_first).expect("the first of a namespace")
    }
}

/// A command that enters a world, with the program that it runs.
pub(crate) struct Entering {
    command: Command,
    _program: File,
}

impl Entering {
    pub(crate) fn command(&mut self) -> &mut Command {
        &mut self.command
    }
}

/// `world DEPTH plain|mapped FOLDER`: keeps a world until its input ends.
pub(crate) fn perform(depth: &str, ids: &str, folder: &str) -> ExitCode {
    let depth = depth.parse().expect("a number");
    let mapped = ids == "mapped";
    let groups = KEPT_GROUPS.map(Gid::from_raw);
    setgroups(&groups).expect("groups");
    let (mut gate, mut opener) = io::pipe().expect("a pipe");
    let program = File::open(program()).expect("this program");
    let mut body = || {
        sys::die_with_parent().expect("a signal");
        gate.read_exact(&mut [0]).expect("maps that are written");
        if mapped {
            become_root();
        }
        live(depth, folder, &program)
    };
    let user = if mapped { libc::CLONE_NEWUSER } else { 0 };
    let first = sys::clone(user | SPACES, &mut body).expect("new namespaces");
    if mapped {
        write_map(first, "uid_map", FIRST_USER);
        write_map(first, "gid_map", FIRST_GROUP);
    }
    say(&format!("first {first}"));
    opener.write_all(b"!").expect("a waiting child");
    wait_for_word();
    send(first, Signal::SIGKILL);
    reap(first)
}

const SPACES: i32 = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;

fn write_map(pid: u32, name: &str, first: u32) {
    fs::write(format!("/proc/{pid}/{name}"), format!("0 {first} {SIZE}")).expect("a map");
}

/// Keeps the groups, which need not be mapped.
fn become_root() {
    let (user, group) = (Uid::from_raw(0), Gid::from_raw(0));
    setresgid(group, group, group).expect("the group root");
    setresuid(user, user, user).expect("the user root");
}

/// The life of the first process of a namespace.
fn live(depth: usize, folder: &str, program: &File) -> i32 {
    furnish(Path::new(folder));
    if depth > 1 {
        let mut body = || live(depth - 1, folder, program);
        sys::clone(SPACES, &mut body).expect("a namespace within");
    }
    // Three, so that inner and outer pids overlap.
    for _ in 0..3 {
        if fork_here().is_none() {
            settle(program);
        }
    }
    stay(program)
}

fn furnish(files: &Path) {
    sys::private_mounts().expect("own mounts");
    sys::mount(c"proc", c"/proc", Some(c"proc"), 0).expect("an own /proc");
    for (name, place) in [("passwd", c"/etc/passwd"), ("group", c"/etc/group")] {
        let file = files.join(name);
        let file = CString::new(file.to_str().expect("UTF-8")).expect("no NUL");
        bind(&file, place);
    }
}

fn bind(source: &CStr, place: &CStr) {
    sys::mount(source, place, None, libc::MS_BIND).expect("a file of its own");
}

/// A resident: not root, and with groups of the inside.
fn settle(program: &File) -> ! {
    setgroups(&[5, 7].map(Gid::from_raw)).expect("groups");
    let (user, group) = (Uid::from_raw(1000), Gid::from_raw(33));
    setresgid(group, group, group).expect("another group");
    setresuid(user, user, user).expect("another user");
    stay(program)
}

/// Becomes an ordinary program, as those of containers are: who only changed its ids could not be
/// looked at by root of its own user namespace.
fn stay(program: &File) -> ! {
    // By its descriptor, so that no folder is in the way.
    let path = CString::new(format!("/proc/self/fd/{}", program.as_raw_fd())).expect("no NUL");
    let words = ["resident", "--act", "pause"].map(|word| CString::new(word).expect("no NUL"));
    panic!("cannot execute: {}", sys::exec(&path, &words))
}
