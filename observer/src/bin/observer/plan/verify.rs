//! What `observer verify` will do.

use std::time::Duration;

use observer::source::bpf::{Object, RingSize};

use crate::args::VerifyArgs;

/// A comparison with /proc.
#[derive(Debug)]
pub(crate) struct VerifyPlan {
    pub(crate) duration: Duration,
    /// Processes to make a second.
    pub(crate) churn: u32,
    pub(crate) json: bool,
    pub(crate) ring: RingSize,
    pub(crate) object: Object,
    pub(crate) verbose: bool,
}

pub(crate) fn verify(args: &VerifyArgs) -> VerifyPlan {
    VerifyPlan {
        duration: args.duration,
        churn: args.churn,
        json: args.json,
        ring: args.ring,
        object: args.bpf_object.clone().map_or(Object::BuiltIn, Object::File),
        verbose: args.verbose,
    }
}
