//! Namespaces → text on its way out.

use observer::{
    namespace::{
        Namespaces, Tree,
        tree::{Branch, Item},
    },
    render::{
        Table,
        namespace::{Art, MemberDetails, document, members, write_item},
    },
};

use super::is_wanted;
use crate::{
    output::terminal_width,
    plan::{Layout, NsPlan},
};

pub(super) fn text(plan: &NsPlan, namespaces: &Namespaces) -> Vec<u8> {
    if plan.json {
        let wanted = |namespace: &_| is_wanted(plan, namespaces, namespace);
        return document(namespaces, wanted, plan.members, plan.options);
    }
    let nodes = nodes(plan, namespaces);
    let lines = table(plan, namespaces, &nodes);
    if plan.members == MemberDetails::Yes {
        with_members(plan, namespaces, &nodes, &lines)
    } else {
        lines
    }
}

/// In a table all are roots.
fn nodes(plan: &NsPlan, namespaces: &Namespaces) -> Vec<Branch> {
    let wanted = |namespace: &_| is_wanted(plan, namespaces, namespace);
    match plan.layout {
        Layout::Tree(relation) => Tree::of(namespaces, relation, wanted).branches,
        Layout::Table => {
            let all = namespaces.all.iter().filter(|namespace| wanted(namespace));
            let root = |inode| Branch { depth: 0, is_last: true, item: Item::Namespace(inode) };
            all.map(|namespace| root(namespace.id.inode)).collect()
        }
    }
}

/// A line a node, behind the header if there is one.
fn table(plan: &NsPlan, namespaces: &Namespaces, nodes: &[Branch]) -> Vec<u8> {
    let mut table = Table::new(plan.columns.len());
    if plan.header {
        table = table.with_header();
        for column in &plan.columns {
            table.push(column.header.as_bytes());
        }
    }
    let mut art = Art::default();
    let mut cell = Vec::new();
    for node in nodes {
        for (index, column) in plan.columns.iter().enumerate() {
            cell.clear();
            if index == 0 {
                art.before(node, &mut cell);
            }
            write_item(&mut cell, column, node.item, namespaces);
            table.push(&cell);
        }
    }
    let mut lines = Vec::new();
    let Ok(()) = table.write(terminal_width(), plan.color, |piece| {
        lines.extend_from_slice(piece);
        Ok::<(), std::convert::Infallible>(())
    });
    lines
}

/// Adds to these lines, below each namespace that was asked for, the pids in it.
fn with_members(plan: &NsPlan, namespaces: &Namespaces, nodes: &[Branch], lines: &[u8]) -> Vec<u8> {
    let mut lines = lines.split_inclusive(|byte| *byte == b'\n');
    let mut out = Vec::new();
    if plan.header {
        out.extend_from_slice(lines.next().unwrap_or_default());
    }
    let mut art = Art::default();
    let mut unused = Vec::new();
    for (index, (node, line)) in nodes.iter().zip(lines).enumerate() {
        out.extend_from_slice(line);
        unused.clear();
        art.before(node, &mut unused);
        let Item::Namespace(inode) = node.item else { continue };
        let Some(namespace) = namespaces.get(inode) else { continue };
        // Others are there for those that hang below them.
        if !is_wanted(plan, namespaces, namespace) {
            continue;
        }
        let mut margin = Vec::new();
        art.below(nodes.get(index + 1), &mut margin);
        // Each step of the margin is two columns wide.
        let room = terminal_width().map(|width| width.saturating_sub(2 * (node.depth + 1)));
        for line in members(namespaces, namespace, room) {
            out.extend_from_slice(&margin);
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
    }
    out
}
