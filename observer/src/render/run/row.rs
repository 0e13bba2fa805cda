//! One line of the tree and of the timeline, before it is known what there is room for.

use super::words::Column;
use crate::{
    cause::Item,
    render::{table::display_width, text::cut},
};

/// What may stand before the tree, from left to right.
pub(super) const COLUMNS: [Column; 10] = [
    Column::Start,
    Column::Duration,
    Column::Exit,
    Column::Cpu,
    Column::Rss,
    Column::Role,
    Column::Part,
    Column::Container,
    Column::Because,
    Column::Pid,
];

/// One line of the tree, with everything that could stand in it.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) item: Item<'a>,
    /// One for each of [`COLUMNS`].
    pub(super) cells: Vec<String>,
    /// The lines of the tree and what hangs there.
    pub(super) tree: String,
    /// The command in short: only the last program, without its directory.
    pub(super) label: String,
    pub(super) style: &'static str,
}

/// Cuts a text to a width, with a mark.
pub(super) fn shorten(text: &mut String, width: usize) {
    if display_width(text) > width {
        cut(text, width.saturating_sub(1));
        text.push('…');
    }
}
