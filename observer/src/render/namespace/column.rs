//! The columns of namespaces, by name: lsns's, and what it does not tell.

use super::cell::{self, Getter};
use crate::nearest::nearest;

/// A column that can be asked for.
#[derive(Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What stands above it.
    pub header: &'static str,
    /// What it says.
    pub doc: &'static str,
    pub(super) getter: Getter,
}

const fn column(
    name: &'static str,
    header: &'static str,
    getter: Getter,
    doc: &'static str,
) -> Column {
    Column { name, header, doc, getter }
}

#[rustfmt::skip]
static COLUMNS: [Column; 27] = [
    column("ns", "NS", cell::ns, "inode number"),
    column("type", "TYPE", cell::kind, "kind: pid, mnt, net, user, uts, ipc, cgroup, time"),
    column("path", "PATH", cell::path, "a path to it: of the process with the lowest pid, or of a mount"),
    column("nprocs", "NPROCS", cell::nprocs, "processes in it, zombies and kernel threads among them"),
    column("pid", "PID", cell::pid, "lowest pid in it"),
    column("ppid", "PPID", cell::ppid, "parent of the process with the lowest pid"),
    column("command", "COMMAND", cell::command, "arguments of the process with the lowest pid"),
    column("uid", "UID", cell::uid, "user of the process with the lowest pid, by number"),
    column("user", "USER", cell::user, "user of the process with the lowest pid"),
    column("netnsid", "NETNSID", cell::netnsid, "number that observer's own network namespace uses for it"),
    column("nsfs", "NSFS", cell::nsfs, "where it is mounted"),
    column("pns", "PNS", cell::pns, "inode number of its parent namespace; 0 if it has none, ? if that cannot be seen"),
    column("ons", "ONS", cell::ons, "inode number of the user namespace that owns it; 0 if it has none, ? if that cannot be seen"),
    column("id", "ID", cell::id, "identity: inode number, then the kernel's own number if it has one, which is never reused"),
    column("creator", "CREATOR", cell::creator, "user that created it, by number; user namespaces only"),
    column("uidmap", "UIDMAP", cell::uidmap, "user id map: INSIDE:OUTSIDE:COUNT; user namespaces only"),
    column("gidmap", "GIDMAP", cell::gidmap, "group id map: INSIDE:OUTSIDE:COUNT; user namespaces only"),
    column("mounts", "MOUNTS", cell::mounts, "mounts in it"),
    column("zombies", "ZOMBIES", cell::zombies, "zombies in it"),
    column("kthreads", "KTHREADS", cell::kthreads, "kernel threads in it"),
    column("container", "CONTAINER", cell::container, "container of the process with the lowest pid"),
    column("unit", "UNIT", cell::unit, "systemd unit of the process with the lowest pid"),
    column("cgroup", "CGROUP", cell::cgroup, "cgroup of the process with the lowest pid"),
    column("held", "HELD BY", cell::held, "what else keeps it: mounts, open files, sockets, threads, other namespaces"),
    column("mine", "MINE", cell::mine, "whether observer itself is in it"),
    column("init", "INIT", cell::init, "whether pid 1 is in it"),
    column("keeper", "KEPT BY", cell::keeper, "arguments of the process with the lowest pid; if no process is in it, what keeps it"),
];

/// Columns of a tree and of a plain table.
pub const USUAL: [&str; 7] = ["ns", "type", "nprocs", "pid", "user", "container", "keeper"];

/// Columns that tell what differs.
pub const OF_DIFFERENCES: [&str; 7] = ["ns", "type", "mine", "init", "nprocs", "pid", "keeper"];

impl Column {
    /// All of them.
    pub fn all() -> &'static [Self] {
        &COLUMNS
    }

    /// The column of that name, in whatever case.
    ///
    /// # Errors
    ///
    /// The nearest names, where there is none.
    pub fn find(name: &str) -> Result<&'static Self, Vec<&'static str>> {
        let found = COLUMNS.iter().find(|column| column.name.eq_ignore_ascii_case(name));
        found.ok_or_else(|| {
            nearest(&name.to_ascii_lowercase(), COLUMNS.iter().map(|column| column.name), 3)
        })
    }
}

impl std::fmt::Debug for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}
