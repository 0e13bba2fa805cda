//! What became of the events of a stream, told once at its end.

use observer::pace::Totals;

/// On stderr, beside a stream that printed so many.
#[expect(clippy::print_stderr, reason = "what is not part of the stream")]
pub(crate) fn tell_totals(totals: &Totals, printed: u64) {
    let Totals { produced, delivered, lost, malformed } = totals;
    eprintln!(
        "observer: {printed} events printed; {produced} produced, {delivered} delivered, {lost} lost"
    );
    if *malformed > 0 {
        eprintln!("observer: {malformed} records could not be understood; please report this");
    }
}
