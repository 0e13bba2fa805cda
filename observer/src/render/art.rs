//! The lines that join the nodes of a tree.

use crate::{cause, namespace::tree::Branch};

/// Where a node stands in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joint {
    /// Ancestors above it.
    pub depth: usize,
    /// Whether no sibling follows.
    pub is_last: bool,
}

impl From<&Branch> for Joint {
    fn from(branch: &Branch) -> Self {
        Self { depth: branch.depth, is_last: branch.is_last }
    }
}

impl From<&cause::Branch<'_>> for Joint {
    fn from(branch: &cause::Branch<'_>) -> Self {
        Self { depth: branch.depth, is_last: branch.is_last }
    }
}

/// Draws from one node to the next.
#[derive(Debug, Default)]
pub struct Art {
    /// At each depth whether another node follows below the same one.
    goes_on: Vec<bool>,
}

impl Art {
    /// Appends what stands before a node. To be asked of each, in their order.
    pub fn before(&mut self, node: impl Into<Joint>, out: &mut Vec<u8>) {
        let node = node.into();
        self.goes_on.truncate(node.depth);
        self.under(out, node.depth.saturating_sub(1));
        if node.depth > 0 {
            let corner = if node.is_last { "└─" } else { "├─" };
            out.extend_from_slice(corner.as_bytes());
        }
        self.goes_on.push(!node.is_last);
    }

    /// Appends what stands before more lines of the node that was asked for last; `next` is the node
    /// behind it.
    pub fn below(&self, next: Option<impl Into<Joint>>, out: &mut Vec<u8>) {
        let depth = self.goes_on.len().saturating_sub(1);
        self.under(out, depth);
        let has_children = next.is_some_and(|next| next.into().depth > depth);
        out.extend_from_slice(if has_children { "│ " } else { "  " }.as_bytes());
    }

    /// The lines of those above that go on. Roots are not joined.
    fn under(&self, out: &mut Vec<u8>, last: usize) {
        for depth in 1..=last {
            let goes_on = self.goes_on.get(depth) == Some(&true);
            out.extend_from_slice(if goes_on { "│ " } else { "  " }.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(branches: &[(usize, bool)]) -> Vec<String> {
        let mut art = Art::default();
        let line = |(depth, is_last): &(usize, bool)| {
            let mut out = Vec::new();
            art.before(Joint { depth: *depth, is_last: *is_last }, &mut out);
            String::from_utf8(out).unwrap()
        };
        branches.iter().map(line).collect()
    }

    #[test]
    fn nodes_are_joined_to_the_ones_above() {
        let branches =
            [(0, false), (1, false), (2, true), (3, true), (1, true), (2, true), (0, true)];
        assert_eq!(drawn(&branches), ["", "├─", "│ └─", "│   └─", "└─", "  └─", ""]);
    }

    #[test]
    fn more_lines_of_a_node_leave_room_for_what_hangs_below() {
        let mut art = Art::default();
        let mut out = Vec::new();
        art.before(Joint { depth: 0, is_last: true }, &mut out);
        art.before(Joint { depth: 1, is_last: false }, &mut out);
        out.clear();
        art.below(Some(Joint { depth: 2, is_last: true }), &mut out);
        assert_eq!(str::from_utf8(&out).unwrap(), "│ │ ");
        out.clear();
        art.below(Some(Joint { depth: 1, is_last: true }), &mut out);
        assert_eq!(str::from_utf8(&out).unwrap(), "│   ");
    }
}
