//! What `observer verify` will do.

use std::time::Duration;

use observer::source::Options;

use super::sourced;
use crate::args::VerifyArgs;

/// A comparison with /proc.
#[derive(Debug)]
pub(crate) struct VerifyPlan {
    pub(crate) duration: Duration,
    /// Processes to make a second.
    pub(crate) churn: u32,
    pub(crate) json: bool,
    pub(crate) source: Options,
    pub(crate) verbose: bool,
}

pub(crate) fn verify(args: &VerifyArgs) -> VerifyPlan {
    VerifyPlan {
        duration: args.duration,
        churn: args.churn,
        json: args.json,
        source: sourced(&args.source, Options::for_a_table()),
        verbose: args.source.verbose,
    }
}
