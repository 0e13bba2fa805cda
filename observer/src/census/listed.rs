//! The look at all processes for a source that has no walk of its own: one listing of /proc.
//!
//! It takes a while, and is of no instant: [`make_sure`] asks again where that matters.

use hashbrown::HashSet;
use nix::{errno::Errno, sys::signal::kill, unistd::Pid};

use super::{
    ArgumentsOf, Details,
    account::{self, Beside, DESCRIPTION},
};
use crate::{
    Error,
    event::ProcessKey,
    facts::Facts,
    field::Row,
    machine::{Machine, boot_ns},
    source::proc::{self, Which},
    table::{Seen, Table, Walk},
};

/// All processes as the table wants them; what they run only if their arguments are `wanted`.
pub(super) fn look(machine: &Machine, wanted: Facts) -> Result<Walk, Error> {
    let began_ns = boot_ns()?;
    let scan = proc::scan(Which::All, DESCRIPTION | wanted, machine)?;
    let seen = |row: &Row| {
        let parent = row.identity.as_ref().and_then(|known| key_of(&scan.rows, known.parent));
        // An account from the listing's end could pass for newer than an event that it missed.
        account::seen(row, Beside { parent, exact_start_ns: None, boot_ns: began_ns })
    };
    let tasks = scan.rows.iter().filter_map(seen).collect();
    let dies = |row: &&Row| row.stat.as_ref().is_some_and(|stat| stat.flags & EXITING != 0);
    let dying = scan.rows.iter().filter(dies).filter_map(Row::key).collect();
    Ok(Walk { began_ns, ended_ns: scan.now.boot_ns, tasks, hidden: Vec::new(), dying })
}

/// Of rows by ascending pid.
fn key_of(rows: &[Row], pid: u32) -> Option<ProcessKey> {
    let at = rows.binary_search_by_key(&pid, |row| row.pid).ok()?;
    rows.get(at)?.key()
}

/// A task that has begun to exit, which zombies keep: the kernel's `PF_EXITING`.
const EXITING: u32 = 0x4;

/// What the wanted columns need of every process.
pub(super) fn details(
    machine: &Machine,
    wanted: Facts,
    arguments: ArgumentsOf,
) -> Result<Details, Error> {
    // What no walk tells either is read when rows are made.
    let wanted = wanted.without(Facts::ONLY_PROC).without(match arguments {
        ArgumentsOf::Exec => Facts::ARGUMENTS,
        ArgumentsOf::Memory => Facts::NONE,
    });
    let rows = proc::scan(Which::All, wanted | Facts::IDENTITY, machine)?.rows;
    Ok(Details::listed(rows))
}

/// Takes back what a listing cannot know, once the table has taken in all events so far: a process
/// that the table has not heard of may have ended by now, and if its source lists /proc as well,
/// nobody would ever say so; one that is missing may only be hidden from us.
pub(super) fn make_sure(walk: &mut Walk, table: &Table, machine: &Machine) -> Result<(), Error> {
    let known = |seen: &Seen| {
        let key = seen.process.key;
        let entry = table.get(key.pid);
        let start = entry.map(|entry| machine.ticks(entry.process.key.start_ns));
        start == Some(machine.ticks(key.start_ns))
    };
    let unknown: Vec<u32> =
        walk.tasks.iter().filter(|seen| !known(seen)).map(|seen| seen.process.key.pid).collect();
    let still = proc::scan(Which::Pids(&unknown), Facts::IDENTITY, machine)?;
    let still: HashSet<ProcessKey> = still.rows.iter().filter_map(Row::key).collect();
    walk.tasks.retain(|seen| known(seen) || still.contains(&seen.process.key));
    let seen: HashSet<u32> = walk.tasks.iter().map(|seen| seen.process.key.pid).collect();
    let missing = table.living().map(|entry| entry.process.key.pid);
    walk.hidden = missing.filter(|pid| !seen.contains(pid) && exists(*pid)).collect();
    Ok(())
}

fn exists(pid: u32) -> bool {
    i32::try_from(pid).is_ok_and(|pid| kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH))
}
