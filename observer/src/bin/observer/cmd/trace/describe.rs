//! What there is to trace: names, and the fields of some.

use observer::{
    render::trace::{described, description, listed, listing},
    tracepoint::Tracefs,
};

use super::choose::find;
use crate::{
    exit::{Failure, Outcome},
    output::print,
};

pub(super) fn list(tracefs: &Tracefs, pattern: &str, json: bool) -> Result<Outcome, Failure> {
    let names = find(tracefs, pattern)?;
    print(&if json { listed(&names) } else { listing(&names) })?;
    Ok(Outcome::Fine)
}

/// One document or table for each that matches.
pub(super) fn show(
    tracefs: &Tracefs,
    pattern: &str,
    json: bool,
    header: bool,
) -> Result<Outcome, Failure> {
    let names = find(tracefs, pattern)?;
    let mut text = Vec::new();
    for name in &names {
        let format = tracefs.format(name)?;
        if json {
            text.extend(described(&format));
            continue;
        }
        if names.len() > 1 {
            text.extend(format!("{name}\n").into_bytes());
        }
        text.extend(description(&format, header));
    }
    print(&text)?;
    Ok(Outcome::Fine)
}
