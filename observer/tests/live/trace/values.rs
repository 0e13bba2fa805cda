//! Events as bpftrace sees them: the same values, in the same order.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::act::see_tracefs;
use super::traced;
use crate::support::child::{Actor, Lines, Next, Started, act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::need::{Lack, on_the_host, perf};
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [perf, bpftrace] { bpftrace_sees_the_same }
    ]
}

pub(crate) fn bpftrace() -> Option<Lack> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&folders).any(|folder| folder.join("bpftrace").exists());
    on_the_host(|| (!there).then(|| "no `bpftrace`: run `cargo xtask setup test`".to_owned()))
}

/// For the events of one thread, a line each: its time, its name and its fields.
const PROGRAM: &str = r#"
tracepoint:sched:sched_process_exec /tid == TID/ {
    printf("%llu sched:sched_process_exec %s %d %d\n", nsecs, str(args->filename), args->pid, args->old_pid);
}
tracepoint:syscalls:sys_enter_openat /tid == TID/ {
    printf("%llu syscalls:sys_enter_openat %d %p %d %d\n", nsecs, (int32)args->dfd, args->filename, (int32)args->flags, args->mode);
}
tracepoint:task:task_rename /tid == TID/ {
    printf("%llu task:task_rename %s %s %d\n", nsecs, args->oldcomm, args->newcomm, args->oom_score_adj);
}
tracepoint:sched:sched_switch /tid == TID/ {
    printf("%llu sched:sched_switch %s %d %d %lld %s %d %d\n", nsecs, args->prev_comm, args->prev_pid, args->prev_prio, args->prev_state, args->next_comm, args->next_pid, args->next_prio);
}
BEGIN { printf("0 ready\n"); }
"#;

/// The fields of each event, in the order of the program.
const FIELDS: [(&str, &[&str]); 4] = [
    ("sched:sched_process_exec", &["filename", "pid", "old_pid"]),
    ("syscalls:sys_enter_openat", &["dfd", "filename", "flags", "mode"]),
    ("task:task_rename", &["oldcomm", "newcomm", "oom_score_adj"]),
    (
        "sched:sched_switch",
        &["prev_comm", "prev_pid", "prev_prio", "prev_state", "next_comm", "next_pid", "next_prio"],
    ),
];

/// A line as the program would print it, less the time.
fn as_bpftrace(event: &Event) -> Option<String> {
    let (name, fields) = FIELDS.iter().find(|(name, _)| event.is(name))?;
    let mut line = (*name).to_owned();
    for field in *fields {
        let value = &event.0["fields"][field];
        line.push(' ');
        line.push_str(&value.as_str().map_or_else(|| value.to_string(), str::to_owned));
    }
    Some(line)
}

struct Bpftrace {
    _started: Started,
    lines: Lines,
    seen: Vec<(u64, String)>,
}

impl Bpftrace {
    fn of(tid: u32) -> Self {
        let mut command = Command::new("bpftrace");
        command.args(["-e", &PROGRAM.replace("TID", &tid.to_string())]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        // It wants tracefs mounted.
        sys::before_exec(&mut command, see_tracefs);
        let mut started = Started::new(&mut command);
        let lines = Lines::of(started.child.stdout.take().expect("a pipe"));
        let mut bpftrace = Self { _started: started, lines, seen: Vec::new() };
        bpftrace.wait_for("ready");
        bpftrace
    }

    fn wait_for(&mut self, word: &str) {
        let deadline = Instant::now() + soon();
        while !self.seen.iter().any(|(_, line)| line.contains(word)) {
            match self.lines.next_before(deadline) {
                Next::Line(line) => {
                    let line = String::from_utf8_lossy(&line).into_owned();
                    let timed = line.split_once(' ').map(|(time, rest)| (time.parse(), rest));
                    if let Some((Ok(time), rest)) = timed {
                        self.seen.push((time, rest.to_owned()));
                    }
                }
                other => panic!("bpftrace does not say `{word}`: {other:?}"),
            }
        }
    }
}

fn bpftrace_sees_the_same() {
    let mut actor = Actor::new(&mut act(&["trace", "work"]));
    actor.hear("ready");
    let pid = actor.pid();
    let names: Vec<_> = FIELDS.iter().map(|(name, _)| *name).collect();
    let filter = format!("common_pid == {pid}");
    let mut observed = traced(&[&names[..], &["--filter", &filter]].concat());
    let mut bpftrace = Bpftrace::of(pid);
    let [first, last] =
        [unique("1"), unique("9")].map(|token| token[token.len() - 12..].to_owned());
    let lines = [
        format!("rename {first}"),
        "open /nowhere".to_owned(),
        "exec".to_owned(),
        "open /etc/passwd".to_owned(),
        "rename a b".to_owned(),
        format!("rename {last}"),
    ];
    for line in lines {
        actor.tell(&line);
        actor.hear(if line == "exec" { "ready" } else { "done" });
    }
    bpftrace.wait_for(&format!(" {last} "));
    observed.wait_for("the end", |event| event.text("/fields/newcomm") == Some(&last));
    let ours: Vec<_> = observed.seen(Event::is_of_process).iter().filter_map(as_bpftrace).collect();
    bpftrace.seen.sort();
    let theirs: Vec<_> = bpftrace.seen.iter().map(|(_, line)| line.clone()).collect();
    let [ours, theirs] = [ours, theirs].map(|lines| between(&lines, &first, &last));
    for (name, _) in FIELDS {
        assert!(ours.iter().any(|line| line.starts_with(name)), "no {name} in {ours:?}");
    }
    assert_eq!(ours, theirs);
    observed.stop().assert_nothing_lost();
}

/// From the rename to the first name to the one to the last.
fn between(lines: &[String], first: &str, last: &str) -> Vec<String> {
    let rename_to = |name: &str| {
        let name = format!(" {name} ");
        let mut places = lines.iter().enumerate();
        let is_it = |line: &String| line.starts_with("task:task_rename") && line.contains(&name);
        places.find(|(_, line)| is_it(line)).map(|(at, _)| at).expect("a rename")
    };
    lines[rename_to(first)..=rename_to(last)].to_vec()
}
