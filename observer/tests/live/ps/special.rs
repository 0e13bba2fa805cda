//! Processes that a careless reader stumbles over.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt as _;

use nix::unistd::{Gid, Uid, setgroups, setresuid};

use super::scene::{OnTerminal, paused, stopped, uninterruptible, with_ids, zombie};
use super::snapshot::{Row, Snapshot};
use super::truth::living;
use crate::support::child::{Actor, program, quiet_act};
use crate::support::harness::{Case, cases};
use crate::support::need::{Lack, root};
use crate::support::proc::{Stat, status, wait_for_state};
use crate::support::program::Answer;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [] {
            a_zombie,
            a_zombie_with_blanks_in_its_name,
            a_stopped_process,
            an_uninterruptible_process,
            a_terminal,
        }
        EveryKernel [kthreadd] { kernel_threads }
        EveryKernel [root] {
            all_ids,
        }
        Host [root] { as_many_groups_as_there_can_be }
        Host [root] { a_user_without_a_name }
        Host [] { two_megabytes_of_arguments }
    ]
}

/// A machine may be a pid namespace without kernel threads.
fn kthreadd() -> Option<Lack> {
    let there = Stat::of(2).is_some_and(|stat| stat.comm == b"kthreadd");
    (!there).then(|| "no kernel threads are visible".into())
}

/// The one row about a process, of these columns.
fn row_of(pid: u32, columns: &str) -> Row {
    let mut rows = Snapshot::with(&["-p", &pid.to_string(), "-o", columns]).rows;
    assert_eq!(rows.len(), 1, "rows of process {pid}");
    rows.remove(0)
}

fn assert_cells(row: &Row, expected: &[(&str, &str)]) {
    for (column, text) in expected {
        assert_eq!(row.cell(column), *text, "{column} of {row:?}");
    }
}

fn a_zombie() {
    let zombie = zombie();
    let stat = Stat::of(zombie.pid()).expect("it waits for us");
    let comm = String::from_utf8(stat.comm).expect("UTF-8");
    let args = format!("[{comm}] <defunct>");
    let row = row_of(zombie.pid(), "state,args,comm,rss,vsz,tty,threads,stat,exe,cwd,wchan");
    assert_cells(
        &row,
        &[
            ("state", "Z"),
            ("args", &args),
            ("comm", &comm),
            ("rss", "0"),
            ("vsz", "0"),
            ("exe", "-"),
        ],
    );
    assert!(row.cell("stat").starts_with('Z'), "{row:?}");
    assert!(row.arguments().is_empty(), "{row:?}");
}

fn a_zombie_with_blanks_in_its_name() {
    let mut command = quiet_act(&program(), "rename %6d%79%20%28%7a%29%20%3a last%20one");
    let mut actor = Actor::new(command.arg0("named"));
    actor.hear("ready");
    actor.tell("first");
    actor.hear("renamed");
    actor.tell("second");
    actor.hear("renamed");
    actor.tell("end");
    wait_for_state(actor.pid(), "Z");
    let row = row_of(actor.pid(), "args,comm");
    assert_cells(&row, &[("comm", "last one"), ("args", "[last one] <defunct>")]);
}

fn kernel_threads() {
    let snapshot = Snapshot::take("pid,ppid,comm,args,rss,vsz,tty,exe,container,user");
    let mut seen = 0;
    for life in living() {
        let Some(stat) = Stat::of(life.pid) else { continue };
        if stat.field(4) != "2" || !snapshot.rows.iter().any(|row| row.pid() == life.pid) {
            continue;
        }
        let row = snapshot.row(life.pid);
        let name = row.cell("comm");
        assert_cells(row, &[("args", &format!("[{name}]")), ("rss", "0"), ("vsz", "0")]);
        assert_cells(row, &[("exe", "-"), ("container", "-"), ("user", "root"), ("tty", "?")]);
        assert!(row.arguments().is_empty(), "{row:?}");
        // Workers take another name when they take other work.
        if !name.starts_with("kworker/") {
            assert_eq!(name.as_bytes(), stat.comm, "name of process {}", life.pid);
        }
        seen += 1;
    }
    assert!(seen > 3, "{seen} kernel threads");
    assert_cells(snapshot.row(2), &[("comm", "kthreadd"), ("args", "[kthreadd]"), ("ppid", "0")]);
}

fn a_stopped_process() {
    let stopped = stopped();
    let row = row_of(stopped.pid(), "state,stat,args");
    assert_cells(&row, &[("state", "T")]);
    assert!(row.cell("stat").starts_with('T'), "{row:?}");
    assert_cells(&row, &[("args", "paused for a test")]);
}

fn an_uninterruptible_process() {
    let waiting = uninterruptible();
    let row = row_of(waiting.pid(), "state,stat,args");
    assert_cells(&row, &[("state", "D")]);
    assert!(row.cell("args").ends_with(" --act ps vfork-hold"), "{row:?}");
}

fn all_ids() {
    let actor = with_ids();
    let columns = "uid,ruid,suid,fsuid,gid,rgid,sgid,fsgid,gids,user,ruser,suser,fsuser,group";
    assert_cells(
        &row_of(actor.pid(), columns),
        &[
            ("ruid", "1"),
            ("uid", "2"),
            ("suid", "54321"),
            ("fsuid", "2"),
            ("rgid", "1001"),
            ("gid", "1002"),
            ("sgid", "1003"),
            ("fsgid", "1002"),
            ("gids", "4,7,65000"),
            ("suser", "54321"),
        ],
    );
}

fn a_user_without_a_name() {
    const NOBODY_KNOWS: u32 = 3_000_111_222;
    let actor = paused(|| {
        let user = Uid::from_raw(NOBODY_KNOWS);
        setresuid(user, user, user).map_err(io::Error::from)
    });
    let number = NOBODY_KNOWS.to_string();
    let row = row_of(actor.pid(), "user,uid,ruser,huser");
    assert_cells(&row, &[("user", &number), ("uid", &number), ("ruser", &number)]);
    let filter = format!("uid={number}");
    let answer = Answer::to(&["-o", "pid,user", "--no-headers", "--filter", &filter]);
    let words: Vec<_> = answer.line().split_whitespace().collect();
    assert_eq!(words, [&actor.pid().to_string(), &number]);
}

fn as_many_groups_as_there_can_be() {
    const MOST: u32 = 65_536;
    let groups: Vec<_> = (0..MOST).map(|index| Gid::from_raw(1_000_000 + index * 3)).collect();
    let actor = paused(move || setgroups(&groups).map_err(io::Error::from));
    let truth = status(actor.pid(), "Groups").replace(' ', ",");
    assert_eq!(truth.split(',').count(), MOST as usize, "groups in /proc");
    let row = row_of(actor.pid(), "pid,groups,gids,state,seccomp");
    assert!(row.cell("gids") == truth, "{} bytes of groups", row.cell("gids").len());
    assert!(row.cell("groups") == truth, "{} bytes of names", row.cell("groups").len());
    // What stands behind the groups in the same file.
    assert_cells(&row, &[("seccomp", "disabled"), ("state", "S")]);
    let line = Answer::to(&["-p", &actor.pid().to_string(), "-o", "pid,gids", "--no-headers"]);
    assert!(line.line().ends_with(&truth), "the line should have all groups");
}

fn two_megabytes_of_arguments() {
    const LENGTH: usize = 100_000;
    let words: Vec<String> = ('a'..='u').map(|letter| letter.to_string().repeat(LENGTH)).collect();
    let mut command = quiet_act(&program(), "pause");
    command.arg0(&words[0]).args(&words[1..]);
    // The kernel allows a quarter of the stack.
    sys::before_exec(&mut command, || sys::limit(libc::RLIMIT_STACK, 64 << 20, 64 << 20));
    let actor = Actor::new(&mut command);
    actor.hear("ready");
    let size = fs::read(format!("/proc/{}/cmdline", actor.pid())).expect("a live process").len();
    assert_eq!(size, words.len() * (LENGTH + 1), "the arguments in /proc");
    let row = row_of(actor.pid(), "args");
    let told = row.arguments();
    assert!(told.iter().map(Vec::as_slice).eq(words.iter().map(String::as_bytes)), "arguments");
    assert!(row.cell("args") == words.join(" "), "the column");
    let answer = Answer::to(&["-p", &actor.pid().to_string(), "-o", "pid,args", "--no-headers"]);
    assert!(answer.line().ends_with(&words.join(" ")), "the line");
}

fn a_terminal() {
    let terminal = OnTerminal::new();
    let pid = terminal.process.pid();
    let link = fs::read_link(format!("/proc/{pid}/fd/0")).expect("its input");
    let name = link.strip_prefix("/dev").expect("a device").to_str().expect("UTF-8");
    let own = pid.to_string();
    let row = row_of(pid, "tty,sid,pgid,tpgid,stat");
    assert_cells(&row, &[("tty", name), ("sid", &own), ("pgid", &own), ("tpgid", &own)]);
    assert_eq!(row.cell("stat"), "Ss+", "{row:?}");
}
