//! The processes of one instant as rows, and what to see them with.
//!
//! The rows come from a scan of /proc, or from whoever read them. Follows nothing: what happens
//! after the instant is not in it.

#[cfg(feature = "ebpf")]
use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use jiff::tz::TimeZone;

use crate::{
    Error,
    facts::Facts,
    field::{Filter, Instant, Row, SortKey, Times, View, sort},
    id_map::{self, IdMap},
    machine::Machine,
    names::Names,
    origin::Origin,
    source::proc::{Scan, Which, join, scan, scan_known},
};
#[cfg(feature = "ebpf")]
use crate::{
    census::Walker,
    source::{
        Options, Source as _,
        bpf::BpfSource,
        proc::{add_what_no_walk_tells, now},
    },
};

/// The processes of one instant as rows, with what it takes to show them. Its rows can be sorted
/// and filtered, but not changed.
#[derive(Debug)]
pub struct Listing {
    /// One row per process.
    pub rows: Vec<Row>,
    /// What all rows are seen with: the instant, the machine, the names.
    pub view: View,
    /// How many processes ended while they were read.
    pub vanished: u64,
    /// How many processes were skipped, for lack of permission to read them.
    pub refused: u64,
    /// How many processes lack some wanted fact, for lack of permission to read it.
    pub curtailed: u64,
    /// How many pid namespaces were found, in a listing of [`Listing::of_namespaces`].
    pub namespaces: usize,
    /// What told the rows: [`Origin::Proc`] for a scan.
    pub origin: Origin,
    /// The event after which a stream would continue it; 0 for a scan, which follows no stream.
    pub seq: u64,
    /// How many events had been lost by then.
    pub lost: u64,
    /// Whether it was taken from a live table that had lost events and was not repaired yet.
    pub torn: bool,
}

/// How the host columns of a joined view see the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostMaps {
    /// Maps from the caller's users to the host's; empty for a caller on the host itself.
    pub users: Vec<IdMap>,
    /// Maps for the groups, likewise.
    pub groups: Vec<IdMap>,
}

impl HostMaps {
    /// The caller's own, from `/proc/self/uid_map` and `gid_map`.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub fn of_caller() -> Result<Self, Error> {
        let read = |path| {
            let failed = |source| Error::System { what: "cannot read our own id maps", source };
            std::fs::read(path).map(|text| id_map::parse(&text)).map_err(failed)
        };
        Ok(Self { users: read("/proc/self/uid_map")?, groups: read("/proc/self/gid_map")? })
    }
}

impl Listing {
    /// Reads processes from /proc. Needs no privileges; without `CAP_SYS_PTRACE` some facts of
    /// other users' processes stay unknown.
    ///
    /// # Errors
    ///
    /// [`Error::System`] where /proc is not mounted.
    pub fn of_processes(which: Which<'_>, wanted: Facts) -> Result<Self, Error> {
        let machine = Machine::read()?;
        let scan = scan(which, wanted, &machine)?;
        Ok(Self::of_scan(scan, wanted, machine, HostMaps::default()))
    }

    /// Reads all processes in the pid namespaces of the given processes, as seen from inside,
    /// without entering anything. Needs `CAP_SYS_PTRACE` for processes of other users.
    ///
    /// # Errors
    ///
    /// [`Error::JoinRefused`]; [`Error::System`] where /proc is not mounted.
    pub fn of_namespaces(pids: &[u32], wanted: Facts, maps: HostMaps) -> Result<Self, Error> {
        let machine = Machine::read()?;
        let scan = join(pids, wanted, &machine)?;
        Ok(Self::of_scan(scan, wanted, machine, maps))
    }

    /// Reads more of processes that a listing of this machine has told. A pid may be another's by
    /// now, or a thread's: the start tells.
    ///
    /// # Errors
    ///
    /// As [`Listing::of_processes`].
    pub(crate) fn of_known(pids: &[u32], wanted: Facts, machine: Machine) -> Result<Self, Error> {
        let scan = scan_known(pids, wanted, &machine)?;
        Ok(Self::of_scan(scan, wanted, machine, HostMaps::default()))
    }

    fn of_scan(scan: Scan, wanted: Facts, machine: Machine, maps: HostMaps) -> Self {
        let Scan { rows, now, vanished, refused, curtailed, namespaces } = scan;
        let view = View { uid_map: maps.users, gid_map: maps.groups, ..view(now, machine) };
        let listing = Self::new(rows, wanted, view, Origin::Proc);
        Self { vanished, refused, curtailed, namespaces, ..listing }
    }

    /// Makes a listing of rows that were read elsewhere at that instant, and looks up the wanted
    /// names. The caller sets the fields for losses and for what is missing, if it knows of any.
    pub fn of_rows(
        rows: Vec<Row>,
        now: Instant,
        wanted: Facts,
        machine: Machine,
        origin: Origin,
    ) -> Self {
        Self::new(rows, wanted, view(now, machine), origin)
    }

    fn new(rows: Vec<Row>, wanted: Facts, mut view: View, origin: Origin) -> Self {
        view.names = look_up(&rows, wanted, &view);
        Self {
            rows,
            view,
            vanished: 0,
            refused: 0,
            curtailed: 0,
            namespaces: 0,
            origin,
            seq: 0,
            lost: 0,
            torn: false,
        }
    }

    /// Reads the kernel's own list of processes in one pass, and only what is not in it from /proc.
    /// Needs `CAP_BPF` and `CAP_PERFMON`, and Linux 5.18 or later with BTF.
    ///
    /// # Errors
    ///
    /// As [`BpfSource::open`]; [`Error::System`] where /proc is not mounted.
    #[cfg(feature = "ebpf")]
    pub fn of_kernel(options: &Options, wanted: Facts) -> Result<Self, Error> {
        let options = Options { kinds: Vec::new(), walks: true, ..options.clone() };
        let machine = Arc::new(Machine::read()?);
        let mut source = BpfSource::open(&options)?;
        let Some(walks) = source.walks() else {
            let source = std::io::ErrorKind::Unsupported.into();
            return Err(Error::System { what: "cannot walk over the processes", source });
        };
        let details = Walker::new(Arc::clone(&machine)).all(walks, wanted)?;
        let mut rows = details.all_rows(wanted, &machine);
        add_what_no_walk_tells(&mut rows, wanted, &machine)?;
        Ok(Self::of_rows(rows, now()?, wanted, Machine::clone(&machine), Origin::Bpf))
    }

    /// Keeps only these processes, in this order, each as often as it is named. Processes that are
    /// not in the listing are left out.
    pub fn pick(&mut self, pids: &[u32]) {
        let rows: HashMap<u32, Row> = self.rows.drain(..).map(|row| (row.pid, row)).collect();
        self.rows.extend(pids.iter().filter_map(|pid| rows.get(pid).cloned()));
    }

    /// Drops the rows that do not match the filter.
    pub fn keep(&mut self, filter: &Filter) {
        let Self { rows, view, .. } = self;
        rows.retain(|row| filter.matches(row, view));
    }

    /// Sorts the rows.
    pub fn sort(&mut self, keys: &[SortKey]) {
        sort(&mut self.rows, keys, &self.view);
    }

    /// The instant from which all times in the listing are measured.
    pub fn now(&self) -> Instant {
        self.view.now
    }

    /// Whether the listing holds every process that existed.
    pub fn is_complete(&self) -> bool {
        self.refused == 0 && !self.torn
    }
}

/// The caller's, who is the host, without names.
fn view(now: Instant, machine: Machine) -> View {
    View {
        now,
        machine,
        zone: TimeZone::system(),
        times: Times::default(),
        names: Names::default(),
        uid_map: Vec::new(),
        gid_map: Vec::new(),
    }
}

/// The caller's names of all ids that some wanted column may show, each looked up once.
fn look_up(rows: &[Row], wanted: Facts, view: &View) -> Names {
    let mut uids = HashSet::new();
    let mut gids = HashSet::new();
    for row in rows {
        let effective = row.effective();
        let status = row.status.as_ref();
        if wanted.have(Facts::USER_NAMES) {
            uids.extend(effective.map(|owner| view.host_uid(owner.uid)));
            uids.extend(status.and_then(|status| status.uids).into_iter().flatten());
        }
        if wanted.have(Facts::GROUP_NAMES) {
            gids.extend(effective.map(|owner| view.host_gid(owner.gid)));
            gids.extend(status.and_then(|status| status.gids).into_iter().flatten());
        }
        if wanted.have(Facts::SUPPLEMENTARY_NAMES) {
            let groups = status.and_then(|status| status.groups.as_deref()).unwrap_or_default();
            gids.extend(groups.iter().map(|gid| view.host_gid(*gid)));
        }
    }
    Names::of_host(uids, gids)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        field::{Field, Identity, Status},
        render::write_cell,
    };

    /// What is left of a row for one that asked for these facts only.
    fn curtailed(row: &Row, known: Facts) -> Row {
        let has = |facts| known.have(facts).then_some(());
        let status = row.status.clone().map(|status| part_of(status, known));
        let mut kinds = Facts::NAMESPACES.into_iter();
        Row {
            pid: row.pid,
            life: row.life,
            identity: has(Facts::IDENTITY).and(row.identity.clone()).map(|identity| Identity {
                comm: if known.have(Facts::NAME) { identity.comm } else { Box::default() },
                ..identity
            }),
            owner: has(Facts::OWNER).and(row.effective()),
            stat: has(Facts::TASK).and(row.stat.clone()),
            cpu_time: has(Facts::CPU_TIME).and(row.cpu_time),
            status: has(Facts::STATUS).and(status),
            arguments: has(Facts::ARGUMENTS).and(row.arguments.clone()),
            label: has(Facts::LABEL).and(row.label.clone()),
            executable: has(Facts::EXECUTABLE).and(row.executable.clone()),
            working_directory: has(Facts::WORKING_DIRECTORY).and(row.working_directory.clone()),
            cgroup: has(Facts::CGROUP).and(row.cgroup.clone()),
            wait_channel: has(Facts::WAIT_CHANNEL).and(row.wait_channel.clone()),
            namespaces: row.namespaces.map(|inode| kinds.next().and_then(has).and(inode)),
            for_children: has(Facts::CHILDREN_NAMESPACES).map_or([None; 2], |()| row.for_children),
            inside: row.inside.clone(),
        }
    }

    fn part_of(whole: Status, known: Facts) -> Status {
        let mut part = Status::default();
        if known.have(Facts::IDS) {
            part.uids = whole.uids;
            part.gids = whole.gids;
        }
        if known.have(Facts::GROUPS) {
            part.groups = whole.groups;
        }
        if known.have(Facts::CAPABILITIES) {
            part.capabilities = whole.capabilities;
            part.no_new_privileges = whole.no_new_privileges;
            part.seccomp = whole.seccomp;
            part.seccomp_filters = whole.seccomp_filters;
        }
        if known.have(Facts::MEMORY) {
            part.resident_kib = whole.resident_kib;
            part.locked_kib = whole.locked_kib;
        }
        if known.have(Facts::PIDS) {
            part.pids = whole.pids;
            part.pgids = whole.pgids;
            part.sids = whole.sids;
        }
        part
    }

    fn cell(field: &Field, listing: &Listing) -> String {
        let mut text = Vec::new();
        write_cell(&mut text, field, &listing.rows[0], &listing.view);
        String::from_utf8_lossy(&text).into_owned()
    }

    #[test]
    fn a_column_is_the_same_when_only_what_it_needs_is_known() {
        let own = std::process::id();
        let plain = Listing::of_processes(Which::Pids(&[own]), Facts::ALL).unwrap();
        let mut joined = Listing::of_namespaces(&[own], Facts::ALL, HostMaps::default()).unwrap();
        joined.rows.retain(|row| row.pid == own);
        for whole in [plain, joined] {
            for field in Field::all() {
                let row = curtailed(&whole.rows[0], field.needs);
                let machine = whole.view.machine.clone();
                let part =
                    Listing::of_rows(vec![row], whole.now(), field.needs, machine, Origin::Proc);
                assert_eq!(cell(field, &part), cell(field, &whole), "{}", field.name);
            }
        }
    }
}
