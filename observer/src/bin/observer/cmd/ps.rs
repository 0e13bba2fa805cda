//! `observer ps`: a snapshot.

use observer::{
    Error, Listing,
    facts::Facts,
    field::list,
    listing::HostMaps,
    render::{JsonSnapshot, Table, write_cell},
    source::proc::Which,
};

use crate::{
    container,
    exit::{Failure, Outcome},
    hidden,
    output::{print, terminal_width},
    plan::{Processes, PsPlan},
};

/// Prints the names of all columns.
pub(crate) fn print_list() -> Result<Outcome, Failure> {
    print(format!("{}\n", list().join(", ")).as_bytes())?;
    Ok(Outcome::Fine)
}

/// Prints the processes once.
pub(crate) fn run(plan: &PsPlan) -> Result<Outcome, Failure> {
    let mut listing = take(plan)?;
    listing.view.times = plan.times;
    listing.keep(&plan.filter);
    listing.sort(&plan.sort);
    if plan.json {
        print_json(plan, &listing)?;
    } else {
        print_table(plan, &listing)?;
    }
    tell(plan, &listing);
    Ok(if listing.rows.is_empty() { Outcome::Nothing } else { Outcome::Fine })
}

fn take(plan: &PsPlan) -> Result<Listing, Failure> {
    let which = match &plan.processes {
        Processes::Joined { pids, maps } => return join(plan, pids, maps),
        Processes::These(pids) => Which::Pids(pids),
        Processes::All => Which::All,
    };
    let mut listing = Listing::of_processes(which, plan.wanted)?;
    if let Some(name) = &plan.container {
        container::keep(&mut listing, name)?;
    }
    Ok(listing)
}

/// The namespaces of a container are those of its processes.
fn join(plan: &PsPlan, pids: &[u32], maps: &HostMaps) -> Result<Listing, Failure> {
    let Some(name) = &plan.container else {
        return Ok(Listing::of_namespaces(pids, plan.wanted, maps.clone())?);
    };
    let which = if pids.is_empty() { Which::All } else { Which::Pids(pids) };
    let mut members = Listing::of_processes(which, Facts::CGROUP)?;
    container::keep(&mut members, name)?;
    let pids: Vec<u32> = members.rows.iter().map(|row| row.pid).collect();
    Ok(Listing::of_namespaces(&pids, plan.wanted, maps.clone())?)
}

fn print_table(plan: &PsPlan, listing: &Listing) -> Result<(), Error> {
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
    table.write(terminal_width(), plan.color, print)
}

fn print_json(plan: &PsPlan, listing: &Listing) -> Result<(), Error> {
    /// Written at a time.
    const PIECE: usize = 256 << 10;
    let mut json = JsonSnapshot::new(listing, &plan.columns);
    let mut text = Vec::with_capacity(PIECE);
    json.begin(&mut text);
    for row in &listing.rows {
        json.process(&mut text, row);
        if text.len() >= PIECE {
            print(&text)?;
            text.clear();
        }
    }
    JsonSnapshot::end(&mut text);
    print(&text)
}

/// What is not in the listing, and why.
#[expect(clippy::print_stderr, reason = "what is not part of the listing")]
fn tell(plan: &PsPlan, listing: &Listing) {
    let Listing { rows, refused, curtailed, vanished, .. } = listing;
    if let Some(level) = hidden::by_mount() {
        eprintln!(
            "observer: processes of other users are hidden: /proc is mounted with \
             hidepid={level}; run as root to see them"
        );
    }
    if *refused > 0 {
        eprintln!(
            "observer: {} left out, which may not be read; run as root to see more",
            processes(*refused)
        );
    }
    // The document itself says it, and it asks for more than the user did.
    if *curtailed > 0 && !plan.json {
        eprintln!(
            "observer: {} with columns that may not be read; run as root, or with \
             CAP_SYS_PTRACE, to see more",
            processes(*curtailed)
        );
    }
    if rows.is_empty() {
        eprintln!("observer: no process matches");
    }
    if plan.verbose {
        eprintln!(
            "observer: {} listed, {vanished} ended meanwhile",
            processes(u64::try_from(rows.len()).unwrap_or(u64::MAX))
        );
    }
}

fn processes(count: u64) -> String {
    format!("{count} process{}", if count == 1 { "" } else { "es" })
}
