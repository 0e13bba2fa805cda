//! What this program does as its own child: small scenes, as quick and light as they can be.

use std::env;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::process::{Command, ExitCode};
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::{Pid, Uid, fexecve, getppid, setresuid, setsid};

use crate::backend;
use crate::events::namespace_events;
use crate::events::requests;
use crate::ns;
use crate::ps;
use crate::psgo;
use crate::run;
use crate::support::child::{c_string, program};
use crate::support::sys;
use crate::table;
use crate::trace;
use crate::tracepoint;

/// Holds the words of an act where the argument list is not free.
pub(crate) const VARIABLE: &str = "OBSERVER_LIVE_ACT";

const THREADS: usize = 8;

/// The words of the act that this process is to perform, if it is a child of the tests.
pub(crate) fn asked() -> Option<Vec<String>> {
    if let Some(words) = env::var_os(VARIABLE) {
        let words = words.into_string().expect("words of an act");
        return Some(words.split(' ').map(str::to_owned).collect());
    }
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != "--act" {
        return None;
    }
    let words = arguments.map(|word| word.to_string_lossy().into_owned());
    Some(words.collect())
}

pub(crate) fn perform(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["exit", code, rest @ ..] => exit(code, rest),
        ["pause", ..] => pause(),
        ["exec-when-told", token] => exec_when_told(token),
        ["relay", depth] => relay(number(depth)),
        ["memfd", token] => memfd(token),
        ["no-arguments"] => no_arguments(),
        ["thread-exec", token] => thread_exec(token),
        ["thread-exec-when-told", token] => thread_exec_when_told(token),
        ["threads", kind, ..] => threads(kind),
        ["vfork", token] => child_by_clone(libc::CLONE_VFORK | libc::CLONE_VM, token),
        ["clone-parent", token] => child_by_clone(libc::CLONE_PARENT, token),
        ["spaces", flags, token] => spaces(flags, token),
        ["daemon", token] => daemon(token),
        ["wait-then-daemon", token] => wait_then_daemon(token),
        ["die", name, ..] => die(name),
        ["rename", first, second] => rename(first, second),
        ["rename-thread", name] => rename_thread(name),
        ["title", title, ..] => write_title(title),
        ["drop-user", uid] => drop_user(uid),
        ["backend", words @ ..] => backend::act::perform(words),
        ["namespaces", words @ ..] => namespace_events::perform(words),
        ["ns", words @ ..] => ns::perform(words),
        ["ps", words @ ..] => ps::perform(words),
        ["requests", words @ ..] => requests::perform(words),
        ["table", words @ ..] => table::perform(words),
        ["run", words @ ..] => run::perform(words),
        ["trace", words @ ..] => trace::perform(words),
        ["tracepoint", words @ ..] => tracepoint::perform(words),
        ["scene", words @ ..] => psgo::scene::perform(words),
        ["world", depth, ids, folder] => psgo::world::perform(depth, ids, folder),
        ["fork-only", code] => fork_only(number(code)),
        other => panic!("unknown act {other:?}"),
    }
}

fn number(text: &str) -> i32 {
    text.parse().expect("a number")
}

pub(crate) fn say(line: &str) {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes()).expect("a listening test");
    out.flush().expect("a listening test");
}

pub(crate) fn wait_for_word() -> Option<String> {
    let mut line = String::new();
    let bytes = io::stdin().lock().read_line(&mut line).unwrap_or(0);
    (bytes > 0).then(|| line.trim_end().to_owned())
}

/// `exit CODE TOKEN [MICROSECONDS OF CPU]`
fn exit(code: &str, rest: &[&str]) -> ExitCode {
    if let Some(burn) = rest.get(1) {
        let burn = burn.parse::<u64>().expect("a number") * 1000;
        while sys::own_cpu_ns() < burn {}
    }
    ExitCode::from(code.parse::<u8>().expect("an exit code"))
}

/// Lives until its input ends.
pub(crate) fn pause() -> ExitCode {
    say("ready");
    let mut sink = Vec::new();
    drop(io::stdin().lock().read_to_end(&mut sink));
    ExitCode::SUCCESS
}

fn exec_when_told(token: &str) -> ExitCode {
    say("ready");
    wait_for_word();
    exec_exit("0", token)
}

/// Becomes `exit CODE TOKEN`.
fn exec_exit(code: &str, token: &str) -> ! {
    let (path, arguments) = exit_program(code, token);
    panic!("cannot execute: {}", sys::exec(&path, &arguments))
}

fn exit_program(code: &str, token: &str) -> (CString, Vec<CString>) {
    let path = c_string(&program());
    let words = ["--act", "exit", code, token].map(|word| CString::new(word).expect("no NUL"));
    let arguments = [path.clone()].into_iter().chain(words).collect();
    (path, arguments)
}

/// A chain of processes; the last one starts a child for every line it reads.
fn relay(depth: i32) -> ExitCode {
    if depth > 0 {
        let next = (depth - 1).to_string();
        let mut command = Command::new(program());
        let status = command.args(["--act", "relay", &next]).status();
        assert!(status.expect("the next of the chain").success());
        return ExitCode::SUCCESS;
    }
    say(&format!("relay {}", std::process::id()));
    while let Some(token) = wait_for_word() {
        let mut command = Command::new(program());
        let mut child = command.args(["--act", "exit", "0", &token]).spawn().expect("a child");
        let pid = child.id();
        child.wait().expect("a child that ends");
        say(&format!("child {pid}"));
    }
    ExitCode::SUCCESS
}

/// Executes a copy of the shell that has no name. One of this program would be so large that to
/// give its memory back, after its exit is told, takes more time than a tick.
fn memfd(token: &str) -> ExitCode {
    let fd = memfd_create("observer-live", MFdFlags::MFD_CLOEXEC).expect("a memfd");
    let mut copy = File::from(fd);
    let mut original = File::open("/bin/sh").expect("a shell");
    io::copy(&mut original, &mut copy).expect("a copy");
    let words = ["sh", "-c", "exit 7", token];
    let arguments = words.map(|word| CString::new(word).expect("no NUL"));
    let environment: [CString; 0] = [];
    panic!("cannot execute: {:?}", fexecve(copy, &arguments, &environment))
}

/// Executes itself with no argument at all; Linux then makes it one empty argument.
fn no_arguments() -> ExitCode {
    let path = c_string(&program());
    sys::set_variable(VARIABLE, "pause");
    panic!("cannot execute: {}", sys::exec(&path, &[]))
}

/// A thread that is not the leader executes another program.
fn thread_exec(token: &str) -> ExitCode {
    let (path, arguments) = exit_program("9", token);
    for _ in 2..THREADS {
        thread::spawn(|| thread::sleep(Duration::from_mins(1)));
    }
    let executor = thread::spawn(move || -> ExitCode {
        panic!("cannot execute: {}", sys::exec(&path, &arguments))
    });
    executor.join().expect("no return")
}

/// A thread executes when told, in a process that lives before and after.
fn thread_exec_when_told(token: &str) -> ExitCode {
    let path = c_string(&program());
    let words = ["--act", "pause", token].map(|word| CString::new(word).expect("no NUL"));
    let arguments: Vec<_> = [path.clone()].into_iter().chain(words).collect();
    say("ready");
    wait_for_word();
    let executor = thread::spawn(move || -> ExitCode {
        panic!("cannot execute: {}", sys::exec(&path, &arguments))
    });
    executor.join().expect("no return")
}

/// Eight threads that end in some way, all at the same moment.
fn threads(kind: &str) -> ExitCode {
    let (_, hard) = sys::limits(libc::RLIMIT_CORE).expect("a limit");
    sys::limit(libc::RLIMIT_CORE, 0, hard).expect("a lower limit");
    let barrier = Barrier::new(THREADS);
    let body = |i: i32| -> ! {
        barrier.wait();
        match (kind, i) {
            ("race", _) => sys::end_process(i),
            ("each", _) | ("leader-first", 0) => sys::end_thread(i),
            ("leader-first", _) => {
                thread::sleep(Duration::from_millis(2));
                sys::end_thread(i + 10)
            }
            ("leader-first-then-group", 0) => sys::end_thread(0),
            ("leader-first-then-group", 5) => {
                thread::sleep(Duration::from_millis(2));
                sys::end_process(77)
            }
            ("killed", 3) => kill(Pid::this(), Signal::SIGKILL).expect("a signal to oneself"),
            ("fault", 5) => raise_by_default(Signal::SIGSEGV),
            ("killed" | "fault" | "leader-first-then-group", _) => {}
            _ => panic!("unknown kind of threads: {kind}"),
        }
        loop {
            thread::sleep(Duration::from_mins(1));
        }
    };
    thread::scope(|scope| {
        for i in 1..8 {
            let small = thread::Builder::new().stack_size(64 * 1024);
            small.spawn_scoped(scope, move || body(i)).expect("a thread");
        }
        body(0)
    })
}

/// Dies of a signal as if nobody had ever caught it.
fn raise_by_default(signal_: Signal) {
    sys::default_action(signal_);
    raise(signal_).expect("a signal to oneself");
}

/// A child by `clone` with the given flags, that executes `exit 5 TOKEN`.
fn child_by_clone(flags: i32, token: &str) -> ExitCode {
    let (path, arguments) = exit_program("5", token);
    let mut body = || {
        sys::exec(&path, &arguments);
        sys::end_process(127)
    };
    let pid = sys::clone(flags | libc::SIGCHLD, &mut body).expect("a child");
    say(&format!("child {pid}"));
    if flags & libc::CLONE_PARENT != 0 {
        // Not ours to reap; stay until the test has seen it.
        wait_for_word();
        return ExitCode::SUCCESS;
    }
    reap(pid)
}

pub(crate) fn reap(pid: u32) -> ExitCode {
    sys::wait4_within(pid, Duration::from_mins(10)).expect("a child").expect("a child that ends");
    ExitCode::SUCCESS
}

/// A child in new namespaces that pauses; with a new time namespace only children can enter.
fn spaces(flags: &str, token: &str) -> ExitCode {
    let flags = i32::from_str_radix(flags, 16).expect("flags");
    if flags & libc::CLONE_NEWTIME != 0 {
        sys::unshare(libc::CLONE_NEWTIME).expect("a time namespace");
    }
    let path = c_string(&program());
    let words = ["--act", "pause", token].map(|word| CString::new(word).expect("no NUL"));
    let arguments: Vec<_> = [path.clone()].into_iter().chain(words).collect();
    let mut body = || {
        sys::exec(&path, &arguments);
        sys::end_process(127)
    };
    let flags = flags & !libc::CLONE_NEWTIME;
    let pid = sys::clone(flags | libc::SIGCHLD, &mut body).expect("a child in new namespaces");
    say(&format!("child {pid}"));
    reap(pid)
}

fn wait_then_daemon(token: &str) -> ExitCode {
    say("ready");
    wait_for_word();
    daemon(token)
}

/// Forks twice; the grandchild outlives its parent, tells who its parent is now, and executes.
fn daemon(token: &str) -> ExitCode {
    let Some(child) = fork_here() else {
        setsid().expect("a session");
        let middle = Pid::this();
        match fork_here() {
            None => orphan(middle, token),
            Some(grandchild) => {
                say(&format!("grandchild {grandchild}"));
                sys::end_process(0)
            }
        }
    };
    reap(child);
    // The test needs a parent that lives until it has looked.
    wait_for_word();
    ExitCode::SUCCESS
}

fn orphan(parent: Pid, token: &str) -> ! {
    while getppid() == parent {
        thread::sleep(Duration::from_micros(200));
    }
    say(&format!("parent {}", getppid()));
    exec_exit("6", token)
}

/// The child's pid, or `None` in the child.
pub(crate) fn fork_here() -> Option<u32> {
    sys::fork_single_threaded().expect("a fork").map(|pid| pid.as_raw().cast_unsigned())
}

/// `die SIGNAL TOKEN`
fn die(name: &str) -> ExitCode {
    let signal = name.parse::<Signal>().expect("a signal's name");
    let (_, hard) = sys::limits(libc::RLIMIT_CORE).expect("a limit");
    let soft = if env::var_os("OBSERVER_LIVE_CORE").is_some() { hard } else { 0 };
    sys::limit(libc::RLIMIT_CORE, soft, hard).expect("a lower limit");
    match signal {
        Signal::SIGKILL => kill(Pid::this(), signal).expect("a signal to oneself"),
        _ => raise_by_default(signal),
    }
    ExitCode::FAILURE
}

/// Takes two names in turn, each when told.
fn rename(first: &str, second: &str) -> ExitCode {
    say("ready");
    for name in [first, second] {
        wait_for_word();
        let name = CString::new(unescaped(name)).expect("no NUL");
        sys::name_thread(&name).expect("a name");
        say("renamed");
    }
    wait_for_word();
    ExitCode::SUCCESS
}

/// Words stand in JSON-like text; `%XX` is a byte.
pub(crate) fn unescaped(word: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' && tail.len() >= 2 {
            let text = str::from_utf8(&tail[..2]).expect("two digits");
            bytes.push(u8::from_str_radix(text, 16).expect("two digits"));
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    bytes
}

fn rename_thread(name: &str) -> ExitCode {
    let name = CString::new(name).expect("no NUL");
    say("ready");
    wait_for_word();
    thread::spawn(move || sys::name_thread(&name).expect("a name")).join().expect("a thread");
    say("renamed");
    wait_for_word();
    ExitCode::SUCCESS
}

/// Writes over the beginning of its own arguments when told.
fn write_title(title: &str) -> ExitCode {
    const ARG_START: usize = 48;
    let stat = fs::read_to_string("/proc/self/stat").expect("/proc");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in brackets");
    let place = fields.split(' ').nth(ARG_START - 3).expect("a place");
    let place = place.parse().expect("a number");
    say("ready");
    wait_for_word();
    let memory = File::options().write(true).open("/proc/self/mem").expect("own memory");
    memory.write_all_at(title.as_bytes(), place).expect("a title");
    say("titled");
    wait_for_word();
    ExitCode::SUCCESS
}

/// A child that never executes anything.
fn fork_only(code: i32) -> ExitCode {
    match fork_here() {
        None => sys::end_process(code),
        Some(pid) => {
            say(&format!("child {pid}"));
            reap(pid)
        }
    }
}

fn drop_user(uid: &str) -> ExitCode {
    let uid = Uid::from_raw(uid.parse().expect("a number"));
    setresuid(uid, uid, uid).expect("another user");
    ExitCode::SUCCESS
}
