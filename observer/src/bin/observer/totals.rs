//! What became of the events of a stream, told once at its end.

use observer::pace::Totals;

/// On stderr, beside a stream that printed so many.
#[expect(clippy::print_stderr, reason = "what is not part of the stream")]
pub(crate) fn tell_totals(totals: &Totals, printed: u64) {
    let Totals { delivered, lost, malformed, .. } = totals;
    let events = if printed == 1 { "event" } else { "events" };
    eprintln!("observer: {printed} {events} printed (of {delivered} seen; {lost} lost)");
    if *malformed > 0 {
        let records = if *malformed == 1 { "record" } else { "records" };
        eprintln!("observer: {malformed} {records} could not be decoded; please report this");
    }
}
