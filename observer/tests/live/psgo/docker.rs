//! Real containers, joined from outside.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::compare::agree;
use super::question::{Question, Row};
use super::reading::Reading;
use super::{peer, truth};
use crate::support::engine::{Container, Engine, busybox, engine};
use crate::support::harness::{Case, cases};
use crate::support::need::root;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root, peer, engine, busybox] {
            a_plain_container,
            other_user_and_groups,
            the_pid_namespace_of_the_host,
            more_capabilities,
            all_privileges,
            a_terminal,
            two_that_share_a_pid_namespace,
            several_at_once,
        }
    ]
}

impl Container<'_> {
    /// All that its pid namespace holds, once both are there.
    fn processes(&self, count: usize) -> Vec<u32> {
        let space = Reading::of(self.pid).expect("its first process").pid_spaces[0];
        for _ in 0..100 {
            let all = Reading::all();
            let inside = all.values().filter(|reading| reading.pid_spaces.first() == Some(&space));
            let pids: Vec<u32> = inside.map(|reading| reading.pid).collect();
            if pids.len() == count {
                return pids;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("the container should have {count} processes");
    }

    fn question(&self) -> Question {
        Question::Joined(vec![self.pid])
    }

    /// What our program says of its first process, after it agreed with psgo and /proc.
    fn first_row(&self) -> Row {
        agree(&self.question(), &self.processes(2));
        let rows = self.question().program().rows;
        rows.into_iter().find(|row| row["pid"] == "1").expect("a first process")
    }
}

fn started() -> Engine {
    let engine = Engine::start();
    engine.import_image();
    engine
}

fn a_plain_container() {
    let engine = started();
    let container = Container::run(&engine, &[]);
    let row = container.first_row();
    assert_eq!(row["hpid"], container.pid.to_string());
    assert_eq!(row["args"], "sleep 600");
}

/// The names are the container's own: it calls user 1234 and group 99 something, and 5678 not.
fn other_user_and_groups() {
    let engine = started();
    let container = Container::run(&engine, &["--user", "1234:5678", "--group-add", "99"]);
    let row = container.first_row();
    let cells = ["user", "uid", "group", "huid"].map(|column| row[column].as_str());
    assert_eq!(cells, ["inner", "1234", "5678", "1234"]);
    assert!(row["groups"].split(',').any(|name| name == "crew"), "groups of {row:?}");
}

fn the_pid_namespace_of_the_host() {
    let engine = started();
    let container = Container::run(&engine, &["--pid=host", "--user", "1234"]);
    let compared = agree(&container.question(), &[container.pid]);
    assert!(compared.contains(&2), "kernel threads are seen from there: {compared:?}");
    let rows = container.question().program().rows;
    let row = rows.iter().find(|row| row["pid"] == container.pid.to_string());
    assert_eq!(row.expect("its first process")["user"], "inner", "by the container's own file");
}

fn more_capabilities() {
    let engine = started();
    let container = Container::run(&engine, &["--cap-add=SYS_ADMIN", "--cap-add=SYS_PTRACE"]);
    let row = container.first_row();
    for name in ["SYS_ADMIN", "SYS_PTRACE", "CHOWN"] {
        assert!(row["capeff"].split(',').any(|word| word == name), "{name} in {}", row["capeff"]);
    }
}

fn all_privileges() {
    let engine = started();
    let flags = privileges();
    let flags: Vec<_> = flags.iter().map(String::as_str).collect();
    let row = Container::run(&engine, &flags).first_row();
    assert_eq!(row["seccomp"], "disabled");
    let more = row["capeff"] == "full" || row["capeff"].contains("SYS_ADMIN");
    assert!(more, "capeff: {}", row["capeff"]);
}

/// `--privileged`, or what comes nearest where we do not have all capabilities to give.
fn privileges() -> Vec<String> {
    let own = Reading::of(std::process::id()).expect("ourselves").capabilities("CapBnd");
    if truth::capabilities(own) == "full" {
        return vec!["--privileged".to_owned()];
    }
    let missing = truth::capabilities(truth::all_capabilities() & !own);
    let drops = missing.split(',').map(|name| format!("--cap-drop={name}"));
    let all = ["--cap-add=ALL", "--security-opt=seccomp=unconfined"].map(str::to_owned);
    all.into_iter().chain(drops).collect()
}

fn a_terminal() {
    let engine = started();
    let row = Container::run(&engine, &["--tty"]).first_row();
    assert_eq!(row["tty"], "pts/0", "the container's own first terminal");
}

/// One table with one namespace; names by the files of the container that was named first.
fn two_that_share_a_pid_namespace() {
    let engine = started();
    let passwd: PathBuf = engine.place("passwd");
    fs::write(&passwd, "root:x:0:0::/:/bin/sh\nguest:x:1234:1234::/:/bin/sh\n").expect("a file");
    let first = Container::run(&engine, &["--user=1234"]);
    let volume = format!("{}:/etc/passwd:ro", passwd.display());
    let pid = format!("--pid=container:{}", first.id);
    let second = Container::run(&engine, &["--user=1234", "--volume", &volume, &pid]);
    let all = first.processes(4);
    for (pids, name) in [([first.pid, second.pid], "inner"), ([second.pid, first.pid], "guest")] {
        let question = Question::Joined(pids.to_vec());
        agree(&question, &all);
        let rows = question.program().rows;
        assert_eq!(rows.len(), 4, "each process once: {rows:?}");
        assert!(rows.iter().all(|row| row["user"] == name), "{name}: {rows:?}");
    }
}

fn several_at_once() {
    let engine = started();
    let flags: [&[&str]; 3] = [&[], &["--user=1234:99"], &["--tty"]];
    let containers = flags.map(|flags| Container::run(&engine, flags));
    let wanted: Vec<u32> = containers.iter().flat_map(|one| one.processes(2)).collect();
    let mut pids: Vec<u32> = containers.iter().map(|one| one.pid).collect();
    pids.reverse();
    pids.push(pids[1]);
    agree(&Question::Joined(pids), &wanted);
}
