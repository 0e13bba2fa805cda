//! Which rows an answer should have, in which order: found out from /proc.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::question::Question;
use super::reading::Reading;

/// A row that should be there.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) reading: &'a Reading,
    /// The pid to be shown.
    pub(crate) pid: u32,
    pub(crate) joined: bool,
    /// Whether ids are shown as the process's own user namespace has them.
    pub(crate) mapped: bool,
    /// How many pid namespaces the shown one is below ours.
    pub(crate) depth: usize,
}

/// The rows of an answer to `question` if the machine stayed like this.
pub(crate) fn places<'a>(
    question: &Question,
    machine: &'a BTreeMap<u32, Reading>,
) -> Vec<Place<'a>> {
    let outside = |reading: &'a Reading| Place {
        reading,
        pid: reading.pid,
        joined: false,
        mapped: false,
        depth: 0,
    };
    match question {
        Question::Machine => machine.values().map(outside).collect(),
        Question::Pids(pids) => {
            pids.iter().filter_map(|pid| machine.get(pid)).map(outside).collect()
        }
        Question::Joined(pids) => joined(pids, machine),
    }
}

/// All that each pid namespace shows, those in the namespaces within it too; the first pid of a
/// namespace decides where its block stands.
fn joined<'a>(pids: &[u32], machine: &'a BTreeMap<u32, Reading>) -> Vec<Place<'a>> {
    let mut seen = Vec::new();
    let mut places = Vec::new();
    for leader in pids.iter().filter_map(|pid| machine.get(pid)) {
        let space = leader.pid_spaces[0];
        if seen.contains(&space) {
            continue;
        }
        seen.push(space);
        let depth = leader.pid_spaces.len() - 1;
        let mapped = user_space(&leader.pid.to_string()) != user_space("self");
        // All that /proc shows is in our own, whether it lets us look or not.
        let members =
            machine.values().filter(|reading| depth == 0 || reading.pid_spaces.contains(&space));
        let place = |reading: &'a Reading| Place {
            reading,
            pid: reading.pid_at(depth),
            joined: true,
            mapped,
            depth,
        };
        let mut block: Vec<_> = members.map(place).collect();
        block.sort_by_key(|place| place.pid);
        places.extend(block);
    }
    places
}

fn user_space(process: &str) -> PathBuf {
    fs::read_link(format!("/proc/{process}/ns/user")).expect("a user namespace")
}
