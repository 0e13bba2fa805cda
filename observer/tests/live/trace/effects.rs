//! A filter on each kind of field lets through what it should, and nothing else.

use super::traced;
use crate::support::child::{Actor, act, unique};
use crate::support::harness::{Case, cases};
use crate::support::need::perf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            text_of_fixed_size,
            text_elsewhere_in_the_record,
            text_behind_a_pointer,
            a_pointer,
            a_signed_number,
            a_truth_value,
            the_name_and_the_cpu_of_everyone,
        }
    ]
}

fn worker() -> Actor {
    let actor = Actor::new(&mut act(&["trace", "work"]));
    actor.hear("ready");
    actor
}

fn work(actor: &mut Actor, lines: &[&str]) {
    for line in lines {
        actor.tell(line);
        actor.hear(if *line == "exec" { "ready" } else { "done" });
    }
}

/// How often an event got through while a process did what the filter does not mean, and then what
/// it means.
fn let_through(
    event: &str,
    filter: &str,
    actor: &mut Actor,
    meant: &[&str],
    others: &[&str],
) -> usize {
    let mut observed = traced(&[event, "--filter", filter]);
    work(actor, others);
    work(actor, meant);
    observed.wait_for("what the filter means", |other| other.is(event));
    let stream = observed.stop();
    stream.assert_nothing_lost();
    stream.of_kind(event).count()
}

fn text_of_fixed_size() {
    let name = format!("n{}", std::process::id());
    for filter in [
        format!("newcomm == \"{name}\""),
        format!("newcomm ~ \"*[{}]{}\"", &name[1..2], &name[2..]),
    ] {
        let renames = [format!("rename {name}"), format!("rename {name}x")];
        let count =
            let_through("task:task_rename", &filter, &mut worker(), &[&renames[0]], &[&renames[1]]);
        assert_eq!(count, 1, "renames with {filter}");
    }
}

fn text_elsewhere_in_the_record() {
    let mut actor = worker();
    let program = crate::support::child::program();
    let program = program.to_str().expect("UTF-8");
    let pid = actor.pid();
    let right = format!("filename == \"{program}\" && pid == {pid}");
    let event = "sched:sched_process_exec";
    assert_eq!(let_through(event, &right, &mut actor, &["exec"], &[]), 1, "{right}");
    let wrong =
        format!("(filename ~ \"*{program}?\" || filename == \"{program}\") && pid == {pid}");
    assert_eq!(let_through(event, &wrong, &mut actor, &["exec"], &[]), 1, "{wrong}");
}

fn text_behind_a_pointer() {
    let token = unique("pointed");
    let filter = format!("filename.ustring ~ \"*{token}\"");
    let opens = [format!("open /nowhere/{token}"), format!("open /nowhere/{token}x")];
    let event = "syscalls:sys_enter_openat";
    let count = let_through(event, &filter, &mut worker(), &[&opens[0]], &[&opens[1]]);
    assert_eq!(count, 1, "opens");
}

fn a_pointer() {
    let mut actor = worker();
    for (condition, count) in [("name == 0", 1), ("name < 1", 1)] {
        let filter = format!("{condition} && common_pid == {}", actor.pid());
        let event = "syscalls:sys_enter_newuname";
        assert_eq!(let_through(event, &filter, &mut actor, &["uname"], &[]), count, "{filter}");
    }
}

fn a_signed_number() {
    let mut actor = worker();
    // The result of a system call that fails is negative.
    for condition in ["ret < 0", "ret == -14", "ret <= -0xe && ret > -15"] {
        let filter = format!("{condition} && common_pid == {}", actor.pid());
        let event = "syscalls:sys_exit_newuname";
        assert_eq!(let_through(event, &filter, &mut actor, &["uname"], &[]), 1, "{filter}");
    }
    // What none of them is, beside one that is.
    let filter = format!("(ret > -1 || ret == -14) && common_pid == {}", actor.pid());
    let event = "syscalls:sys_exit_newuname";
    assert_eq!(let_through(event, &filter, &mut actor, &["uname"], &[]), 1, "{filter}");
}

fn a_truth_value() {
    // A new mount takes memory for each CPU, and may sleep for it.
    let event = "percpu:percpu_alloc_percpu";
    for (filter, expected) in
        [("is_atomic == 0", true), ("is_atomic == 1 && is_atomic == 0", false)]
    {
        let observed =
            traced(&[event, "--filter", &format!("{filter} && comm == \"live-mounter\"")]);
        let mounter = crate::support::child::Started::new(&mut act(&["trace", "mount"])).reap();
        assert_eq!(mounter.status, 0, "a mount");
        let stream = observed.stop();
        let got = stream.of_kind(event).next();
        assert_eq!(got.is_some(), expected, "{filter}: {got:?}");
        assert!(got.is_none_or(|got| got.0["fields"]["is_atomic"] == false), "{got:?}");
    }
}

fn the_name_and_the_cpu_of_everyone() {
    let name = format!("c{}", std::process::id());
    let mut actor = worker();
    work(&mut actor, &[&format!("rename {name}")]);
    let filter = format!("comm == \"{name}\" && cpu >= 0 && CPU < 100000");
    let event = "syscalls:sys_enter_newuname";
    assert_eq!(let_through(event, &filter, &mut actor, &["uname"], &[]), 1, "{filter}");
}
