//! What is printed of events: text and JSON, all fields or some, names of any bytes.

use std::time::Duration;

use super::{trace, traced};
use crate::support::child::{Actor, act, unique};
use crate::support::event::Event;
use crate::support::harness::{Case, cases};
use crate::support::machine::patience;
use crate::support::need::perf;
use crate::support::program::output;
use crate::support::sys::boot_ns;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            json_has_every_field,
            json_keeps_bytes_that_are_no_text,
            names_and_descriptions,
        }
        Host [perf] {
            only_the_fields_asked_for_in_their_order,
            words_stand_beside_numbers,
            text_has_columns_and_fields,
            a_hostile_name_is_harmless,
            the_own_process_is_left_out,
        }
    ]
}

fn worker() -> Actor {
    let actor = Actor::new(&mut act(&["trace", "work"]));
    actor.hear("ready");
    actor
}

fn work(actor: &mut Actor, line: &str) {
    actor.tell(line);
    actor.hear("done");
}

fn by(pid: u32) -> String {
    format!("common_pid == {pid}")
}

fn json_has_every_field() {
    let mut actor = worker();
    let pid = actor.pid();
    let mut observed = traced(&["task:task_rename", "--filter", &by(pid)]);
    let began = boot_ns();
    work(&mut actor, "rename first");
    work(&mut actor, "rename second");
    let event =
        observed.wait_for("rename", |event| event.text("/fields/newcomm") == Some("second"));
    let over = boot_ns();
    assert_eq!(event.kind(), "task:task_rename");
    assert_eq!(event.number("/pid"), Some(pid.into()), "{event:?}");
    assert_eq!(event.number("/tid"), Some(pid.into()), "{event:?}");
    assert_eq!(event.text("/fields/oldcomm"), Some("first"), "{event:?}");
    assert!(
        event.field("/fields/oom_score_adj").is_some_and(serde_json::Value::is_i64),
        "{event:?}"
    );
    assert!(event.field("/fields/common_pid").is_none(), "common fields: {event:?}");
    let time = event.expect_number("/boot_ns");
    assert!((began..=over).contains(&time), "{began} <= {time} <= {over}");
    let stream = observed.stop();
    stream.assert_code(0);
    stream.assert_nothing_lost();
    let numbers: Vec<_> = stream.events.iter().filter_map(|event| event.number("/seq")).collect();
    assert_eq!(numbers, [1, 2], "numbers of the lines");
    assert!(stream.events[0].is("hello"), "{:?}", stream.events[0]);
    assert_eq!(stream.events[0].text("/schema"), Some("observer.trace/1"));
}

fn json_keeps_bytes_that_are_no_text() {
    let mut actor = worker();
    let mut observed = traced(&["task:task_rename", "--filter", &by(actor.pid())]);
    work(&mut actor, "rename a%ff%1bb");
    let event = observed.wait_for("rename", |event| event.is("task:task_rename"));
    assert_eq!(event.text("/fields/newcomm"), Some("a\u{fffd}\u{1b}b"), "{event:?}");
    assert_eq!(event.text("/raw/newcomm"), Some("Yf8bYg=="), "{event:?}");
    assert!(event.field("/raw/oldcomm").is_none(), "that one is text: {event:?}");
    observed.stop().assert_code(0);
}

fn only_the_fields_asked_for_in_their_order() {
    let mut actor = worker();
    let pid = actor.pid().to_string();
    let arguments =
        ["task:task_rename", "--filter", &by(actor.pid()), "--fields", "newcomm,common_pid", "-n1"];
    let mut command = trace(&arguments);
    let running =
        std::thread::spawn(move || output(&mut command, patience(Duration::from_secs(3))));
    while !running.is_finished() {
        work(&mut actor, "rename chosen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (status, out, _) = running.join().expect("an output");
    assert_eq!(status.code(), Some(0));
    let fields =
        out.lines().nth(1).and_then(|line| line.split_once("task_rename ")).expect("a line");
    assert_eq!(fields.1, format!("newcomm=chosen common_pid={pid}"));
}

fn words_stand_beside_numbers() {
    let mut actor = worker();
    let mut observed = traced(&["sched:sched_switch", "--filter", &by(actor.pid())]);
    work(&mut actor, "rename sleeper");
    let sleeps = |event: &Event| event.text("/words/prev_state") == Some("S");
    let event = observed.wait_for("sleep", sleeps);
    assert_eq!(event.number("/fields/prev_state"), Some(1), "{event:?}");
    observed.stop().assert_code(0);
}

fn text_has_columns_and_fields() {
    let (status, out, errors) =
        output(&mut trace(&["sched:sched_switch", "-n", "5"]), patience(Duration::from_secs(3)));
    assert_eq!(status.code(), Some(0), "{errors}");
    let lines: Vec<_> = out.lines().collect();
    let header: Vec<_> = lines[0].split_whitespace().collect();
    assert_eq!(header, ["TIME", "CPU", "PID", "EVENT", "FIELDS"]);
    assert_eq!(lines.len(), 6, "a header and five events: {out}");
    for line in &lines[1..] {
        let (columns, fields) = line.split_once("sched:sched_switch ").expect("the event's name");
        assert_eq!(columns.split_whitespace().count(), 3, "time, cpu, pid: {line}");
        assert!(fields.starts_with("prev_comm=") && fields.contains(" next_prio="), "{line}");
    }
    assert!(errors.starts_with("observer: ready\n"), "{errors}");
    assert!(errors.contains("5 events printed (of "), "{errors}");
    let arguments = ["sched:sched_switch", "-n", "1", "--no-headers", "--time", "none"];
    let (_, out, _) = output(&mut trace(&arguments), patience(Duration::from_secs(3)));
    assert_eq!(out.lines().count(), 1, "{out}");
    assert!(out.starts_with(|first: char| first.is_ascii_digit()), "a CPU first: {out}");
}

fn a_hostile_name_is_harmless() {
    let mut actor = worker();
    let filter = by(actor.pid());
    let mut command = trace(&["task:task_rename", "--filter", &filter, "--color", "always", "-n2"]);
    let running =
        std::thread::spawn(move || output(&mut command, patience(Duration::from_secs(3))));
    while !running.is_finished() {
        work(&mut actor, "rename %1b[2J%0a%9b");
        work(&mut actor, "rename x newcomm=y");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (_, out, _) = running.join().expect("an output");
    let rows: Vec<_> = out.lines().skip(1).collect();
    assert_eq!(rows.len(), 2, "{out:?}");
    assert!(!rows.concat().contains(char::is_control), "{rows:?}");
    assert!(rows.concat().contains(r#"newcomm="\x1b[2J\n\x9b" "#), "{rows:?}");
    assert!(rows.concat().contains(r#"newcomm="x newcomm=y" "#), "{rows:?}");
}

fn names_and_descriptions() {
    let within = patience(Duration::from_secs(3));
    let answer = |arguments: &[&str]| {
        let (status, out, errors) = output(&mut trace(arguments), within);
        assert_eq!((status.code(), errors.as_str()), (Some(0), ""), "{arguments:?}");
        out
    };
    assert_eq!(
        answer(&["--list", "sched:sched_process_e*"]),
        "sched:sched_process_exec\nsched:sched_process_exit\n"
    );
    let all = answer(&["--list"]);
    assert!(all.lines().count() > 500, "only {}", all.lines().count());
    assert!(all.lines().is_sorted_by_key(|name| name.split_once(':')), "{all}");
    let list = Event::parse(answer(&["--list", "sched:sched_process_exec", "--json"]).as_bytes());
    assert_eq!(list.0["events"], serde_json::json!(["sched:sched_process_exec"]));
    let text = answer(&["--show", "sched:sched_switch"]);
    let line = text.lines().find(|line| line.starts_with("long prev_state")).expect("a field");
    assert!(line.contains("0x1=S"), "{line}");
    let shown = Event::parse(answer(&["--show", "sched:sched_switch", "--json"]).as_bytes());
    assert_eq!(shown.text("/fields/0/declaration"), Some("char prev_comm[16]"), "{shown:?}");
    assert_eq!(shown.text("/common_fields/0/name"), Some("common_type"), "{shown:?}");
    assert!(shown.text("/print").is_some_and(|print| print.contains("prev_comm")), "{shown:?}");
}

fn the_own_process_is_left_out() {
    let token = unique("own");
    let mut actor = worker();
    let mut observed = traced(&["raw_syscalls:sys_enter", "syscalls:sys_enter_openat"]);
    work(&mut actor, &format!("open /nowhere/{token}"));
    let pid = actor.pid();
    observed.wait_for("open", |event| {
        event.is("syscalls:sys_enter_openat") && event.number("/pid") == Some(pid.into())
    });
    let observer = observed.pid();
    let own = observed.seen(|event| event.number("/pid") == Some(observer.into()));
    assert!(own.is_empty(), "its own: {:?}", own.first());
    observed.stop().assert_code(0);
}
