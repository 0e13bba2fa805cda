//! What bpftrace saw of the same: every fork and exec of the machine, put together by who forked
//! whom and who was called with the container's id.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::{Observing, run};
use crate::support::child::{Lines, Next, Started};
use crate::support::engine::{Engine, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::machine::{patience, soon};
use crate::support::need::bpf;
use crate::support::program::output;
use crate::support::sys;
use crate::trace::act::see_tracefs;
use crate::trace::values::bpftrace;

pub(super) fn cases() -> Vec<Case> {
    cases![
        Host [bpf, engine, busybox, bpftrace] { the_same_execs }
    ]
}

/// `pid` is the process, also of a thread.
const PROGRAM: &str = r#"
    BEGIN { printf("ready\n"); }
    tracepoint:sched:sched_process_fork { printf("fork %d %d\n", pid, args->child_pid); }
    tracepoint:syscalls:sys_enter_execve { printf("call %d ", pid); join(args->argv); }
    tracepoint:sched:sched_process_exec { printf("exec %d %s\n", pid, str(args->filename)); }
"#;

struct Tracer {
    _started: Started,
    lines: Lines,
    seen: Vec<String>,
}

impl Tracer {
    fn start() -> Self {
        let mut command = Command::new("bpftrace");
        // Lines as long as a runtime's arguments, and room for a burst.
        command.env("BPFTRACE_STRLEN", "200").env("BPFTRACE_PERF_RB_PAGES", "1024");
        command.args(["-e", PROGRAM]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        sys::before_exec(&mut command, see_tracefs);
        let mut started = Started::new(&mut command);
        let lines = Lines::of(started.child.stdout.take().expect("a pipe"));
        let mut tracer = Self { _started: started, lines, seen: Vec::new() };
        tracer.read_until(|line| line == "ready");
        tracer
    }

    fn read_until(&mut self, is_last: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + soon();
        loop {
            match self.lines.next_before(deadline) {
                Next::Line(line) => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    let is_over = is_last(&line);
                    self.seen.push(line);
                    if is_over {
                        return;
                    }
                }
                other => {
                    panic!("bpftrace says nothing more: {other:?}, last {:?}", self.seen.last())
                }
            }
        }
    }
}

fn the_same_execs() {
    let engine = Engine::start();
    engine.import_image();
    let id_file = engine.place("id");
    let id_flag = format!("--cidfile={}", id_file.display());
    let script = "/bin/true; /bin/sh -c '/bin/true; /bin/true'; exec /bin/sleep 2";
    let words = run(&["--rm", &id_flag], &["/bin/sh", "-c", script]);
    let mut tracer = Tracer::start();
    // Another one's, beside it.
    let mut beside = engine.client(&run(&["--rm"], &["/bin/sh", "-c", "/bin/true; /bin/sleep 1"]));
    let beside = Started::new(beside.stdout(Stdio::null()));
    let (told, sandbox) = thread::scope(|scope| {
        let sandbox = scope.spawn(|| sandbox(&engine, &id_file));
        let told = Observing::client(&engine, "oracle", &words).told();
        (told, sandbox.join().expect("the network's name"))
    });
    assert_eq!(told.code, Some(0), "{}", told.errors);
    beside.reap_within(patience(Duration::from_secs(10)));
    let last = "/nowhere/last";
    Started::new(Command::new("/bin/true").arg(last)).reap();
    tracer.read_until(|line| line.contains(last));
    told.report.assert_whole();
    let id = fs::read_to_string(&id_file).expect("the container's id");
    let root = told.report.rows()[0].pid();
    let theirs = caused(&tracer.seen, root, &[&id, &sandbox]);
    let ours: BTreeMap<u64, Vec<String>> = told
        .report
        .rows()
        .iter()
        .map(|row| (row.pid(), row.files().iter().map(ToString::to_string).collect()))
        .filter(|(_, files): &(u64, Vec<String>)| !files.is_empty())
        .collect();
    assert_eq!(ours, theirs, "execs, by process; we have\n{}", told.report.list());
}

/// The file that the engine keeps the container's network namespace at, in the engine's words.
fn sandbox(engine: &Engine, id_file: &Path) -> String {
    let deadline = Instant::now() + soon();
    loop {
        if let Ok(id) = fs::read_to_string(id_file) {
            let ask = ["inspect", "-f", "{{.NetworkSettings.SandboxKey}}", &id];
            let (_, out, _) = output(&mut engine.client(&ask), soon());
            if out.starts_with('/') {
                return out.trim().to_owned();
            }
        }
        assert!(Instant::now() < deadline, "no network: {}", engine.log());
        thread::sleep(Duration::from_millis(50));
    }
}

/// Files that the command's descendants executed, and those of whom the engine called with the
/// container's id.
fn caused(lines: &[String], root: u64, names: &[&str]) -> BTreeMap<u64, Vec<String>> {
    let mut members = BTreeSet::from([root]);
    let mut execs: BTreeMap<u64, Vec<String>> = BTreeMap::new();
    let mut forks = Vec::new();
    for line in lines {
        let mut words = line.splitn(3, ' ');
        let (kind, pid) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let (Ok(pid), rest) = (pid.parse::<u64>(), words.next().unwrap_or_default()) else {
            continue;
        };
        match kind {
            "fork" => forks.push((pid, rest.parse::<u64>().expect("a pid"))),
            // The test's own questions name the container as well.
            "call" if !rest.contains("docker ") && names.iter().any(|name| rest.contains(name)) => {
                members.insert(pid);
            }
            "exec" => execs.entry(pid).or_default().push(rest.to_owned()),
            _ => {}
        }
    }
    // What happens on two CPUs is not told in order: a fork may come ahead of that of its creator.
    let mut before = 0;
    while before < members.len() {
        before = members.len();
        let children = forks.iter().filter(|(creator, _)| members.contains(creator));
        let children: Vec<_> = children.map(|(_, child)| *child).collect();
        members.extend(children);
    }
    execs.retain(|pid, _| members.contains(pid));
    execs
}
