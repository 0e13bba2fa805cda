//! How often tracepoints fire → a table, the most frequent first.

use crate::render::Table;

/// How often one fired.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted<'a> {
    /// Its name.
    pub name: &'a str,
    /// Since the last look.
    pub count: u64,
    /// The same in a second.
    pub rate: f64,
    /// Since the first look.
    pub total: u64,
}

/// A table of these.
pub fn count_table(counted: &[Counted<'_>], header: bool) -> Table {
    let mut table = Table::new(3);
    if header {
        table = table.with_header();
        for name in ["EVENTS/S", "TOTAL", "EVENT"] {
            table.push(name.as_bytes());
        }
    }
    for Counted { name, rate, total, .. } in counted {
        let decimals = if *rate < 10.0 { 1 } else { 0 };
        table.push(format!("{rate:.decimals$}").as_bytes());
        table.push(total.to_string().as_bytes());
        table.push(name.as_bytes());
    }
    table
}
