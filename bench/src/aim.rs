//! Figures beside what they should be.

use std::fmt::Write as _;

use anyhow::Result;

/// A figure and what it should be.
#[derive(Debug)]
pub(crate) struct Aim {
    pub(crate) what: String,
    pub(crate) bound: String,
    pub(crate) measured: String,
    pub(crate) met: bool,
}

/// The table with which every part of the page begins.
pub(crate) fn write(part: &mut String, aims: &[Aim]) -> Result<()> {
    writeln!(part, "### Aims\n\n| figure | aim | measured | |\n| --- | --- | --- | --- |")?;
    for Aim { what, bound, measured, met } in aims {
        let verdict = if *met { "met" } else { "**missed**" };
        writeln!(part, "| {what} | {bound} | {measured} | {verdict} |")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_aim_stands_out() {
        let aim = |met| Aim { what: "a".into(), bound: "1".into(), measured: "2".into(), met };
        let mut part = String::new();
        write(&mut part, &[aim(true), aim(false)]).unwrap();
        let rows: Vec<_> = part.lines().skip(4).collect();
        assert_eq!(rows, ["| a | 1 | 2 | met |", "| a | 1 | 2 | **missed** |"]);
    }
}
