//! What each rule of the table is for, on machines of two or three processes.

mod hostile;
mod identity;
mod life;
mod lineage;
mod memory;
mod programs;
mod walks;

use std::sync::Arc;

use bytes::Bytes;

use super::{
    Change, Entry, Mended, Program, Seen, State, Table, Walk,
    model::{STATUS, TICK_NS, args, comm, namespaces, process, usage},
};
use crate::event::{Cgroup, Creator, Event, Loss, Process, ProcessKey, What};

const INIT: ProcessKey = key(1, 1);

const fn key(pid: u32, start_ns: u64) -> ProcessKey {
    ProcessKey { pid, start_ns }
}

fn table() -> Table {
    Table::new(TICK_NS, 0)
}

fn child(key: ProcessKey, parent: ProcessKey) -> Process {
    process(key.pid, key.start_ns, Some(parent))
}

fn at(boot_ns: u64, what: What) -> Event {
    Event { boot_ns, cpu: 0, what }
}

fn fork(key: ProcessKey, parent: ProcessKey) -> Event {
    let creator = Creator { key: parent, tid: parent.pid, comm: comm("creator") };
    at(key.start_ns, What::Fork { process: child(key, parent), creator, clone_flags: 0 })
}

fn exec(boot_ns: u64, process: Process, argument: &str) -> Event {
    let filename = Bytes::from_static(b"/bin/x");
    at(boot_ns, What::Exec { process, filename, args: args(argument) })
}

fn exit(boot_ns: u64, key: ProcessKey, reaper: Option<ProcessKey>) -> Event {
    exit_of(boot_ns, child(key, INIT), reaper)
}

fn exit_of(boot_ns: u64, process: Process, reaper: Option<ProcessKey>) -> Event {
    at(boot_ns, What::Exit { process, status: STATUS, usage: usage(7), reaper })
}

fn free(boot_ns: u64, key: ProcessKey) -> Event {
    at(boot_ns, What::Free { key, status: STATUS, usage: usage(9) })
}

fn rename(boot_ns: u64, process: Process) -> Event {
    at(boot_ns, What::Rename { process, old_comm: comm("before") })
}

fn seen(boot_ns: u64, process: Process) -> Seen {
    Seen { process, boot_ns, zombie: false, status: None, program: None, start_is_exact: true }
}

fn walk(boot_ns: u64, tasks: Vec<Seen>) -> Walk {
    Walk { began_ns: boot_ns, ended_ns: boot_ns + 2, tasks, ..Walk::default() }
}

fn program(argument: &str, exec_id: u64) -> Program {
    Program { filename: None, args: args(argument), exec_id, exec_ns: 0 }
}

fn apply(table: &mut Table, event: Event) -> Vec<Change> {
    let mut changes = Vec::new();
    table.apply(event, &mut |change| changes.push(change));
    changes
}

fn reconcile(table: &mut Table, walk: &Walk) -> (Mended, Vec<String>) {
    let mut changes = Vec::new();
    let mended = table.reconcile(walk, &mut |change| changes.push(change));
    (mended, told(&changes))
}

fn mended(added: u64, removed: u64, changed: u64) -> Mended {
    Mended { added, removed, changed }
}

/// `fork 5` for each change, `~gone 5` for one that was inferred.
fn told(changes: &[Change]) -> Vec<String> {
    changes.iter().map(word).collect()
}

fn word(change: &Change) -> String {
    let name = match &change.event.what {
        What::Fork { .. } => "fork",
        What::Exec { .. } => "exec",
        What::Exit { .. } => "exit",
        What::Free { .. } => "free",
        What::Rename { .. } => "rename",
        What::Cgroup { .. } => "cgroup",
        What::Namespaces { .. } => "namespaces",
        What::Request { .. } => "request",
        What::Reparent { .. } => "reparent",
        What::Found { .. } => "found",
        What::Gone { .. } => "gone",
        What::Lost { .. } => "lost",
        What::Repair { .. } => "repair",
    };
    let mark = if change.inferred { "~" } else { "" };
    let pid = change.event.what.key().map_or(0, |key| key.pid);
    format!("{mark}{name} {pid}")
}

/// Applies all and tells what came of it.
fn tell(table: &mut Table, events: impl IntoIterator<Item = Event>) -> Vec<String> {
    events.into_iter().flat_map(|event| told(&apply(table, event))).collect()
}

fn parent(table: &Table, pid: u32) -> Option<ProcessKey> {
    table.get(pid).unwrap().process.parent
}

fn argument(entry: &Entry) -> Option<String> {
    let program = entry.program.as_ref()?;
    Some(String::from_utf8_lossy(program.args.as_ref()?.iter().next()?).into_owned())
}

fn runs(table: &Table, pid: u32) -> Option<String> {
    argument(table.get(pid).unwrap())
}
