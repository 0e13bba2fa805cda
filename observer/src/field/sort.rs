//! The order of rows.

use std::cmp::Ordering;

use super::{Field, Row, View, select};
use crate::Error;

/// A column to sort by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SortKey {
    /// Which.
    pub field: &'static Field,
    /// Largest first.
    pub descending: bool,
}

impl SortKey {
    /// Parses `[-]NAME,…`; `+NAME` is allowed, as in ps(1).
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDescriptor`].
    pub fn parse_list(list: &str) -> Result<Vec<Self>, Error> {
        let items = list.split([',', ' ']).filter(|item| !item.is_empty());
        items.map(Self::parse).collect()
    }

    fn parse(item: &str) -> Result<Self, Error> {
        let (name, descending) = match item.strip_prefix('-') {
            Some(name) => (name, true),
            None => (item.strip_prefix('+').unwrap_or(item), false),
        };
        Ok(Self { field: select::find(name)?, descending })
    }

    fn compare(self, left: &Row, right: &Row, view: &View) -> Ordering {
        match (self.field.value(left, view), self.field.value(right, view)) {
            (Some(left), Some(right)) if self.descending => right.compare(&left),
            (Some(left), Some(right)) => left.compare(&right),
            // The unknown comes last, either way.
            (left, right) => right.is_some().cmp(&left.is_some()),
        }
    }
}

/// Sorts rows by the first key, rows that are equal in it by the next.
pub fn sort(rows: &mut [Row], keys: &[SortKey], view: &View) {
    if keys.is_empty() {
        return;
    }
    rows.sort_by(|left, right| {
        let orders = keys.iter().map(|key| key.compare(left, right, view));
        orders.fold(Ordering::Equal, Ordering::then)
    });
}
