//! How often tracepoints fire → a table, the most frequent first.

use super::Header;
use crate::render::Table;

/// How often one fired.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Since the last look.
    pub count: u64,
    /// How often per second.
    pub rate: f64,
    /// Since the first look.
    pub total: u64,
}

/// What fired in an interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tally<'a> {
    /// When the interval ended, in nanoseconds since boot.
    pub boot_ns: u64,
    /// How long it was.
    pub interval_ns: u64,
    /// What fired in it, the most frequent first.
    pub events: &'a [Counted<'a>],
}

/// A table of these.
pub fn count_table(counted: &[Counted<'_>], header: Header) -> Table {
    let mut table = Table::new(3);
    if header == Header::Yes {
        table = table.with_header();
        for name in ["EVENTS/S", "TOTAL", "EVENT"] {
            table.push(name.as_bytes());
        }
    }
    for Counted { name, rate, total, .. } in counted {
        let decimals = usize::from(*rate < 10.0);
        table.push(format!("{rate:.decimals$}").as_bytes());
        table.push(total.to_string().as_bytes());
        table.push(name.as_bytes());
    }
    table
}
