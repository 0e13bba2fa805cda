//! How wide a table is: as wide as its cells, and only on a terminal no wider than that.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;

use super::snapshot::ps;
use crate::support::child::{Actor, Started, program, quiet_act};
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::program::Answer;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [] {
            a_pipe_gets_all,
            a_terminal_cuts_the_last_column_only,
            columns_in_the_environment_win,
            columns_line_up,
        }
    ]
}

/// A process with a long argument; without blanks, which would be cut off at the end of a line.
fn wordy() -> (Actor, String) {
    let words = "word".repeat(300);
    let actor = Actor::new(quiet_act(&program(), "pause").arg(&words));
    actor.hear("ready");
    (actor, words)
}

fn a_pipe_gets_all() {
    let (actor, words) = wordy();
    for columns in [None, Some("40")] {
        let mut command = ps(&["-p", &actor.pid().to_string()]);
        if let Some(columns) = columns {
            command.env("COLUMNS", columns);
        }
        let answer = Answer::of(&mut command);
        assert!(answer.lines()[1].ends_with(&words), "COLUMNS {columns:?}: {}", answer.out);
    }
}

/// What a terminal so many columns wide is shown.
fn on_terminal(width: u16, environment: Option<&str>, arguments: &[&str]) -> Vec<String> {
    let mut command = ps(arguments);
    if let Some(columns) = environment {
        command.env("COLUMNS", columns);
    }
    shown(command, width)
}

/// What a command shows on a terminal so many columns wide.
pub(crate) fn shown(mut command: Command, width: u16) -> Vec<String> {
    let (master, slave) = sys::terminal().expect("a terminal");
    sys::resize(&slave, 24, width).expect("another size");
    let started = Started::new(command.stdout(Stdio::from(slave)).stderr(Stdio::null()));
    drop(command);
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        // A terminal ends with an error when its program has gone.
        drop(std::fs::File::from(master).read_to_end(&mut text));
        String::from_utf8(text).expect("UTF-8")
    });
    started.reap_within(soon());
    let text = reader.join().expect("the reader of a terminal");
    text.lines().map(|line| line.trim_end_matches('\r').to_owned()).collect()
}

/// A line without what colours it.
pub(crate) fn plain(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    first + &parts.filter_map(|part| part.split_once('m')).map(|(_, text)| text).collect::<String>()
}

fn a_terminal_cuts_the_last_column_only() {
    let (actor, words) = wordy();
    let pid = actor.pid().to_string();
    let arguments = ["-p", &pid, "-o", "pid,ppid,args,args"];
    let piped = Answer::to(&arguments);
    let whole = piped.lines()[1].len();
    let columns = u16::try_from(whole - 100).expect("a width");
    let lines = on_terminal(columns, None, &arguments);
    let row = plain(&lines[1]);
    assert_eq!(row.chars().count(), usize::from(columns), "width of `{row}`");
    assert!(row.matches(&words).count() == 1, "the column before the last is whole: {row}");
    assert!(piped.lines()[1].starts_with(&row), "only the end is cut: {row}");
    let wide = on_terminal(columns + 200, None, &arguments);
    assert_eq!(plain(&wide[1]), piped.lines()[1], "nothing is cut where there is room");
    let narrow = on_terminal(20, None, &["-p", &pid, "-o", "args,pid"]);
    assert!(plain(&narrow[1]).contains(&words), "no other column is ever cut: {}", narrow[1]);
}

fn columns_in_the_environment_win() {
    let (actor, _) = wordy();
    let pid = actor.pid().to_string();
    for (width, columns, shown) in [(80, "50", 50), (50, "120", 120), (70, "nonsense", 70)] {
        let lines = on_terminal(width, Some(columns), &["-p", &pid, "-o", "pid,args"]);
        assert_eq!(plain(&lines[1]).chars().count(), shown, "COLUMNS={columns}: {lines:?}");
    }
}

fn columns_line_up() {
    let answer = Answer::to(&["-o", "user,pid,ppid,state,args"]);
    let lines = answer.lines();
    let at = lines[0].find("COMMAND").expect("a header");
    for line in &lines[1..] {
        let (before, args) = line.split_at(at);
        assert!(before.ends_with("   "), "`{line}` should have blanks before column {at}");
        assert!(!args.starts_with(' ') || args.trim().is_empty(), "`{line}`");
        assert_eq!(*line, line.trim_end(), "blanks at the end");
    }
}
