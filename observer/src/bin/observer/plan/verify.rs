//! What `observer verify` will do.

use std::time::Duration;

use observer::source::{Options, bpf::Object};

use super::backend;
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
        source: Options {
            backend: backend(args.backend),
            ring: args.ring,
            object: args.bpf_object.clone().map_or(Object::BuiltIn, Object::File),
            ..Options::for_a_table()
        },
        verbose: args.verbose,
    }
}
