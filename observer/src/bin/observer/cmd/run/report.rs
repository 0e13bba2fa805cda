//! What was seen → reports, each to its destination.

use std::io::{stderr, stdout};

use observer::{
    cause::Account,
    machine::WallClock,
    render::{
        Color,
        run::{self, Look, Setting},
    },
};

use super::{destination::Destination, watch::Whole};
use crate::{
    args::ColorName,
    exit::Failure,
    output::width_of,
    plan::{RunPlan, Shape, color_of},
};

/// Writes all of them. One that cannot be written does not keep the others from it.
pub(super) fn write(
    plan: &RunPlan,
    destinations: Vec<Destination>,
    account: &Account<'_>,
    whole: &Whole,
) -> Result<(), Failure> {
    let setting =
        Setting { machine: &whole.machine, clock: WallClock::read()?, origin: whole.origin };
    let mut outcome = Ok(());
    for (report, destination) in plan.reports.iter().zip(destinations) {
        let bytes = match report.shape {
            Shape::Text => run::text(account, setting, look(plan, &destination)).into_bytes(),
            Shape::Json => run::json(account, setting),
            Shape::Html => run::html(account, setting).into_bytes(),
        };
        outcome = outcome.and(destination.write(&bytes));
    }
    if plan.verbose {
        tell(whole);
    }
    outcome
}

fn look(plan: &RunPlan, destination: &Destination) -> Look {
    let (color, width) = match destination {
        Destination::Stderr => (color_of(plan.color, &stderr()), width_of(stderr())),
        Destination::Stdout => (color_of(plan.color, &stdout()), width_of(stdout())),
        Destination::Stream { file, .. } => (color_of(plan.color, file), width_of(file)),
        Destination::InPlace { .. } | Destination::Beside(_) => {
            let wanted = matches!(plan.color, ColorName::Always);
            (if wanted { Color::Yes } else { Color::No }, None)
        }
    };
    Look { width: width.filter(|_| plan.cut), color }
}

#[expect(clippy::print_stderr, reason = "what is not part of the report")]
fn tell(whole: &Whole) {
    let totals = whole.totals;
    eprintln!(
        "observer: {} events of the machine produced, {} delivered, {} lost",
        totals.produced, totals.delivered, totals.lost
    );
}
