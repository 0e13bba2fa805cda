//! A node of a tree → the text of a column: of a namespace its own, of a process in it what `ps` says.

use super::{
    cell::{Subject, number},
    column::Column,
};
use crate::{
    field::{Row, find},
    namespace::{Namespaces, tree::Item},
    render::write_cell,
};

/// Appends what a column says of a node of a tree. Of a process only some have something to say.
pub fn write_item(out: &mut Vec<u8>, column: &Column, item: Item, all: &Namespaces) {
    match item {
        Item::Namespace(inode) => {
            if let Some(namespace) = all.get(inode) {
                (column.getter)(Subject { namespaces: all, namespace }, out);
            }
        }
        Item::NotVisible if column.name == "ns" => out.extend_from_slice(b"not visible"),
        Item::NotVisible => {}
        Item::Process(pid) => {
            let Some(row) = all.process(pid) else { return };
            match column.name {
                "ns" | "pid" => number(out, pid),
                "ppid" => process_cell(out, "ppid", row, all),
                "uid" => process_cell(out, "uid", row, all),
                "user" => process_cell(out, "user", row, all),
                "command" | "keeper" => process_cell(out, "args", row, all),
                _ => {}
            }
        }
    }
}

fn process_cell(out: &mut Vec<u8>, name: &str, row: &Row, all: &Namespaces) {
    if let Ok(field) = find(name) {
        write_cell(out, field, row, &all.listing.view);
    }
}
