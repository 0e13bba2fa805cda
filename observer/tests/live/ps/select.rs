//! Which columns and rows, in which order, under which headers.

use super::scene::{paused, stopped, with_ids};
use super::snapshot::{Snapshot, ps};
use crate::events::cgroup::{Cgroup, container_id, v2};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::need::root;
use crate::support::program::Answer;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] {
            without_a_list_the_columns_are_psgos,
            commas_and_blanks,
            codes_are_columns,
            headers_can_be_renamed_and_emptied,
            columns_can_be_asked_for_twice,
            a_table_without_headers,
            pids_keep_their_order,
            ps_writes_times_its_way,
        }
        Host [root] {
            rows_are_sorted,
            filters,
        }
        Host [root, v2] { a_container_by_the_beginning_of_its_id }
    ]
}

fn own_pid() -> String {
    std::process::id().to_string()
}

/// The header of a listing of this process, blanks between words made one.
fn header(list: &[&str]) -> String {
    let own = own_pid();
    let answer = Answer::of(ps(&["-p", &own]).args(list));
    answer.lines()[0].split_whitespace().collect::<Vec<_>>().join(" ")
}

fn without_a_list_the_columns_are_psgos() {
    assert_eq!(header(&[]), "USER PID PPID %CPU ELAPSED TTY TIME COMMAND");
    assert_eq!(header(&["-o", ""]), header(&[]), "an empty list");
}

fn commas_and_blanks() {
    for list in ["pid,user,comm", "pid user comm", " pid , user,, comm,", "pid\tuser\ncomm"] {
        assert_eq!(header(&["-o", list]), "PID USER COMMAND", "{list:?}");
    }
    assert_eq!(header(&["-o", "pid", "--format", "user,comm"]), "PID USER COMMAND");
    assert_eq!(header(&["--format=pid,user,comm"]), "PID USER COMMAND");
}

const CODES: [(&str, &str); 15] = [
    ("%C", "pcpu"),
    ("%G", "group"),
    ("%P", "ppid"),
    ("%U", "user"),
    ("%a", "args"),
    ("%c", "comm"),
    ("%g", "rgroup"),
    ("%n", "nice"),
    ("%p", "pid"),
    ("%r", "pgid"),
    ("%t", "etime"),
    ("%u", "ruser"),
    ("%x", "time"),
    ("%y", "tty"),
    ("%z", "vsz"),
];

fn codes_are_columns() {
    let own = own_pid();
    for (code, name) in CODES {
        let row = Snapshot::with(&["-p", &own, "-o", code]).rows.remove(0);
        // Under its normal name, or this fails.
        row.cell(name);
        assert_eq!(header(&["-o", code]), header(&["-o", name]), "{code} and {name}");
    }
}

fn headers_can_be_renamed_and_emptied() {
    assert_eq!(header(&["-o", "pid=Number,user=Who,comm"]), "Number Who COMMAND");
    assert_eq!(header(&["-o", "pid=Number user=Who comm"]), "Number Who COMMAND");
    assert_eq!(header(&["-o", "%p=Number,%U"]), "Number USER");
    assert_eq!(header(&["-o", "pid=,user"]), "USER");
    let empty = Answer::to(&["-p", &own_pid(), "-o", "pid=,comm="]);
    let rows: Vec<_> = empty.lines().into_iter().filter(|line| !line.trim().is_empty()).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = Snapshot::with(&["-p", &own_pid(), "-o", "pid=Number"]).rows.remove(0);
    assert_eq!(row.cell("pid"), own_pid(), "under the normal name");
}

fn columns_can_be_asked_for_twice() {
    assert_eq!(header(&["-o", "pid,pid,comm,%p"]), "PID PID COMMAND PID");
    let row = Snapshot::with(&["-p", &own_pid(), "-o", "pid,ppid,%p"]).rows.remove(0);
    let columns = row.field("/columns").and_then(|columns| columns.as_object());
    assert_eq!(columns.expect("columns").len(), 2, "{row:?}");
}

fn a_table_without_headers() {
    let answer = Answer::to(&["-p", &own_pid(), "-o", "pid,ppid", "--no-headers"]);
    let cells: Vec<_> = answer.line().split_whitespace().collect();
    assert_eq!(cells, [own_pid(), std::os::unix::process::parent_id().to_string()]);
}

fn pids_keep_their_order() {
    let actors = [paused(|| Ok(())), paused(|| Ok(())), paused(|| Ok(()))];
    let [a, b, c] = actors.each_ref().map(|actor| actor.pid().to_string());
    for (list, expected) in [
        (format!("{b},{a},{c}"), vec![&b, &a, &c]),
        (format!(" {c} , {a},, {c},"), vec![&c, &a, &c]),
        (format!("{a} {b}"), vec![&a, &b]),
    ] {
        let answer = Answer::to(&["-p", &list, "-o", "pid", "--no-headers"]);
        let pids: Vec<_> = answer.lines().into_iter().map(str::trim).collect();
        assert_eq!(pids, expected, "-p '{list}'");
    }
    let answer = Answer::to(&["-p", &c, "--pids", &a, "-o", "pid", "--no-headers"]);
    assert_eq!(answer.lines().into_iter().map(str::trim).collect::<Vec<_>>(), [&c, &a]);
}

/// Cells of a table, row by row.
fn cells(arguments: &[&str]) -> Vec<Vec<String>> {
    let answer = Answer::of(ps(arguments).arg("--no-headers"));
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
    answer.lines().into_iter().map(words).collect()
}

fn rows_are_sorted() {
    let rows = cells(&["-o", "rss,pid", "--sort", "-rss,pid"]);
    let number = |text: &String| text.parse::<i64>().expect("a number");
    let keys: Vec<_> = rows.iter().map(|row| (-number(&row[0]), number(&row[1]))).collect();
    assert!(keys.is_sorted() && keys.len() > 5, "{keys:?}");
    let rows = cells(&["-o", "pid", "--sort", "-pid"]);
    let pids: Vec<_> = rows.iter().map(|row| -number(&row[0])).collect();
    assert!(pids.is_sorted(), "{pids:?}");
    // As numbers, not as text, also of a column that is not shown; and names as names.
    let rows = cells(&["-o", "pid", "--sort", "ppid,+pid"]);
    assert!(rows.len() > 5, "{rows:?}");
    let rows = cells(&["-o", "user,pid", "--sort", "user", "--sort", "-pid"]);
    let keys: Vec<_> = rows.iter().map(|row| (row[0].clone(), -number(&row[1]))).collect();
    assert!(keys.is_sorted(), "{keys:?}");
}

fn filters() {
    let [plain, stopped, other] = [paused(|| Ok(())), stopped(), with_ids()];
    let pids = [&plain, &stopped, &other].map(|actor| actor.pid().to_string());
    let list = pids.join(",");
    let shown = |filters: &[&str]| -> Vec<String> {
        let mut command = ps(&["-p", &list, "-o", "pid", "--no-headers"]);
        for filter in filters {
            command.args(["--filter", filter]);
        }
        let answer = Answer::of(&mut command);
        answer.out.lines().map(|line| line.trim().to_owned()).collect()
    };
    let [plain, stopped, other] = pids;
    assert_eq!(shown(&["state=T"]), [&*stopped]);
    assert_eq!(shown(&["uid=0"]), [&*plain, &stopped]);
    assert_eq!(shown(&["uid=0", "uid=2"]), [&*plain, &stopped, &other], "of one key any");
    assert_eq!(shown(&["uid=0", "state=S"]), [&*plain], "of several keys each");
    assert_eq!(shown(&["uid=0", "uid=2", "state=S"]), [&*plain, &other]);
    assert_eq!(shown(&["user=root", "euid=2", "%U=root", "s=T"]), Vec::<String>::new().as_slice());
    assert_eq!(shown(&["gids=65000"]), [&*other], "one of a list");
    assert_eq!(shown(&[&format!("pid={plain}")]), [&*plain]);
    assert_eq!(shown(&["args=paused for a test"]).len(), 3, "a value with blanks");
}

fn ps_writes_times_its_way() {
    let row = |style: &str| {
        let arguments = ["-p", "1", "-o", "etime,time,stime", "--time-style", style];
        Snapshot::with(&arguments).rows.remove(0)
    };
    let [psgo, ps] = ["psgo", "ps"].map(row);
    assert!(psgo.cell("etime").ends_with('s') && !psgo.cell("etime").contains(':'), "{psgo:?}");
    assert!(ps.cell("etime").contains(':') && !ps.cell("etime").contains('s'), "{ps:?}");
    assert_eq!(ps.cell("time").split([':', '-']).count() - ps.cell("time").matches('-').count(), 3);
    assert!(psgo.cell("stime").contains(" +") || psgo.cell("stime").contains(" -"), "{psgo:?}");
}

fn a_container_by_the_beginning_of_its_id() {
    let id = container_id();
    let cgroup = Cgroup::of_container(&id);
    let mut command = act(&["pause", "contained"]);
    cgroup.take_in(&mut command);
    let actor = Actor::new(&mut command);
    actor.hear("ready");
    let pid = actor.pid().to_string();
    for name in [&id[..], &id[..12], &id[..6]] {
        let rows = cells(&["--container", name, "-o", "pid,container,containerid,runtime"]);
        assert_eq!(rows, [[&*pid, &id[..12], &id, "docker"]], "--container {name}");
    }
    let row = Snapshot::with(&["--container", &id, "-o", "pid"]).rows.remove(0);
    assert_eq!(row.text("/container/id"), id);
    let other = Answer::to(&["--container", &id, "-p", &own_pid(), "-o", "pid"]);
    assert_eq!(other.code, Some(1), "this process is not in that container: {other:?}");
    let none = Answer::to(&["--container", &container_id(), "-o", "pid"]);
    assert_eq!(none.code, Some(1), "{none:?}");
    drop(actor);
}
