//! Where listings come from: /proc, one pass over the kernel's tasks, or a live table.

use observer::{Error, Listing, Monitor, facts::Facts, listing::HostMaps, source::proc::Which};

use crate::{
    container,
    exit::{Failure, describe},
    plan::{From, Processes, PsPlan},
    refusals::tell_refusals,
};

/// One listing after the other.
#[derive(Debug)]
pub(super) enum Listings {
    Proc,
    Kernel,
    Live(Monitor),
}

impl Listings {
    pub(super) fn open(plan: &PsPlan) -> Result<Self, Failure> {
        Ok(match plan.from {
            From::Proc => Self::Proc,
            From::Kernel => Self::Kernel,
            From::Table => Self::Live(start(plan)?),
            From::TableOrProc => start(plan).map_or_else(|error| fall_back(&error), Self::Live),
        })
    }

    /// The processes that are asked for, in the order that is asked for.
    pub(super) fn next(&self, plan: &PsPlan) -> Result<Listing, Failure> {
        let mut listing = match self {
            Self::Proc => of_proc(plan)?,
            Self::Kernel => picked(Listing::of_kernel(&plan.source, plan.wanted)?, plan),
            Self::Live(monitor) => {
                picked(monitor.snapshot_for(plan.wanted)?.listing(plan.wanted)?, plan)
            }
        };
        let joined = matches!(plan.processes, Processes::Joined { .. });
        if let Some(name) = plan.container.as_ref().filter(|_| !joined) {
            keep(&mut listing, name, plan)?;
        }
        listing.view.times = plan.times;
        listing.keep(&plan.filter);
        listing.sort(&plan.sort);
        Ok(listing)
    }
}

fn start(plan: &PsPlan) -> Result<Monitor, Error> {
    // Nobody subscribes.
    let monitor = Monitor::builder().source(plan.source.clone()).history(0).start()?;
    tell_refusals(monitor.refused(), monitor.origin());
    Ok(monitor)
}

#[expect(clippy::print_stderr, reason = "what is not part of the listing")]
fn fall_back(error: &Error) -> Listings {
    eprintln!(
        "observer: reading /proc for each listing, as no live table works here: {}",
        describe(error)
    );
    Listings::Proc
}

fn of_proc(plan: &PsPlan) -> Result<Listing, Failure> {
    let which = match &plan.processes {
        Processes::Joined { pids, maps } => return join(plan, pids, maps),
        Processes::These(pids) => Which::Pids(pids),
        Processes::All => Which::All,
    };
    Ok(Listing::of_processes(which, plan.wanted)?)
}

/// Of one listing after the other, a later one may have the container.
fn keep(listing: &mut Listing, name: &str, plan: &PsPlan) -> Result<(), Failure> {
    match plan.every {
        Some(_) => container::keep_if_there(listing, name),
        None => container::keep(listing, name),
    }
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

fn picked(mut listing: Listing, plan: &PsPlan) -> Listing {
    if let Processes::These(pids) = &plan.processes {
        listing.pick(pids);
    }
    listing
}
