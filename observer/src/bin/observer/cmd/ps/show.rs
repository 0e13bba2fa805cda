//! A listing → text on its way out, and what is to be said beside it.

use observer::{
    Error, Listing,
    render::{JsonSnapshot, Table, write_cell},
};

use crate::{exit::Outcome, output::terminal_width, plan::PsPlan};

/// Writes a listing, some of it at a time.
///
/// # Errors
///
/// Whatever `write` returns.
pub(super) fn write(
    plan: &PsPlan,
    listing: &Listing,
    write: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    if plan.json { write_json(plan, listing, write) } else { write_table(plan, listing, write) }
}

fn write_table(
    plan: &PsPlan,
    listing: &Listing,
    write: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut table = Table::new(plan.columns.len());
    if plan.header {
        table = table.with_header();
        for column in &plan.columns {
            table.push(column.header.as_bytes());
        }
    }
    let mut cell = Vec::new();
    for row in &listing.rows {
        for column in &plan.columns {
            cell.clear();
            write_cell(&mut cell, column.field, row, &listing.view);
            table.push(&cell);
        }
    }
    table.write(terminal_width(), plan.color, write)
}

fn write_json(
    plan: &PsPlan,
    listing: &Listing,
    mut write: impl FnMut(&[u8]) -> Result<(), Error>,
) -> Result<(), Error> {
    /// Written at a time.
    const PIECE: usize = 256 << 10;
    let mut json = JsonSnapshot::new(listing, &plan.columns);
    if plan.every.is_some() {
        json = json.in_one_line();
    }
    let mut text = Vec::with_capacity(PIECE);
    json.begin(&mut text);
    for row in &listing.rows {
        json.process(&mut text, row);
        if text.len() >= PIECE {
            write(&text)?;
            text.clear();
        }
    }
    JsonSnapshot::end(&mut text);
    write(&text)
}

/// What a listing does not say itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shown {
    rows: usize,
    refused: u64,
    curtailed: u64,
    vanished: u64,
}

impl Shown {
    pub(super) fn of(listing: &Listing) -> Self {
        let Listing { rows, refused, curtailed, vanished, .. } = listing;
        Self { rows: rows.len(), refused: *refused, curtailed: *curtailed, vanished: *vanished }
    }

    pub(super) fn outcome(self) -> Outcome {
        if self.rows == 0 { Outcome::Nothing } else { Outcome::Fine }
    }

    /// What is not in the listing, and why.
    #[expect(clippy::print_stderr, reason = "what is not part of the listing")]
    pub(super) fn tell(self, plan: &PsPlan) {
        let Self { rows, refused, curtailed, vanished } = self;
        if refused > 0 {
            eprintln!(
                "observer: {} skipped: no permission to read them; run as root to see more",
                processes(refused)
            );
        }
        // The document itself says it, and it asks for more than the user did.
        if curtailed > 0 && !plan.json {
            eprintln!(
                "observer: some columns of {} are unknown: no permission to read them; run as \
                 root, or with CAP_SYS_PTRACE, to see more",
                processes(curtailed)
            );
        }
        if rows == 0 {
            eprintln!("observer: no process matches");
        }
        if plan.verbose {
            eprintln!(
                "observer: {} listed; {vanished} more ended before they could be read",
                processes(u64::try_from(rows).unwrap_or(u64::MAX))
            );
        }
    }
}

fn processes(count: u64) -> String {
    format!("{count} process{}", if count == 1 { "" } else { "es" })
}
