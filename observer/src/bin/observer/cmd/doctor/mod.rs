//! `observer doctor`: what this kernel and these rights allow.

mod json;
mod text;

use observer::doctor::Diagnosis;

use crate::{
    exit::{Failure, Outcome},
    output::print,
    plan::DoctorPlan,
};

/// Tries everything and says what came of it. An answer is a success, whatever it is.
pub(crate) fn run(plan: &DoctorPlan) -> Result<Outcome, Failure> {
    let diagnosis = Diagnosis::make();
    let text = if plan.json { json::write(&diagnosis) } else { text::write(&diagnosis, plan)? };
    print(&text)?;
    Ok(Outcome::Fine)
}
