//! The members of a namespace, in lines of a terminal.

use std::io::Write as _;

use crate::{
    field::Row,
    namespace::{Namespace, Namespaces},
};

/// No line has less room, however deep the tree.
const NARROWEST: usize = 24;

/// The pids in a namespace, as many on a line as there is room for: `4711`, with its pids in the
/// pid namespaces inside of the caller's `4711(7,1)`; `4711z` for a zombie, `2k` for a thread of
/// the kernel.
pub fn members(namespaces: &Namespaces, namespace: &Namespace, room: Option<usize>) -> Vec<String> {
    let room = room.map_or(usize::MAX, |room| room.max(NARROWEST));
    let mut lines: Vec<String> = Vec::new();
    for pid in &namespace.members {
        let word = namespaces.process(*pid).map_or_else(|| pid.to_string(), member);
        match lines.last_mut().filter(|line| line.len() + 1 + word.len() <= room) {
            Some(line) => {
                line.push(' ');
                line.push_str(&word);
            }
            None => lines.push(word),
        }
    }
    lines
}

fn member(row: &Row) -> String {
    let mut text = row.pid.to_string().into_bytes();
    let inside = row.status.as_ref().and_then(|status| status.pids.get(1..)).unwrap_or_default();
    for (index, pid) in inside.iter().enumerate() {
        let _infallible = write!(text, "{}{pid}", if index == 0 { '(' } else { ',' });
    }
    if !inside.is_empty() {
        text.push(b')');
    }
    if row.is_zombie() {
        text.push(b'z');
    }
    if row.is_kernel_thread() {
        text.push(b'k');
    }
    String::from_utf8(text).unwrap_or_default()
}
