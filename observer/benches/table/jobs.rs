//! What a monitor is asked for: from the bare snapshot to the text of a listing, and namespaces.

use observer::{
    Listing, Monitor, Snapshot,
    facts::Facts,
    field::{Column, default_columns},
    namespace::{self, Namespaces},
    render::{Color, JsonSnapshot, Table, write_cell},
    snapshot::Freshness,
};

use super::Result;

/// A monitor, and room for what is printed of it.
pub(super) struct Jobs {
    monitor: Monitor,
    columns: Vec<Column>,
    /// What the columns need.
    wanted: Facts,
    out: Vec<u8>,
}

impl Jobs {
    pub(super) fn new(monitor: Monitor) -> Self {
        let columns = default_columns();
        let wanted = columns.iter().map(|column| column.field.needs).collect();
        Self { monitor, columns, wanted, out: Vec::new() }
    }

    pub(super) fn monitor(&self) -> &Monitor {
        &self.monitor
    }

    /// Does it once, what was made of it thrown away included; says of how many processes it was.
    pub(super) fn run(&mut self, job: &str) -> Result<usize> {
        let Self { monitor, wanted, .. } = self;
        let wanted = *wanted;
        match job {
            "table" => Ok(len(&monitor.snapshot(Freshness::Table)?)),
            "refreshed" => Ok(len(&monitor.snapshot(Freshness::Refreshed)?)),
            "reread" => Ok(len(&monitor.snapshot(Freshness::Reread)?)),
            "default" => Ok(len(&monitor.snapshot_with_exec_arguments(wanted)?)),
            "default-reread" => Ok(len(&monitor.snapshot_for(wanted)?)),
            "text" => {
                let snapshot = monitor.snapshot_with_exec_arguments(wanted)?;
                self.text(&snapshot.listing(wanted)?)
            }
            "text-reread" => {
                let snapshot = monitor.snapshot_for(wanted)?;
                self.text(&snapshot.listing(wanted)?)
            }
            "json" => {
                let wanted = wanted | JsonSnapshot::FACTS;
                let snapshot = monitor.snapshot_for(wanted)?;
                Ok(self.json(&snapshot.listing(wanted)?))
            }
            "namespaces" => {
                let snapshot = monitor.snapshot_for(namespace::FACTS)?;
                let listing = snapshot.listing(namespace::FACTS)?;
                let namespaces = Namespaces::of(listing, namespace::Options::default())?;
                Ok(namespaces.listing.rows.len())
            }
            _ => Err(format!("no such job: `{job}`").into()),
        }
    }

    /// As `observer ps --every` prints it.
    fn text(&mut self, listing: &Listing) -> Result<usize> {
        let mut table = Table::new(self.columns.len()).with_header();
        for column in &self.columns {
            table.push(column.header.as_bytes());
        }
        let mut cell = Vec::new();
        for row in &listing.rows {
            for column in &self.columns {
                cell.clear();
                write_cell(&mut cell, column.field, row, &listing.view);
                table.push(&cell);
            }
        }
        let out = &mut self.out;
        out.clear();
        table.write(None, Color::No, |piece| -> Result<()> {
            out.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(listing.rows.len())
    }

    /// As `observer ps --every --json` prints it.
    fn json(&mut self, listing: &Listing) -> usize {
        let out = &mut self.out;
        out.clear();
        let mut json = JsonSnapshot::new(listing, &self.columns).in_one_line();
        json.begin(out);
        for row in &listing.rows {
            json.process(out, row);
        }
        JsonSnapshot::end(out);
        listing.rows.len()
    }
}

fn len(snapshot: &Snapshot) -> usize {
    snapshot.processes().len()
}
