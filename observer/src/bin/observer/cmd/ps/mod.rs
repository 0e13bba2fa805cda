//! `observer ps`: a listing, or one after the other.

mod every;
mod show;
mod take;

use observer::field::list;

use self::{show::Shown, take::Listings};
use crate::{
    exit::{Failure, Outcome},
    hidden,
    output::print,
    plan::PsPlan,
};

/// Prints the names of all columns.
pub(crate) fn print_list() -> Result<Outcome, Failure> {
    print(format!("{}\n", list().join(", ")).as_bytes())?;
    Ok(Outcome::Fine)
}

/// Prints the processes.
pub(crate) fn run(plan: &PsPlan) -> Result<Outcome, Failure> {
    match plan.every {
        Some(every) => every::run(plan, every),
        None => once(plan),
    }
}

fn once(plan: &PsPlan) -> Result<Outcome, Failure> {
    let listing = Listings::open(plan)?.next(plan)?;
    show::write(plan, &listing, print)?;
    let shown = Shown::of(&listing);
    hidden::tell_what_is_hidden();
    shown.tell(plan);
    Ok(shown.outcome())
}
