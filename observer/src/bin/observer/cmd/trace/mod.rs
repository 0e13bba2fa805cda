//! `observer trace`: tracepoints by name, what fires and how often.

mod choose;
mod count;
mod describe;
mod open;
mod stream;
mod until;
mod writer;

use observer::tracepoint::Tracefs;

use crate::{
    exit::{Failure, Outcome},
    plan::{Format, Job, TracePlan},
};

/// Does the one job that was asked for.
pub(crate) fn run(plan: &TracePlan) -> Result<Outcome, Failure> {
    let tracefs = Tracefs::open()?;
    let json = matches!(plan.format, Format::Json);
    match &plan.job {
        Job::List(pattern) => describe::list(&tracefs, pattern, json),
        Job::Show(pattern) => {
            let header = matches!(plan.format, Format::Text { header: true, .. });
            describe::show(&tracefs, pattern, json, header)
        }
        Job::Stream(stream) => stream::run(&tracefs, stream, &plan.format),
        Job::Count(watched) => count::run(&tracefs, watched, &plan.format),
    }
}
