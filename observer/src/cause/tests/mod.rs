//! Which processes a command caused, by histories: those of docker were recorded, those of engines
//! that cannot run on the machines of these tests are put together from what they are documented to
//! do.

mod doubts;
mod engines;
mod history;
mod plain;

use super::{CausalSet, Cause, Caused, Doubt, Fact, Item, Role, Wish};

/// The tree as text: what runs last, its role, the fact; ids short.
fn tree(set: &CausalSet) -> String {
    let mut lines = Vec::new();
    for branch in set.tree() {
        let text = match branch.item {
            Item::Container(container) => {
                let marks = [(container.inferred, " inferred"), (!container.started, " before")];
                let marks = marks.into_iter().filter(|(is, _)| *is).map(|(_, mark)| mark);
                format!("[{}{}]", container.id, marks.collect::<String>())
            }
            Item::Process(caused) => {
                let what = caused.execs.last().and_then(|exec| {
                    let args = exec.args.as_ref()?;
                    let words: Vec<_> = args.iter().map(String::from_utf8_lossy).collect();
                    let first = words.first()?.rsplit('/').next()?.to_owned();
                    let last = words.last().filter(|_| words.len() > 1);
                    Some(last.map_or_else(|| first.clone(), |last| format!("{first} {last}")))
                });
                let what =
                    what.unwrap_or_else(|| format!("({})", history::name(caused.process.comm)));
                let doubt = if caused.because.inferred { "?" } else { "" };
                format!("{what}: {} {}{doubt}", caused.role, caused.because.fact.name())
            }
        };
        lines.push(format!("{}{text}", "  ".repeat(branch.depth)));
    }
    history::shorten(&lines.join("\n"))
}

fn check(history: &str, expected: &str) -> CausalSet {
    let set = history::play(history);
    let expected: Vec<_> = expected.lines().skip_while(|line| line.is_empty()).collect();
    let indent = expected.first().map_or(0, |line| line.len() - line.trim_start().len());
    let lines = expected.iter().map(|line| line.get(indent..).unwrap_or_default());
    let expected = lines.collect::<Vec<_>>().join("\n");
    assert_eq!(tree(&set), expected.trim_end());
    set
}
