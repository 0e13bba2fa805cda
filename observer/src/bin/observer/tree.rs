//! A process and its descendants, as they come and go.

use std::{collections::HashSet, fs};

use observer::event::{Event, What};

/// The living members of a tree, by pid: a pid leaves with its process's exit, which comes before
/// the kernel can give it to another.
#[derive(Debug)]
pub(crate) struct Tree {
    members: HashSet<u32>,
}

impl Tree {
    /// A process and those that descend from it now. To miss none, the events must be flowing.
    pub(crate) fn new(root: u32) -> Self {
        let mut tree = Self { members: HashSet::from([root]) };
        let processes = parents();
        // /proc is in the order of pids, not of descent.
        while processes
            .iter()
            .any(|(pid, parent)| tree.members.contains(parent) && tree.members.insert(*pid))
        {
        }
        tree
    }

    /// Whether an event is about a member; keeps the members current.
    pub(crate) fn follow(&mut self, event: &Event) -> bool {
        match &event.what {
            What::Fork { process, creator, .. } => {
                let descends = self.members.contains(&creator.key.pid);
                if descends {
                    self.members.insert(process.key.pid);
                }
                descends
            }
            What::Exit { process, .. } => self.members.remove(&process.key.pid),
            what => what.process().is_some_and(|process| self.members.contains(&process.key.pid)),
        }
    }
}

/// Every process with its parent. What vanishes while it is looked at is left out.
fn parents() -> Vec<(u32, u32)> {
    let Ok(folder) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    folder
        .filter_map(|entry| {
            let pid = entry.ok()?.file_name().to_str()?.parse().ok()?;
            Some((pid, parent(&fs::read(format!("/proc/{pid}/stat")).ok()?)?))
        })
        .collect()
}

/// The fourth field of `/proc/PID/stat`. The second is a name in brackets, which may hold anything.
fn parent(stat: &[u8]) -> Option<u32> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = str::from_utf8(stat.get(end + 1..)?).ok()?;
    rest.split_ascii_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_the_rest_of_the_line() {
        assert_eq!(parent(b"7 (a) S 9 (b) R 42 7 7"), Some(42));
        assert_eq!(parent(b"7 (\xff\n) R 42 7 7"), Some(42));
        assert_eq!(parent(b"7 (x)"), None);
    }
}
