//! Whether a live table says what /proc says.
//!
//! /proc is looked at, a snapshot taken, /proc looked at again. Who was there both times is in the
//! snapshot, who was there neither time is not, and what both looks say of a process the snapshot
//! says too. Refuses to judge what may have changed in between.
//!
//! ```no_run
//! # fn main() -> Result<(), observer::Error> {
//! use observer::{Monitor, verify::Report};
//!
//! let monitor = Monitor::builder().start()?;
//! let mut report = Report::default();
//! report.look(&monitor)?;
//! assert!(report.agrees(), "{report:?}");
//! # Ok(())
//! # }
//! ```

mod churn;
mod columns;
mod sets;

use std::collections::{BTreeMap, BTreeSet};

use nix::unistd::{SysconfVar, sysconf};

pub use self::churn::Churn;
use self::{
    columns::{Between, Seen},
    sets::{Identity, Looks},
};
use crate::{
    Error, Listing, Monitor, Snapshot,
    event::ProcessKey,
    facts::Facts,
    field::{Field, Row},
    machine::boot_ns,
    origin::Origin,
    render::write_cell,
    snapshot::Freshness,
    source::proc::Which,
};

/// What came of the comparisons so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Snapshots that were compared.
    pub snapshots: u64,
    /// Snapshots that said of themselves that they are not whole, because a loss waited for its
    /// repair: nothing was compared.
    pub incomplete: u64,
    /// Processes whose cells were compared, each as often as it was.
    pub processes: u64,
    /// Processes that /proc showed before and after, and a snapshot between did not; by
    /// `process.id`.
    pub missing: BTreeSet<String>,
    /// Processes that only a snapshot showed; by `process.id`.
    pub ghosts: BTreeSet<String>,
    /// The columns by name.
    pub columns: BTreeMap<&'static str, Count>,
    /// Cells that differ, the first of each column.
    pub examples: Vec<Example>,
}

/// How the cells of a column compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Cells of processes that had not changed.
    pub checked: u64,
    /// Those of them that are not what /proc says.
    pub differ: u64,
}

/// A cell that is not what /proc says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The column.
    pub column: &'static str,
    /// The process, by `process.id`.
    pub process: String,
    /// What told the snapshot's value: `table` for events alone, `walk` for a refreshed one.
    pub teller: &'static str,
    /// The snapshot's value, as it is printed; bytes that others chose are as they are.
    pub snapshot: Vec<u8>,
    /// What /proc says, likewise.
    pub proc: Vec<u8>,
}

/// Of one column.
const MOST_EXAMPLES: u64 = 5;

/// A process is in /proc before its event has been told, as long as its parent is kept from the
/// CPU. One that began so shortly before the first look is judged by the next.
const NEWBORN_NS: u64 = 100_000_000;

impl Report {
    /// Compares once more. Needs no privileges but to read /proc; `CAP_SYS_PTRACE` to compare all
    /// namespaces.
    ///
    /// # Errors
    ///
    /// As [`Monitor::snapshot`] and [`Listing::of_processes`]; [`Error::System`] where some
    /// processes in /proc may not be read at all.
    pub fn look(&mut self, monitor: &Monitor) -> Result<(), Error> {
        let wanted: Facts = columns::all().map(|field| field.needs).collect();
        let began_ns = boot_ns()?;
        let before = Listing::of_processes(Which::All, wanted)?;
        let table = monitor.snapshot(Freshness::Table)?;
        let walk = monitor.snapshot(Freshness::Reread)?;
        let after = Listing::of_processes(Which::All, wanted)?;
        if before.refused + after.refused > 0 {
            let source = std::io::ErrorKind::PermissionDenied.into();
            return Err(Error::System { what: "cannot compare with all of /proc", source });
        }
        if !table.token().complete || !walk.token().complete {
            self.incomplete += 1;
            return Ok(());
        }
        let settled_ns = began_ns.saturating_sub(NEWBORN_NS);
        let sandwich = Sandwich::new(&before, &after, settled_ns)?;
        sandwich.compare_sets([&table, &walk], self);
        let rows = walk.listing(wanted)?;
        let origin = monitor.origin();
        let table = Told { teller: "table", rows: &table.listing(wanted)?, origin };
        sandwich.compare_rows(columns::of_the_table, &table, self);
        let walk = Told { teller: "walk", rows: &rows, origin };
        self.processes += sandwich.compare_rows(columns::all, &walk, self);
        self.snapshots += 1;
        Ok(())
    }

    /// Whether nothing was found that differs.
    pub fn agrees(&self) -> bool {
        self.missing.is_empty() && self.ghosts.is_empty() && self.cells() == 0
    }

    /// Cells that differ.
    pub fn cells(&self) -> u64 {
        self.columns.values().map(|count| count.differ).sum()
    }
}

/// A listing of a snapshot, and what it was taken from.
struct Told<'a> {
    teller: &'static str,
    rows: &'a Listing,
    origin: Origin,
}

/// /proc before and after.
struct Sandwich<'a> {
    before: BTreeMap<Identity, Seen<'a>>,
    after: BTreeMap<Identity, Seen<'a>>,
    looks: Looks,
    listing: &'a Listing,
    cpus: u64,
}

impl<'a> Sandwich<'a> {
    fn new(before: &'a Listing, after: &'a Listing, settled_ns: u64) -> Result<Self, Error> {
        let settled_ticks = after.view.machine.ticks(settled_ns);
        let (before, listing, after) = (seen(before), after, seen(after));
        let set = |seen: &BTreeMap<Identity, Seen<'_>>| seen.keys().copied().collect();
        let looks = Looks::new(&set(&before), &set(&after), settled_ticks);
        let cpus = sysconf(SysconfVar::_NPROCESSORS_ONLN);
        let cpus = cpus.map_err(Error::system("cannot count the CPUs"))?.unwrap_or(1);
        let cpus = u64::try_from(cpus).unwrap_or(1);
        Ok(Self { before, after, looks, listing, cpus })
    }

    fn compare_sets(&self, snapshots: [&Snapshot; 2], report: &mut Report) {
        for snapshot in snapshots {
            let keys = snapshot.processes().iter().map(|entry| entry.process.key);
            let told = keys.map(|key| self.identity(key)).collect();
            report.missing.extend(self.ids(self.looks.missing(&told)));
            report.ghosts.extend(self.ids(self.looks.ghosts(&told)));
        }
    }

    /// Compares the cells of those that both looks and the listing show; returns how many.
    fn compare_rows<F: Iterator<Item = &'static Field>>(
        &self,
        fields: impl Fn() -> F,
        told: &Told<'_>,
        report: &mut Report,
    ) -> u64 {
        let Told { teller, rows, origin } = *told;
        let told = seen(rows);
        let rows: BTreeSet<Identity> = told.keys().copied().collect();
        report.missing.extend(self.ids(self.looks.missing(&rows)));
        let mut compared = 0;
        for (identity, told) in told {
            let both = self.before.get(&identity).zip(self.after.get(&identity));
            let Some((before, after)) = both else { continue };
            let between = Between { before: *before, after: *after, cpus: self.cpus };
            for field in fields() {
                let agrees = match teller {
                    "table" => between.agrees_with_the_table(field, told, origin),
                    _ => between.agrees(field, told),
                };
                let example = |field: &'static Field| Example {
                    column: field.name,
                    process: self.id(identity),
                    teller,
                    snapshot: cell(field, told),
                    proc: cell(field, *after),
                };
                report.count(field, agrees, example);
            }
            compared += 1;
        }
        compared
    }

    fn identity(&self, key: ProcessKey) -> Identity {
        (key.pid, self.listing.view.machine.ticks(key.start_ns))
    }

    fn ids(&self, identities: Vec<Identity>) -> impl Iterator<Item = String> {
        identities.into_iter().map(|identity| self.id(identity))
    }

    fn id(&self, (pid, ticks): Identity) -> String {
        let machine = &self.listing.view.machine;
        machine.process_id(ProcessKey { pid, start_ns: ticks * machine.tick_ns() })
    }
}

impl Report {
    fn count(
        &mut self,
        field: &'static Field,
        agrees: Option<bool>,
        example: impl Fn(&'static Field) -> Example,
    ) {
        let count = self.columns.entry(field.name).or_default();
        let Some(agrees) = agrees else { return };
        count.checked += 1;
        if !agrees {
            count.differ += 1;
            if count.differ <= MOST_EXAMPLES {
                self.examples.push(example(field));
            }
        }
    }
}

/// The rows by who they are of.
fn seen(listing: &Listing) -> BTreeMap<Identity, Seen<'_>> {
    let machine = &listing.view.machine;
    let seen = |row| Seen { row, view: &listing.view };
    let key = |row: &Row| Some((row.pid, machine.ticks(row.key()?.start_ns)));
    listing.rows.iter().filter_map(|row| Some((key(row)?, seen(row)))).collect()
}

fn cell(field: &Field, seen: Seen<'_>) -> Vec<u8> {
    let mut text = Vec::new();
    write_cell(&mut text, field, seen.row, seen.view);
    text
}
