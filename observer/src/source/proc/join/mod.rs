//! The processes of a container as they see themselves, read from outside.
//!
//! Membership is decided by pid namespace, pids come from the levels that the kernel tells of each
//! process, ids from its user namespace's maps, names from files below its root. No namespace is
//! entered, nothing is run, and no /proc but the caller's is believed.

mod inside;
mod lineage;
mod target;

use self::{inside::Insider, lineage::Lineage, target::Target};
use super::{
    Directory, list,
    scan::{Scan, now, read_all},
};
use crate::{Error, facts::Facts, field::Row, machine::Machine};

/// What is needed of each process to tell where it belongs and what it is called there.
const NEEDED: Facts = Facts::IDENTITY
    .and(Facts::PIDS)
    .and(Facts::IDS)
    .and(Facts::GROUPS)
    .and(Facts::PID_NAMESPACE)
    .and(Facts::USER_NAMESPACE);
/// Places among [`NAMESPACES`](crate::event::NAMESPACES).
const PID: usize = 0;
const USER: usize = 3;

/// Reads all processes in the pid namespaces of these processes and in those below them, one
/// namespace after the other in the order given, each by ascending pid. Of several processes of
/// one namespace the first counts; those that have gone are passed over.
///
/// Needs `CAP_SYS_PTRACE` for processes of other users.
///
/// # Errors
///
/// [`Error::JoinRefused`]; [`Error::System`] where /proc is not mounted.
pub fn join(pids: &[u32], wanted: Facts, machine: &Machine) -> Result<Scan, Error> {
    let proc = Directory::proc().map_err(Error::system("cannot open /proc"))?;
    let own = Own::read(&proc).map_err(Error::system("cannot look into our own namespaces"))?;
    let targets = target::find(&proc, pids, wanted)?;
    let mut lineage = Lineage::new(&proc, own.pid_namespace);
    let members = members(&proc, &targets, &mut lineage, machine)?;
    let mut scan = read_all(&proc, &members, wanted | NEEDED, machine);
    let rows = std::mem::take(&mut scan.rows);
    let mut insider = Insider::new(&proc, own.user_namespace, machine);
    for target in &targets {
        // Read again: the pid may be another process's by now.
        let inside = rows.iter().filter(|row| is_in(row, target, &mut lineage));
        let inside: Vec<&Row> = inside.collect();
        scan.rows.extend(insider.look_at(target, &inside));
    }
    scan.namespaces = targets.len();
    scan.now = now()?;
    Ok(scan)
}

/// The pids of all processes in these namespaces or in others below them.
fn members(
    proc: &Directory,
    targets: &[Target],
    lineage: &mut Lineage<'_>,
    machine: &Machine,
) -> Result<Vec<u32>, Error> {
    let rows = read_all(proc, &list::all()?, Facts::PID_NAMESPACE, machine).rows;
    let is_member = |row: &&Row| targets.iter().any(|target| is_in(row, target, &mut *lineage));
    let members = rows.iter().filter(is_member);
    Ok(members.map(|row| row.pid).collect())
}

fn is_in(row: &Row, target: &Target, lineage: &mut Lineage<'_>) -> bool {
    // All that our /proc shows is in its namespace, also what hides its own.
    if target.level == 0 {
        return true;
    }
    let own = row.namespaces[PID];
    own.is_some_and(|own| own == target.inode || lineage.of(own, row.pid).contains(&target.inode))
}

/// The caller's namespaces.
struct Own {
    pid_namespace: u32,
    user_namespace: u32,
}

impl Own {
    fn read(proc: &Directory) -> Result<Self, nix::errno::Errno> {
        let folder = proc.process(std::process::id())?;
        Ok(Self {
            pid_namespace: lineage::inode(&lineage::open(&folder, c"ns/pid")?)?,
            user_namespace: lineage::inode(&lineage::open(&folder, c"ns/user")?)?,
        })
    }
}
