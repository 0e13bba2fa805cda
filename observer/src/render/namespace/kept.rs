//! What keeps a namespace alive, in words.

use std::io::Write as _;

use crate::namespace::{Holder, Namespace};

/// Where it is mounted, each place once.
pub(super) fn mounted_at(namespace: &Namespace) -> impl Iterator<Item = &[u8]> {
    let mut told: Vec<&[u8]> = Vec::new();
    namespace.holders.iter().filter_map(move |holder| match holder {
        // It may be seen from many mount namespaces.
        Holder::Mount { path, .. } if !told.contains(&path.as_slice()) => {
            told.push(path);
            Some(path.as_slice())
        }
        _ => None,
    })
}

/// Appends what holds it beside its members: `mount PATH, file PID/FD, …`.
pub(super) fn held_by(namespace: &Namespace, out: &mut Vec<u8>) {
    let mut first = true;
    let mut begin = |out: &mut Vec<u8>| {
        let separator: &[u8] = if std::mem::take(&mut first) { b"" } else { b", " };
        out.extend_from_slice(separator);
    };
    for path in mounted_at(namespace) {
        begin(out);
        out.extend_from_slice(b"mount ");
        out.extend_from_slice(path);
    }
    for holder in &namespace.holders {
        if matches!(holder, Holder::Mount { .. }) {
            continue;
        }
        begin(out);
        let _infallible = match holder {
            Holder::Children { pid } => write!(out, "children of {pid}"),
            Holder::Thread { pid, tid } => write!(out, "thread {pid}/{tid}"),
            Holder::File { pid, fd } => write!(out, "file {pid}/{fd}"),
            Holder::Socket { pid, fd } => write!(out, "socket {pid}/{fd}"),
            Holder::Namespace { id } => write!(out, "{id}"),
            Holder::Mount { .. } => Ok(()),
        };
    }
}
