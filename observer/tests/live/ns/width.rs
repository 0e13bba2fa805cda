//! How wide the lines of members are: as wide as the terminal, and no wider.

use super::document::{ns, told};
use super::truth::Space;
use crate::ps::width::{plain, shown};
use crate::support::child::{Actor, act};
use crate::support::harness::{Case, cases};
use crate::support::machine::soon;
use crate::support::need::root;
use crate::support::sys;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        Host [root] {
            members_fill_the_terminal,
            a_pipe_gets_all_on_one_line,
        }
    ]
}

const COUNT: usize = 150;

/// Many processes in a namespace of their own.
struct Crowd {
    actor: Actor,
    arguments: Vec<String>,
    pids: Vec<String>,
}

impl Crowd {
    fn start() -> Self {
        let mut command = act(&["ps", "crowd", &COUNT.to_string()]);
        sys::before_exec(&mut command, || sys::unshare(libc::CLONE_NEWUTS));
        let actor = Actor::new(&mut command);
        actor.hear_within("crowd", soon());
        let pid = actor.pid().to_string();
        let arguments = ["-p", &pid, "--kind", "uts", "--members"].map(str::to_owned);
        let space = Space::of(actor.pid(), "uts").expect("its own");
        let members = super::truth::members().remove(&space).expect("members");
        let pids: Vec<_> = members.into_iter().map(|(pid, ..)| pid.to_string()).collect();
        assert_eq!(pids.len(), COUNT + 1, "a crowd");
        Self { arguments: arguments.into(), pids, actor }
    }

    fn arguments<'a>(&'a self, more: &[&'a str]) -> Vec<&'a str> {
        self.arguments.iter().map(String::as_str).chain(more.iter().copied()).collect()
    }
}

fn members_fill_the_terminal() {
    let crowd = Crowd::start();
    for (width, environment) in [(60, None), (100, None), (80, Some("50")), (50, Some("132"))] {
        let mut command = ns(&crowd.arguments(&["--no-headers"]));
        if let Some(columns) = environment {
            command.env("COLUMNS", columns);
        }
        let room = environment.map_or(usize::from(width), |text| text.parse().expect("a number"));
        let lines: Vec<_> = shown(command, width).iter().map(|line| plain(line)).collect();
        let first = lines.iter().position(|line| {
            let text = line.trim_start_matches(['│', ' ']);
            text.starts_with(&format!("{} ", crowd.pids[0]))
        });
        let members = &lines[first.unwrap_or_else(|| panic!("no members in {lines:?}"))..];
        for line in &lines {
            assert!(line.chars().count() <= room, "`{line}` in {room} columns");
        }
        let words: Vec<_> = members
            .iter()
            .flat_map(|line| line.trim_start_matches(['│', ' ']).split(' '))
            .collect();
        assert_eq!(words, crowd.pids, "in {room} columns");
        for pair in members.windows(2) {
            let next = pair[1].split_whitespace().find(|word| *word != "│").expect("a word");
            let filled = pair[0].chars().count() + 1 + next.len();
            assert!(filled > room, "`{}` has room for {next} in {room} columns", pair[0]);
        }
    }
    crowd.actor.dismiss();
}

fn a_pipe_gets_all_on_one_line() {
    let crowd = Crowd::start();
    let out = told(&crowd.arguments(&["-o", "ns"]));
    let line = out.lines().last().expect("a line");
    assert_eq!(line.split_whitespace().collect::<Vec<_>>(), crowd.pids);
    crowd.actor.dismiss();
}
