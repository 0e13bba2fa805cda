//! Many processes at one time.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{
    Directory, list,
    reader::{Missing, Reader},
};
use crate::{
    Error,
    facts::Facts,
    field::{Instant, Row},
    machine::{Machine, WallClock, boot_ns},
};

/// Which processes to read.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All, by ascending pid.
    All,
    /// These, in this order, each as often as it is named. What is not a process is left out, as
    /// the id of a thread is.
    Pids(&'a [u32]),
}

/// What was read.
#[derive(Debug)]
pub struct Scan {
    /// One row a process.
    pub rows: Vec<Row>,
    /// The instant that all times of the rows are measured from: the end of the reading, so
    /// that no process is younger than nothing.
    pub now: Instant,
    /// Processes that ended while they were read.
    pub vanished: u64,
    /// Processes of which nothing may be read.
    pub refused: u64,
    /// Processes of which some fact may not be read.
    pub curtailed: u64,
    /// Of a joined scan: pid namespaces that were found.
    pub namespaces: usize,
}

/// Reads processes from /proc, on as many threads as pay.
///
/// Needs no privileges; without `CAP_SYS_PTRACE` some facts of other users' processes stay
/// unknown. A process that cannot be read never costs the others.
///
/// # Errors
///
/// [`Error::System`] where /proc is not mounted, or no file can be opened any more.
pub fn scan(which: Which<'_>, wanted: Facts, machine: &Machine) -> Result<Scan, Error> {
    let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
    let (pids, vanished) = match which {
        Which::All => (list::all()?, 0),
        Which::Pids(pids) => list::processes_among(&proc, pids),
    };
    let mut scan = read_now(&proc, &pids, wanted, machine)?;
    scan.vanished += vanished;
    Ok(scan)
}

/// Reads processes that are known to be some, in this order. A pid may be a thread's by now: its
/// start tells.
///
/// # Errors
///
/// As [`scan`].
pub(crate) fn scan_known(pids: &[u32], wanted: Facts, machine: &Machine) -> Result<Scan, Error> {
    let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
    read_now(&proc, pids, wanted, machine)
}

fn read_now(
    proc: &Directory,
    pids: &[u32],
    wanted: Facts,
    machine: &Machine,
) -> Result<Scan, Error> {
    let mut scan = read_all(proc, pids, wanted, machine);
    scan.now = now()?;
    Ok(scan)
}

pub(crate) fn now() -> Result<Instant, Error> {
    let boot_ns = boot_ns()?;
    Ok(Instant { boot_ns, unix_ns: WallClock::read()?.unix_ns(boot_ns) })
}

/// Reads what only /proc tells, if it is wanted, into rows that a walk has told: label, file,
/// working directory, wait channel, and groups that were too many for it.
#[cfg(feature = "perf")]
pub(crate) fn add_what_no_walk_tells(
    rows: &mut [Row],
    wanted: Facts,
    machine: &Machine,
) -> Result<(), Error> {
    let lacks_groups = |row: &Row| {
        wanted.have(Facts::GROUPS)
            && row.status.as_ref().is_some_and(|status| status.groups.is_none())
    };
    let for_all = wanted.only(Facts::ONLY_PROC);
    let lacking = rows.iter().filter(|row| for_all != Facts::NONE || lacks_groups(row));
    let pids: Vec<u32> = lacking.map(|row| row.pid).collect();
    if pids.is_empty() {
        return Ok(());
    }
    let facts = for_all | Facts::IDENTITY | wanted.only(Facts::GROUPS);
    let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
    let mut read = read_all(&proc, &pids, facts, machine).rows.into_iter().peekable();
    for row in rows {
        let Some(found) = read.next_if(|found| found.pid == row.pid) else { continue };
        let tick = |row: &Row| row.key().map(|key| machine.ticks(key.start_ns));
        if tick(row) == tick(&found) {
            row.add(found);
        }
    }
    Ok(())
}

/// Processes that a thread takes at a time.
const SHARE: usize = 64;

/// From how many processes on another thread pays for its start.
const WORTH_A_THREAD: usize = 256;

pub(super) fn read_all(proc: &Directory, pids: &[u32], wanted: Facts, machine: &Machine) -> Scan {
    let shares: Vec<&[u32]> = pids.chunks(SHARE).collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        let mut reader = Reader::new(proc, wanted, machine.tick_ns());
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(share) = shares.get(index) else { break };
            let part = read_share(&mut reader, share);
            done.lock().unwrap_or_else(PoisonError::into_inner).insert(index, part);
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let helpers = cores.min(pids.len().div_ceil(WORTH_A_THREAD)).saturating_sub(1);
    thread::scope(|scope| {
        for _ in 0..helpers {
            // Where no thread can be had, this one does it all.
            let _refused = thread::Builder::new().spawn_scoped(scope, work);
        }
        work();
    });
    let parts = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    put_together(parts.into_values(), pids.len())
}

/// What became of one share.
#[derive(Default)]
struct Part {
    rows: Vec<Row>,
    vanished: u64,
    refused: u64,
    curtailed: u64,
}

fn read_share(reader: &mut Reader<'_>, pids: &[u32]) -> Part {
    let mut part = Part { rows: Vec::with_capacity(pids.len()), ..Part::default() };
    for pid in pids {
        match reader.read(*pid) {
            Ok(row) => part.rows.push(row),
            Err(Missing::Vanished) => part.vanished += 1,
            Err(Missing::Refused) => part.refused += 1,
        }
    }
    part.curtailed = std::mem::take(&mut reader.curtailed);
    part
}

fn put_together(parts: impl Iterator<Item = Part>, count: usize) -> Scan {
    let now = Instant { boot_ns: 0, unix_ns: 0 };
    let rows = Vec::with_capacity(count);
    let mut scan = Scan { rows, now, vanished: 0, refused: 0, curtailed: 0, namespaces: 0 };
    for part in parts {
        scan.rows.extend(part.rows);
        scan.vanished += part.vanished;
        scan.refused += part.refused;
        scan.curtailed += part.curtailed;
    }
    scan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(which: Which<'_>, wanted: Facts) -> Scan {
        scan(which, wanted, &Machine::read().unwrap()).unwrap()
    }

    #[test]
    fn this_process_is_there_once_and_younger_than_the_scan() {
        let own = std::process::id();
        let scan = read(Which::All, Facts::IDENTITY);
        let rows: Vec<_> = scan.rows.iter().filter(|row| row.pid == own).collect();
        assert_eq!(rows.len(), 1);
        assert!(rows[0].identity.as_ref().unwrap().start_ns < scan.now.boot_ns);
        assert!(scan.rows.is_sorted_by_key(|row| row.pid));
    }

    #[test]
    fn given_pids_keep_their_order_and_number() {
        let own = std::process::id();
        let scan = read(Which::Pids(&[own, 1, u32::MAX, own]), Facts::IDENTITY);
        let pids: Vec<_> = scan.rows.iter().map(|row| row.pid).collect();
        assert_eq!(pids, [own, 1, own]);
    }

    #[test]
    fn a_thread_is_no_process() {
        let thread = thread::spawn(nix::unistd::gettid).join().unwrap();
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let (ids, id) = std::sync::mpsc::channel();
        let living = thread::spawn(move || {
            ids.send(nix::unistd::gettid()).unwrap();
            receiver.recv().unwrap_err();
        });
        let living_id = id.recv().unwrap().as_raw().cast_unsigned();
        let dead_id = thread.as_raw().cast_unsigned();
        let scan = read(Which::Pids(&[living_id, dead_id]), Facts::IDENTITY);
        assert!(scan.rows.is_empty(), "{:?}", scan.rows);
        drop(sender);
        living.join().unwrap();
    }
}
