//! `observer trace`: tracepoints by name, what fires and how often.

mod choose;
mod count;
mod describe;
mod open;
mod stream;
mod writer;

use observer::{render::trace::Header, tracepoint::Tracefs};

use crate::{
    exit::{Failure, Outcome},
    plan::{Format, Job, TracePlan},
};

/// Does the one job that was asked for.
pub(crate) fn run(plan: &TracePlan) -> Result<Outcome, Failure> {
    let tracefs = Tracefs::open()?;
    match &plan.job {
        Job::List(pattern) => describe::list(&tracefs, pattern, &plan.format),
        Job::Show(pattern) => describe::show(&tracefs, pattern, &plan.format),
        Job::Stream(stream) => stream::run(&tracefs, stream, &plan.format),
        Job::Count(watched) => count::run(&tracefs, watched, &plan.format),
    }
}

fn header(format: &Format) -> Header {
    match format {
        Format::Text { header: true, .. } => Header::Yes,
        _ => Header::No,
    }
}
