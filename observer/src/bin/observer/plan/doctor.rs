//! What `observer doctor` will do.

use observer::render::Color;

use super::color;
use crate::args::DoctorArgs;

/// A diagnosis.
#[derive(Debug)]
pub(crate) struct DoctorPlan {
    pub(crate) json: bool,
    pub(crate) header: bool,
    pub(crate) color: Color,
}

pub(crate) fn doctor(args: &DoctorArgs) -> DoctorPlan {
    DoctorPlan { json: args.json, header: !args.no_headers, color: color(args.color) }
}
