//! Cells are those of ps(1), for every process that did not change while both looked.

use std::collections::BTreeMap;
use std::process::Command;

use super::churn::Churn;
use super::scene::Variety;
use super::snapshot::{Row, Snapshot, ps};
use super::truth::{Life, living_with_switches};
use crate::support::event::none_of;
use crate::support::harness::{Case, cases};
use crate::support::machine::{scaled, soon};
use crate::support::need::{Lack, on_the_host, root};
use crate::support::program::output;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root, procps] {
            every_column_under_churn,
            texts_under_churn,
            times_lie_between_those_of_ps,
        }
        Host [] { synonyms_are_the_same_columns }
    ]
}

fn procps() -> Option<Lack> {
    on_the_host(|| {
        let version = Command::new("ps").arg("--version").output();
        let procps =
            version.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).contains("procps"));
        (!procps).then(|| "no ps of procps is installed".to_owned())
    })
}

const COMPARISONS: usize = 20;

/// Cells of ps by pid.
type Listing = BTreeMap<u32, Vec<String>>;

/// `ps -e` with these columns, of which only the last may hold blanks.
fn ps_of_procps(columns: &[&str]) -> Listing {
    let mut command = Command::new("ps");
    command.args(["-e", "-ww", "-o", "pid="]).env("LC_ALL", "C").env_remove("COLUMNS");
    for column in columns {
        // The width keeps names whole.
        let wide = if column.ends_with("user") || column.ends_with("group") { ":64" } else { "" };
        command.arg("-o").arg(format!("{column}{wide}="));
    }
    let out = answer_of_procps(&mut command);
    out.lines().map(|line| cells(line, columns.len())).collect()
}

/// Some versions crash now and then on a process that goes while they look.
fn answer_of_procps(command: &mut Command) -> String {
    const TRIES: usize = 10;
    for _ in 0..TRIES {
        let (status, out, errors) = output(command, soon());
        if status.success() {
            return out;
        }
        assert!(errors.contains("Signal 11 (SEGV) caught by ps"), "ps: {errors}");
    }
    panic!("ps crashed {TRIES} times in a row")
}

fn cells(line: &str, columns: usize) -> (u32, Vec<String>) {
    let mut rest = line.trim_start();
    let mut cells = Vec::new();
    for _ in 0..columns {
        let (cell, others) = rest.split_once(' ').unwrap_or((rest, ""));
        cells.push(cell.to_owned());
        rest = others.trim_start();
    }
    cells.push(rest.trim_end().to_owned());
    let pid = cells.remove(0).parse().expect("a pid");
    (pid, cells)
}

/// Ours, between two listings of ps; and who slept all the while.
struct Sandwich {
    before: Listing,
    ours: Snapshot,
    after: Listing,
    slept: Vec<Life>,
}

impl Sandwich {
    fn make(ours: &[&str], theirs: &[&str], options: &[&str]) -> Self {
        let first = living_with_switches();
        let before = ps_of_procps(theirs);
        let columns = ours.join(",");
        let ours = Snapshot::of(ps(&["--json", "-o", &columns]).args(options));
        let after = ps_of_procps(theirs);
        let last = living_with_switches();
        let slept = first.into_iter().filter(|(life, switches)| last.get(life) == Some(switches));
        Self { before, ours, after, slept: slept.map(|(life, _)| life).collect() }
    }

    /// Rows of who slept all the while, with the cells of ps before and after.
    fn rows(&self) -> impl Iterator<Item = (&Row, &[String], &[String])> {
        self.slept.iter().map(|life| {
            let row = self.ours.row(life.pid);
            assert_eq!(row.life(), *life, "identity of {row:?}");
            (row, &self.before[&life.pid][..], &self.after[&life.pid][..])
        })
    }

    /// What differs in columns of the same order, where ps said the same twice. Counts the cells
    /// that were compared, by column.
    fn differences(&self, ours: &[&str], same: Same, compared: &mut [usize]) -> Vec<String> {
        let mut differences = Vec::new();
        for (row, before, after) in self.rows() {
            for (index, column) in ours.iter().enumerate() {
                if before[index] != after[index] {
                    continue;
                }
                compared[index] += 1;
                let cell = row.cell(column);
                if !same(column, cell, &before[index]) {
                    let pid = row.pid();
                    let truth = &before[index];
                    differences
                        .push(format!("process {pid}: {column} is `{cell}`, ps says `{truth}`"));
                }
            }
        }
        differences
    }
}

type Same = fn(column: &str, ours: &str, theirs: &str) -> bool;

/// Our names and those of ps.
const COLUMNS: [(&str, &str); 49] = [
    ("ppid", "ppid"),
    ("pgid", "pgid"),
    ("sid", "sid"),
    ("tpgid", "tpgid"),
    ("tty", "tty"),
    ("state", "s"),
    ("stat", "stat"),
    ("nice", "ni"),
    ("vsz", "vsz"),
    ("rss", "rss"),
    ("user", "user"),
    ("uid", "uid"),
    ("ruser", "ruser"),
    ("ruid", "ruid"),
    ("suser", "suser"),
    ("suid", "suid"),
    ("fsuser", "fuser"),
    ("fsuid", "fuid"),
    ("group", "group"),
    ("gid", "gid"),
    ("rgroup", "rgroup"),
    ("rgid", "rgid"),
    ("sgroup", "sgroup"),
    ("sgid", "sgid"),
    ("fsgroup", "fgroup"),
    ("fsgid", "fgid"),
    ("groups", "supgrp"),
    ("gids", "supgid"),
    ("threads", "nlwp"),
    ("pidns", "pidns"),
    ("mntns", "mntns"),
    ("netns", "netns"),
    ("userns", "userns"),
    ("utsns", "utsns"),
    ("ipcns", "ipcns"),
    ("cgroupns", "cgroupns"),
    ("timens", "timens"),
    ("cls", "cls"),
    ("rtprio", "rtprio"),
    ("pri", "pri"),
    ("psr", "psr"),
    ("minflt", "min_flt"),
    ("majflt", "maj_flt"),
    ("f", "f"),
    ("wchan", "wchan:64"),
    ("cputimes", "cputimes"),
    ("pmem", "pmem"),
    ("label", "label"),
    ("pid", "tgid"),
];

fn every_column_under_churn() {
    let scene = Variety::new();
    let churn = Churn::start();
    let (ours, theirs): (Vec<_>, Vec<_>) = COLUMNS.into_iter().unzip();
    let mut compared = vec![0; ours.len()];
    let mut wrong = Vec::new();
    for _ in 0..scaled(COMPARISONS) {
        let sandwich = Sandwich::make(&ours, &theirs, &[]);
        for pid in scene.pids() {
            assert!(
                sandwich.slept.iter().any(|life| life.pid == pid),
                "process {pid} of the scene"
            );
        }
        wrong.extend(sandwich.differences(&ours, same_cell, &mut compared));
    }
    churn.stop();
    none_of(&wrong);
    let least = scene.pids().len() * scaled(COMPARISONS) / 2;
    for (column, count) in ours.iter().zip(compared) {
        assert!(count >= least, "{column} was compared only {count} times");
    }
}

/// Equal, but for what the two call the unknown and the empty.
fn same_cell(column: &str, ours: &str, theirs: &str) -> bool {
    match (column, theirs) {
        ("groups" | "gids" | "wchan", "-") => ours.is_empty() || ours == "-",
        // Other policies have no such priority.
        ("rtprio", "0") => ours == "-",
        // A label, or a namespace of a process that nobody may look into.
        (_, "-") if ours == "?" => true,
        // A real-time process has a nice value that does not count; psgo shows it.
        ("nice", "-") => ours.parse::<i32>().is_ok(),
        // One decimal, cut or rounded.
        ("pmem", _) => near(ours, theirs, 0.11),
        _ => ours == theirs,
    }
}

fn near(ours: &str, theirs: &str, distance: f64) -> bool {
    let [ours, theirs] = [ours, theirs].map(str::parse::<f64>);
    matches!((ours, theirs), (Ok(ours), Ok(theirs)) if (ours - theirs).abs() < distance)
}

fn texts_under_churn() {
    let scene = Variety::new();
    let churn = Churn::start();
    let mut wrong = Vec::new();
    let mut compared = [0; 6];
    for _ in 0..scaled(COMPARISONS).div_ceil(4) {
        for (index, column) in
            ["args", "comm", "cgroup", "lstart", "start_time", "exe"].into_iter().enumerate()
        {
            let sandwich = Sandwich::make(&[column], &[column], &[]);
            wrong.extend(sandwich.differences(&[column], same_text, &mut compared[index..=index]));
        }
    }
    churn.stop();
    none_of(&wrong);
    assert!(compared.iter().all(|count| *count >= scene.pids().len()), "{compared:?}");
}

fn same_text(column: &str, ours: &str, theirs: &str) -> bool {
    // What ps cannot print it prints as question marks.
    if ours.chars().any(|c| !(' '..='~').contains(&c)) {
        return true;
    }
    match column {
        "comm" => ours == theirs.strip_suffix(" <defunct>").unwrap_or(theirs),
        // ps has all hierarchies of version 1 as well, and none for a process at the root.
        "cgroup" => theirs.contains(ours) || theirs == "-",
        "lstart" => same_second(ours, theirs),
        "start_time" => same_minute(ours, theirs),
        // ps drops blanks at the end.
        _ => ours.trim_end() == theirs,
    }
}

/// Both cut to a second, ps after adding two numbers that were cut before.
pub(super) fn same_second(ours: &str, theirs: &str) -> bool {
    let seconds = |text: &str| {
        let clock = text.split_whitespace().nth(3)?;
        let parts: Option<Vec<i64>> = clock.split(':').map(|part| part.parse().ok()).collect();
        parts.map(|parts| parts.iter().fold(0, |sum, part| sum * 60 + part))
    };
    let words = |text: &str| text.split_whitespace().count();
    let (Some(left), Some(right)) = (seconds(ours), seconds(theirs)) else {
        return false;
    };
    words(ours) == words(theirs) && [0, 1, 86_399].contains(&(left - right).abs())
}

/// The second before a full minute may be the full minute's.
fn same_minute(ours: &str, theirs: &str) -> bool {
    let minutes = |text: &str| {
        let (hour, minute) = text.split_once(':')?;
        Some(hour.parse::<i64>().ok()? * 60 + minute.parse::<i64>().ok()?)
    };
    match (minutes(ours), minutes(theirs)) {
        (Some(left), Some(right)) => [0, 1, 1439].contains(&(left - right).abs()),
        _ => ours == theirs,
    }
}

fn times_lie_between_those_of_ps() {
    let scene = Variety::new();
    let ours = ["etimes", "etime", "cputimes", "time"];
    let theirs = ["etimes", "etime", "cputimes", "time"];
    let sandwich = Sandwich::make(&ours, &theirs, &["--time-style", "ps"]);
    let mut checked = 0;
    for (row, before, after) in sandwich.rows() {
        for (index, column) in ours.iter().enumerate() {
            let cell = row.cell(column);
            let [low, told, high] = [before[index].as_str(), cell, &after[index]].map(seconds);
            // ps knows when now is to the tick before, we to the nanosecond.
            assert!(
                (low..=high + 1).contains(&told),
                "{column} {cell} of {row:?}, ps: {low} to {high}"
            );
            checked += 1;
        }
    }
    assert!(checked >= scene.pids().len() * ours.len(), "{checked} cells");
}

/// `[[DD-]HH:]MM:SS`, or seconds.
fn seconds(text: &str) -> u64 {
    let (days, clock) = text.split_once('-').unwrap_or(("0", text));
    let number = |text: &str| text.parse::<u64>().unwrap_or_else(|_| panic!("time `{text}`"));
    let clock = clock.split(':').fold(0, |sum, part| sum * 60 + number(part));
    number(days) * 86_400 + clock
}

/// Names by which users of ps and podman know a column.
const SYNONYMS: [(&str, &str); 44] = [
    ("args", "cmd"),
    ("args", "command"),
    ("cls", "class"),
    ("cls", "policy"),
    ("comm", "ucmd"),
    ("comm", "ucomm"),
    ("f", "flag"),
    ("f", "flags"),
    ("fsgid", "fgid"),
    ("fsuid", "fuid"),
    ("gid", "egid"),
    ("gids", "supgid"),
    ("group", "egroup"),
    ("groups", "supgrp"),
    ("majflt", "maj_flt"),
    ("majflt", "pagein"),
    ("minflt", "min_flt"),
    ("nice", "ni"),
    ("pcpu", "%cpu"),
    ("pgid", "pgrp"),
    ("pid", "tgid"),
    ("pmem", "%mem"),
    ("rss", "rssize"),
    ("rss", "rsz"),
    ("sgid", "svgid"),
    ("sid", "sess"),
    ("sid", "session"),
    ("state", "s"),
    ("suid", "svuid"),
    ("threads", "nlwp"),
    ("threads", "thcount"),
    ("time", "cputime"),
    ("cputimes", "times"),
    ("tty", "tt"),
    ("tty", "tname"),
    ("uid", "euid"),
    ("user", "euser"),
    ("user", "uname"),
    ("vsz", "vsize"),
    ("label", "context"),
    ("fsuser", "fuser"),
    ("fsgroup", "fgroup"),
    ("start_time", "start_time"),
    ("lstart", "lstart"),
];

fn synonyms_are_the_same_columns() {
    let own = std::process::id().to_string();
    for (name, synonym) in SYNONYMS {
        let row = Snapshot::with(&["-p", &own, "-o", synonym]).rows.remove(0);
        let columns = row.field("/columns").and_then(|columns| columns.as_object());
        let names: Vec<_> = columns.expect("columns").keys().collect();
        assert_eq!(names, [name], "normal name of {synonym}");
    }
}
