//! The columns of a listing: what each is called, what it needs to know, and how its value
//! follows from a [`Row`].
//!
//! Adding one is a line in `registry.rs` and, where none fits, a function in the file of its
//! topic. Pure: nothing here reads a clock or a file.

mod filter;
mod process;
mod registry;
mod row;
mod security;
mod select;
mod sort;
mod time;
mod usage;
mod users;
mod value;
mod view;

use std::fmt;

pub use self::{
    filter::Filter,
    registry::{DEFAULT, PSGO},
    row::{CpuTime, Identity, Inside, Owner, Row, Stat, Status},
    select::{Column, default_columns, find, list, parse_columns, parse_items},
    sort::{SortKey, sort},
    value::{MomentStyle, Value},
    view::{Instant, Times, View},
};
use crate::facts::Facts;

/// A column that can be asked for.
pub struct Field {
    /// Its name: psgo's, or else ps's.
    pub name: &'static str,
    /// The letter of its AIX code: `p` for `%p`.
    pub code: Option<char>,
    /// Other names it is known by, ps's mostly.
    pub synonyms: &'static [&'static str],
    /// Its header in a table.
    pub header: &'static str,
    /// What it tells, and in which unit.
    pub doc: &'static str,
    /// What it needs to know.
    pub needs: Facts,
    /// What stands where that is unknown.
    pub absent: &'static str,
    /// Whether its value changes all the time.
    pub always_changes: bool,
    get: Getter,
}

type Getter = for<'a> fn(&'a Row, &'a View) -> Option<Value<'a>>;

impl Field {
    /// The cell of a row; `None` where it is unknown.
    pub fn value<'a>(&self, row: &'a Row, view: &'a View) -> Option<Value<'a>> {
        (self.get)(row, view)
    }

    /// Every column, by name.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        registry::FIELDS.iter()
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Field").field(&self.name).finish()
    }
}

impl PartialEq for Field {
    /// Names are unique.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Field {}
