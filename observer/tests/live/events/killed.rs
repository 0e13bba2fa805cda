//! A start that is killed half way leaves nothing behind, wherever it is killed.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::support::harness::{Case, cases};
use crate::support::machine::{scaled, soon};
use crate::support::need::{bpf, perf};
use crate::support::program::observer_with;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [bpf] {
            at_each_of_many_calls_with_programs,
            at_each_of_many_calls_with_a_table,
        }
        Host [perf] { at_each_of_many_calls_with_tracepoints }
    ]
}

/// How many places of a start are tried.
const PLACES: usize = 50;

fn at_each_of_many_calls_with_programs() {
    at_each(&["events", "--json", "--backend=bpf"]);
}

fn at_each_of_many_calls_with_a_table() {
    at_each(&["events", "--json", "--backend=bpf", "-e", "exec,reparent"]);
}

fn at_each_of_many_calls_with_tracepoints() {
    at_each(&["events", "--json", "--backend=perf"]);
}

/// Kills the program as it enters a system call, for calls spread over its whole start.
fn at_each(words: &[&str]) {
    let all = calls_until_ready(words);
    assert!(all > PLACES, "a start makes more calls than {all}");
    let places = scaled(PLACES);
    for place in 0..places {
        let call = 1 + place * (all - 1) / places;
        let folder = tempfile::tempdir().expect("a folder");
        let before = Machine::look(folder.path());
        let (programs, _) = sys::bpf_ids();
        let mut traced = Traced::start(words, folder.path());
        for _ in 0..call {
            if !traced.next_call() {
                break;
            }
        }
        traced.kill();
        before.is_all_there_is(folder.path(), &programs, &format!("call {call} of {all}"));
    }
}

/// System calls that a whole start makes.
fn calls_until_ready(words: &[&str]) -> usize {
    let folder = tempfile::tempdir().expect("a folder");
    let mut traced = Traced::start(words, folder.path());
    let mut calls = 0;
    while traced.next_call() {
        calls += 1;
        let said = fs::read_to_string(traced.said()).unwrap_or_default();
        if said.contains("\"ready\"") {
            traced.kill();
            return calls;
        }
    }
    panic!("it ended before it was ready");
}

/// The program, stopped at a system call.
struct Traced {
    child: Child,
    pid: Pid,
    said: PathBuf,
}

impl Traced {
    /// Stopped as soon as it runs. Temporary files go to the folder, what it says beside it.
    fn start(words: &[&str], folder: &Path) -> Self {
        let said = folder.with_extension("said");
        let out = fs::File::create(&said).expect("a file");
        let mut command: Command = observer_with(words);
        command.env("TMPDIR", folder).stdout(out).stderr(Stdio::null());
        sys::before_exec(&mut command, || ptrace::traceme().map_err(io::Error::from));
        let child = command.spawn().expect("the program");
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        assert!(matches!(waitpid(pid, None), Ok(WaitStatus::Stopped(_, Signal::SIGTRAP))));
        ptrace::setoptions(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD).expect("a stopped child");
        Self { child, pid, said }
    }

    fn said(&self) -> &Path {
        &self.said
    }

    /// Goes on to where it enters the next system call; false if it has ended.
    fn next_call(&mut self) -> bool {
        // Out of the call before, into the next one.
        self.next_stop() && self.next_stop()
    }

    fn next_stop(&mut self) -> bool {
        let mut signal = None;
        loop {
            ptrace::syscall(self.pid, signal).expect("a stopped child");
            match waitpid(self.pid, None).expect("a child") {
                WaitStatus::PtraceSyscall(_) => return true,
                WaitStatus::Stopped(_, other) => signal = Some(other),
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => return false,
                _ => signal = None,
            }
        }
    }

    fn kill(mut self) {
        let _gone_already = self.child.kill();
        // Whether it was killed or had ended: in any case it is waited for.
        let _status = self.child.wait();
        fs::remove_file(&self.said).expect("a file");
    }
}

/// What a start could leave behind.
#[derive(Debug, PartialEq, Eq)]
struct Machine {
    /// Processes that run the program.
    processes: BTreeSet<u32>,
    temporary: BTreeSet<PathBuf>,
    pinned: BTreeSet<PathBuf>,
    cgroups: BTreeSet<PathBuf>,
    mounts: String,
}

impl Machine {
    fn look(folder: &Path) -> Self {
        let below = |place: &str| tree(Path::new(place), 3);
        let mut temporary = tree(folder, 3);
        temporary.extend(tree(Path::new("/dev/shm"), 1));
        Self {
            processes: observers(),
            temporary,
            pinned: below("/sys/fs/bpf"),
            cgroups: below("/sys/fs/cgroup").into_iter().filter(|path| path.is_dir()).collect(),
            mounts: fs::read_to_string("/proc/self/mountinfo").expect("mounts"),
        }
    }

    /// The kernel takes programs apart some time after their last descriptor has been closed: it gets
    /// that time.
    fn is_all_there_is(&self, folder: &Path, programs: &[u32], place: &str) {
        let deadline = Instant::now() + soon();
        while sys::bpf_ids().0.iter().any(|id| !programs.contains(id)) {
            assert!(Instant::now() < deadline, "programs stay behind after {place}");
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(*self, Self::look(folder), "left behind after {place}");
    }
}

/// Processes that run the program under test.
fn observers() -> BTreeSet<u32> {
    let program = fs::canonicalize(crate::support::program::observer()).expect("the program");
    let pids = fs::read_dir("/proc").expect("/proc").flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &u32| {
        fs::read_link(format!("/proc/{pid}/exe")).is_ok_and(|exe| exe == program)
    })
    .collect()
}

fn tree(folder: &Path, depth: usize) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for path in entries.flatten().map(|entry| entry.path()) {
        if depth > 1 && path.is_dir() && !path.is_symlink() {
            found.extend(tree(&path, depth - 1));
        }
        found.insert(path);
    }
    found
}
