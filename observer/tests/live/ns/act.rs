//! What this program does as a child of these tests: `ns WORDS…`. Each says `held KIND:[INODE] N`
//! of every namespace that it keeps alive without being in it, then `ready`, and stays.

use std::ffi::CString;
use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

use nix::sys::prctl::set_dumpable;
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::{Gid, Pid, Uid, gettid, pipe, read, setresgid, setresuid, write};

use crate::ps::calls::fork_as;
use crate::support::act::{fork_here, pause, reap, say, unescaped};
use crate::support::child::c_string;
use crate::support::machine::soon;
use crate::support::sys;

pub(crate) fn perform(words: &[&str]) -> ExitCode {
    match words {
        ["nest"] => nest(),
        ["twice"] => twice(),
        ["mount", files @ ..] => mount(files),
        ["file"] => file(),
        ["children"] => children(),
        ["thread"] => thread_elsewhere(),
        ["socket"] => socket_elsewhere(),
        ["flicker"] => flicker(),
        ["as", pid, observer, arguments @ ..] => with_pid(pid, observer, arguments),
        ["inside", users, observer, arguments @ ..] => inside(users, observer, arguments),
        other => panic!("unknown act ns {other:?}"),
    }
}

/// Users and groups of the outermost user namespace.
pub(super) const MAP: &str = "0 100000 1000\n1000 5000 10\n";

/// User namespaces within each other, each with another namespace that it owns.
const NEST: [i32; 3] = [
    libc::CLONE_NEWUTS | libc::CLONE_NEWPID,
    libc::CLONE_NEWNET | libc::CLONE_NEWPID,
    libc::CLONE_NEWIPC | libc::CLONE_NEWNS | libc::CLONE_NEWCGROUP,
];

/// Says `process PID` of each level, `zombie PID` of the innermost one's child that has ended, and
/// `timed PID` of its child in a time namespace. All end with the first process.
fn nest() -> ExitCode {
    let (held, hold) = pipe().expect("a pipe");
    let mut nest = Nest { held, hold: Some(hold) };
    let (mapped, tell_mapped) = pipe().expect("a pipe");
    let mut outermost = || {
        read(&mapped, &mut [0]).expect("a map");
        // Whatever the map says of them, they were nobody so far.
        setresgid(Gid::from_raw(0), Gid::from_raw(0), Gid::from_raw(0)).expect("a group inside");
        setresuid(Uid::from_raw(0), Uid::from_raw(0), Uid::from_raw(0)).expect("a user inside");
        set_dumpable(true).expect("own files in /proc");
        nest.live(&NEST[1..])
    };
    let pid = sys::clone(NEST[0] | libc::CLONE_NEWUSER | libc::SIGCHLD, &mut outermost)
        .expect("a child in new namespaces");
    for file in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{pid}/{file}"), MAP).expect("a map");
    }
    write(&tell_mapped, b"!").expect("a listening child");
    pause_without_word()
}

/// Lives until the input ends. Somebody else says that all is ready.
fn pause_without_word() -> ExitCode {
    let mut sink = Vec::new();
    std::io::stdin().read_to_end(&mut sink).expect("an open input");
    ExitCode::SUCCESS
}

struct Nest {
    held: OwnedFd,
    /// In the first process only.
    hold: Option<OwnedFd>,
}

impl Nest {
    fn live(&mut self, inner: &[i32]) -> ! {
        drop(self.hold.take());
        say(&format!("process {}", own_pid()));
        if let Some((flags, inner)) = inner.split_first() {
            let mut next = || {
                map_root();
                self.live(inner)
            };
            sys::clone(*flags | libc::CLONE_NEWUSER | libc::SIGCHLD, &mut next)
                .expect("a child in new namespaces");
        } else {
            self.be_innermost();
        }
        self.stay()
    }

    fn be_innermost(&mut self) {
        let Some(zombie) = fork_here() else {
            say(&format!("zombie {}", own_pid()));
            sys::end_process(0)
        };
        let zombie = Id::Pid(Pid::from_raw(zombie.cast_signed()));
        waitid(zombie, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).expect("a child");
        sys::unshare(libc::CLONE_NEWTIME).expect("a time namespace");
        if fork_here().is_none() {
            say(&format!("timed {}", own_pid()));
            say("ready");
            self.stay()
        }
    }

    fn stay(&self) -> ! {
        // It ends when the first process does.
        while read(&self.held, &mut [0]).is_ok_and(|count| count > 0) {}
        sys::end_process(0)
    }
}

/// The pid as the /proc that is mounted has it.
fn own_pid() -> String {
    fs::read_link("/proc/self").expect("/proc").to_str().expect("a pid").to_owned()
}

/// Root inside is who the caller was outside: that needs no rights there.
fn map_root() {
    for (file, text) in [("setgroups", "deny"), ("uid_map", "0 0 1"), ("gid_map", "0 0 1")] {
        fs::write(format!("/proc/self/{file}"), text).expect("a map");
    }
}

/// A user namespace in which nobody is, around another one.
fn twice() -> ExitCode {
    sys::unshare(libc::CLONE_NEWUSER).expect("a user namespace");
    map_root();
    say(&format!("held {} 0", link("/proc/self/ns/user")));
    sys::unshare(libc::CLONE_NEWUSER).expect("a user namespace");
    pause()
}

fn link(path: &str) -> String {
    let link = fs::read_link(path).expect("a link");
    link.to_str().expect("UTF-8").to_owned()
}

fn wait_for_ever() -> ! {
    loop {
        nix::unistd::pause();
    }
}

/// A child that does nothing, in new namespaces; gone when it is dropped.
struct Inhabitant {
    pid: u32,
    /// It ends by itself when nobody has this any more.
    _hold: Option<OwnedFd>,
}

impl Inhabitant {
    fn of_new(flags: i32) -> Self {
        let (held, hold) = pipe().expect("a pipe");
        let mut hold = Some(hold);
        let mut body = || {
            drop(hold.take());
            while read(&held, &mut [0]).is_ok_and(|count| count > 0) {}
            sys::end_process(0)
        };
        let pid = sys::clone(flags | libc::SIGCHLD, &mut body);
        Self { pid: pid.expect("a child in new namespaces"), _hold: hold }
    }

    fn place(&self, kind: &str) -> String {
        format!("/proc/{}/ns/{kind}", self.pid)
    }
}

impl Drop for Inhabitant {
    fn drop(&mut self) {
        kill(Pid::from_raw(self.pid.cast_signed()), Signal::SIGKILL).expect("a signal to a child");
        reap(self.pid);
    }
}

/// Host names mounted onto files, in a mount namespace that nobody else is in.
fn mount(files: &[&str]) -> ExitCode {
    sys::private_mounts().expect("own mounts");
    for file in files {
        let inhabitant = Inhabitant::of_new(libc::CLONE_NEWUTS);
        let place = inhabitant.place("uts");
        let file = unescaped(file);
        let file = Path::new(std::ffi::OsStr::from_bytes(&file));
        let source = CString::new(place.as_str()).expect("no NUL");
        sys::mount(&source, &c_string(file), None, libc::MS_BIND).expect("a mount");
        say(&format!("held {} 0", link(&place)));
    }
    pause()
}

/// An open file.
fn file() -> ExitCode {
    let inhabitant = Inhabitant::of_new(libc::CLONE_NEWIPC);
    let place = inhabitant.place("ipc");
    let file = File::open(&place).expect("a namespace");
    say(&format!("held {} {}", link(&place), file.as_raw_fd()));
    drop(inhabitant);
    pause()
}

/// Namespaces for children, of which there are none. That of pids shows once one has been there.
fn children() -> ExitCode {
    sys::unshare(libc::CLONE_NEWPID).expect("a pid namespace");
    drop(Inhabitant::of_new(0));
    sys::unshare(libc::CLONE_NEWTIME).expect("a time namespace");
    for kind in ["pid", "time"] {
        say(&format!("held {} 0", link(&format!("/proc/self/ns/{kind}_for_children"))));
    }
    pause()
}

fn thread_elsewhere() -> ExitCode {
    thread::spawn(|| {
        sys::unshare(libc::CLONE_NEWUTS).expect("a namespace");
        say(&format!("held {} {}", link("/proc/thread-self/ns/uts"), gettid()));
        say("ready");
        wait_for_ever()
    });
    pause_without_word()
}

/// The network namespace of a socket.
fn socket_elsewhere() -> ExitCode {
    let own = OwnedFd::from(File::open("/proc/self/ns/net").expect("a namespace"));
    sys::unshare(libc::CLONE_NEWNET).expect("a network namespace");
    let held = link("/proc/self/ns/net");
    let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::empty(), None);
    let socket = socket.expect("a socket");
    sys::enter_namespace(&own, libc::CLONE_NEWNET).expect("the namespace of before");
    drop(own);
    say(&format!("held {held} {}", socket.as_fd().as_raw_fd()));
    pause()
}

/// In a pid namespace of its own with a /proc of its own, and with `own` users in a user namespace
/// too: runs `observer`, and hands on what it says.
fn inside(users: &str, observer: &str, arguments: &[&str]) -> ExitCode {
    if users == "own" {
        sys::unshare(libc::CLONE_NEWUSER).expect("a user namespace");
        map_root();
    }
    sys::unshare(libc::CLONE_NEWPID).expect("a pid namespace");
    sys::private_mounts().expect("own mounts");
    let Some(first) = fork_here() else {
        sys::mount(c"proc", c"/proc", Some(c"proc"), 0).expect("a /proc of its own");
        let status = Command::new(observer).args(arguments).status().expect("an end");
        sys::end_process(status.code().unwrap_or(127))
    };
    hand_on_status(first)
}

/// One namespace after the other, none of which lasts, until the input ends.
fn flicker() -> ExitCode {
    let input = std::io::stdin().as_fd().try_clone_to_owned().expect("a descriptor");
    say("ready");
    let flags = libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWUTS;
    while !sys::readable(&input, Duration::ZERO).expect("an open input") {
        let inhabitants = [0; 8].map(|_| Inhabitant::of_new(flags));
        thread::sleep(Duration::from_millis(3));
        drop(inhabitants);
    }
    ExitCode::SUCCESS
}

/// In a pid namespace of its own, with the /proc from outside: runs `observer` under a pid that
/// somebody else has there.
fn with_pid(pid: &str, observer: &str, arguments: &[&str]) -> ExitCode {
    sys::unshare(libc::CLONE_NEWPID).expect("a pid namespace");
    let path = c_string(Path::new(observer));
    let words = [&[observer], arguments].concat();
    let words: Vec<_> = words.iter().map(|word| CString::new(*word).expect("no NUL")).collect();
    let Some(first) = fork_here() else {
        let pid = pid.parse().expect("a pid");
        let Some(child) = fork_as(pid).expect("a child with that pid") else {
            panic!("cannot execute: {}", sys::exec(&path, &words))
        };
        let ended = sys::wait4_within(child, soon()).expect("a child");
        sys::end_process(libc::WEXITSTATUS(ended.expect("a child that ends").status))
    };
    hand_on_status(first)
}

fn hand_on_status(pid: u32) -> ExitCode {
    let ended = sys::wait4_within(pid, soon()).expect("a child");
    let status = ended.expect("a child that ends").status;
    ExitCode::from(u8::try_from(libc::WEXITSTATUS(status)).expect("a status"))
}
