//! What there is to trace: names, and the fields of some.

use observer::{
    render::trace::{described, description, listed, listing},
    tracepoint::Tracefs,
};

use super::{choose::find, header};
use crate::{
    exit::{Failure, Outcome},
    output::print,
    plan::Format,
};

pub(super) fn list(tracefs: &Tracefs, pattern: &str, format: &Format) -> Result<Outcome, Failure> {
    let names = find(tracefs, pattern)?;
    let json = matches!(format, Format::Json);
    print(&if json { listed(&names) } else { listing(&names) })?;
    Ok(Outcome::Fine)
}

/// One document or table for each that matches.
pub(super) fn show(tracefs: &Tracefs, pattern: &str, format: &Format) -> Result<Outcome, Failure> {
    let names = find(tracefs, pattern)?;
    let mut text = Vec::new();
    for name in &names {
        let fields = tracefs.format(name)?;
        if let Format::Json = format {
            text.extend(described(&fields));
            continue;
        }
        if names.len() > 1 {
            text.extend(format!("{name}\n").into_bytes());
        }
        text.extend(description(&fields, header(format)));
    }
    print(&text)?;
    Ok(Outcome::Fine)
}
