//! `observer run`: a command, and then all that it caused.
//!
//! | file | its job |
//! | --- | --- |
//! | `child` | the command as a child of ours that hardly notices |
//! | `signals` | those that are for the command, and those that are for us |
//! | `watch` | the machine's changes → the causal set, by a driver |
//! | `follow` | until when |
//! | `destination`, `report` | the report, and where it goes |

mod child;
mod destination;
mod follow;
mod report;
mod signals;
mod watch;

use std::{os::unix::ffi::OsStrExt as _, time::Instant};

use bytes::Bytes;
use observer::{Error, cause::Account, machine::boot_ns};

use self::{child::Child, destination::Destination, follow::Follower, signals::Signals};
use crate::{
    exit::{Failure, OWN_FAILURE, Outcome},
    plan::RunPlan,
};

/// Runs the command, follows it and what it left, and reports.
pub(crate) fn run(plan: &RunPlan) -> Result<Outcome, Failure> {
    let begin = Instant::now();
    let destinations = plan
        .reports
        .iter()
        .map(|report| Destination::open(&report.place))
        .collect::<Result<Vec<_>, _>>()?;
    let observation = watch::Observation::start(plan)?;
    // From here on no signal ends us any more: the command would be left alone with its followers.
    let mut signals = Signals::block()?;
    let begin_ns = boot_ns()?;
    let mut child = Child::spawn(&plan.command, signals.before())?;
    let watched = observation.of(child.pid(), begin_ns, plan).and_then(|mut watch| {
        Follower::new(plan, begin).follow(&mut watch, &mut child, &mut signals)?;
        Ok(watch)
    });
    let watch = match watched {
        Ok(watch) => watch,
        Err(error) => {
            // What cannot be observed any more still has an end that whoever waits for us waits for.
            signals.outlast(&mut child)?;
            return Err(error.into());
        }
    };
    signals.let_go();
    let seen = watch.finish()?;
    let status = child.status().or_else(|| seen.status());
    let command: Vec<_> =
        plan.command.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
    let account = Account {
        command: &command,
        status,
        begin_ns,
        end_ns: seen.end_ns,
        lost: seen.lost,
        set: &seen.set,
    };
    report::write(plan, destinations, &account, &seen)?;
    outcome(plan, &account)
}

/// The command's own code, unless something is wrong with what we say of it.
fn outcome(plan: &RunPlan, account: &Account<'_>) -> Result<Outcome, Failure> {
    if plan.strict && account.lost > 0 {
        let lost = account.lost;
        let line =
            format!("the report is incomplete: {lost} events were lost; use a larger --ring");
        return Err(Failure::Run(line, OWN_FAILURE));
    }
    let code = account.status.map(child::code).ok_or_else(|| {
        let source = std::io::Error::from(std::io::ErrorKind::NotFound);
        Error::System { what: "cannot tell how the command ended", source }
    })?;
    Ok(Outcome::Command(code))
}
