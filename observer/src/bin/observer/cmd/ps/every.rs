//! One listing after the other, until told to end.

use std::time::{Duration, Instant};

use observer::Error;

use super::{
    Listings,
    show::{self, Shown},
};
use crate::{
    exit::{Failure, Outcome},
    hidden,
    output::{Flow, Output},
    plan::{Every, PsPlan},
    signals::{EndSignals, poll_timeout},
    until::wait_for_more,
};

/// Prints a listing at once, then one at each interval. Nothing matched if none had a process.
pub(super) fn run(plan: &PsPlan, every: Every) -> Result<Outcome, Failure> {
    let mut signals = EndSignals::block()?;
    let mut output = Output::new();
    let listings = Listings::open(plan)?;
    hidden::tell_what_is_hidden();
    let mut due = Instant::now();
    let mut some = false;
    let mut printed = 0;
    while every.count.is_none_or(|count| printed < count) {
        if wait_until(due, &mut signals, &output)? != Flow::On {
            break;
        }
        due = next(due, every.interval);
        // Text of two listings is told apart by an empty line; documents need nothing.
        if printed > 0 && !plan.json {
            output.lines.push(b'\n');
        }
        some |= print(plan, &listings, &mut output)?.outcome() == Outcome::Fine;
        printed += 1;
        if output.flush(&mut signals)? != Flow::On {
            break;
        }
    }
    Ok(if some || printed == 0 { Outcome::Fine } else { Outcome::Nothing })
}

fn print(plan: &PsPlan, listings: &Listings, output: &mut Output) -> Result<Shown, Failure> {
    let listing = listings.next(plan)?;
    show::write(plan, &listing, |text| {
        output.lines.extend_from_slice(text);
        Ok(())
    })?;
    let shown = Shown::of(&listing);
    shown.tell(plan);
    Ok(shown)
}

/// When the next listing is due. Those that a slow reader has made us miss are left out.
fn next(due: Instant, interval: Duration) -> Instant {
    let next = due + interval;
    let now = Instant::now();
    if next > now { next } else { now }
}

fn wait_until(due: Instant, signals: &mut EndSignals, output: &Output) -> Result<Flow, Error> {
    loop {
        let left = due.saturating_duration_since(Instant::now());
        match wait_for_more(None, signals, output, poll_timeout(left))? {
            Flow::On if Instant::now() < due => {}
            flow => return Ok(flow),
        }
    }
}
