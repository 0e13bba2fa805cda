//! Cells → a table for people: columns as wide as their widest cell, as psgo lays them out.

use std::fmt::Write as _;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::{Color, Escaped, text};

/// Blanks between a column's widest cell and the next column.
const PADDING: usize = 3;
/// No column is narrower, its padding included.
const NARROWEST: usize = 5;

/// A table that is filled row by row and written once all widths are known.
#[derive(Debug)]
pub struct Table {
    /// All cells, escaped, one behind the other.
    text: String,
    /// Where each cell ends.
    ends: Vec<usize>,
    widths: Vec<usize>,
    has_header: bool,
}

impl Table {
    /// A table of so many columns.
    pub fn new(columns: usize) -> Self {
        Self {
            text: String::new(),
            ends: Vec::new(),
            widths: vec![NARROWEST - PADDING; columns.max(1)],
            has_header: false,
        }
    }

    /// Says that the first row is a header.
    #[must_use]
    pub fn with_header(mut self) -> Self {
        self.has_header = true;
        self
    }

    /// Adds a cell behind the last, in the next row when that is full. Whatever could hurt a
    /// terminal is spelled out.
    pub fn push(&mut self, cell: &[u8]) {
        let begin = self.text.len();
        let _infallible = write!(self.text, "{}", Escaped(cell));
        let column = self.ends.len() % self.widths.len();
        self.ends.push(self.text.len());
        let width = display_width(self.text.get(begin..).unwrap_or_default());
        if let Some(widest) = self.widths.get_mut(column) {
            *widest = width.max(*widest);
        }
    }

    /// Writes all rows, some at a time. What the last column has beyond the terminal's width is
    /// cut.
    ///
    /// # Errors
    ///
    /// Whatever `write` returns.
    pub fn write<E>(
        &self,
        cut: Option<usize>,
        color: Color,
        mut write: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        /// Gathered between two writes.
        const PIECE: usize = 64 << 10;
        let room = cut.and_then(|width| width.checked_sub(self.offset_of_last()));
        let mut out = Vec::with_capacity(PIECE * 2);
        let mut begin = 0;
        for (index, ends) in self.ends.chunks(self.widths.len()).enumerate() {
            let bold = self.has_header && index == 0 && color == Color::Yes;
            let (before, after) = if bold { (text::BOLD, text::RESET) } else { ("", "") };
            out.extend_from_slice(before.as_bytes());
            begin = self.write_row(&mut out, begin, ends, room);
            out.extend_from_slice(after.as_bytes());
            out.push(b'\n');
            if out.len() >= PIECE {
                write(&out)?;
                out.clear();
            }
        }
        write(&out)
    }

    /// Appends one row: `begin` is where its first cell starts, `ends` where each cell ends.
    fn write_row(
        &self,
        out: &mut Vec<u8>,
        mut begin: usize,
        ends: &[usize],
        room: Option<usize>,
    ) -> usize {
        let last = self.widths.len() - 1;
        for ((column, end), width) in ends.iter().enumerate().zip(&self.widths) {
            let cell = self.text.get(begin..*end).unwrap_or_default();
            begin = *end;
            if column == last {
                out.extend_from_slice(prefix(cell, room).as_bytes());
            } else {
                pad(out, cell, *width);
            }
        }
        trim_blanks(out);
        begin
    }

    /// The column of the screen at which the last column begins.
    fn offset_of_last(&self) -> usize {
        self.widths.iter().rev().skip(1).map(|width| width + PADDING).sum()
    }
}

fn pad(out: &mut Vec<u8>, cell: &str, width: usize) {
    out.extend_from_slice(cell.as_bytes());
    let blanks = (width + PADDING).saturating_sub(display_width(cell));
    out.resize(out.len() + blanks, b' ');
}

/// What would only move the cursor before a line ends.
fn trim_blanks(out: &mut Vec<u8>) {
    while out.last() == Some(&b' ') {
        out.pop();
    }
}

/// Columns that a terminal takes to show it.
pub(super) fn display_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}

/// As much of a cell as there is room for.
fn prefix(cell: &str, room: Option<usize>) -> &str {
    let Some(room) = room.filter(|room| *room < cell.len()) else {
        return cell;
    };
    let mut used = 0;
    let end = cell.char_indices().find(|(_, character)| {
        used += character.width().unwrap_or(0);
        used > room
    });
    end.and_then(|(at, _)| cell.get(..at)).unwrap_or(cell)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(columns: usize, cells: &[&[u8]], cut: Option<usize>) -> String {
        let mut table = Table::new(columns);
        for cell in cells {
            table.push(cell);
        }
        let mut out = Vec::new();
        let written: Result<(), std::convert::Infallible> = table.write(cut, Color::No, |piece| {
            out.extend_from_slice(piece);
            Ok(())
        });
        written.unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let cells: [&[u8]; 6] = [b"PID", b"USER", b"COMMAND", b"12345", b"root", b"sh -c x"];
        assert_eq!(table(3, &cells, None), "PID     USER   COMMAND\n12345   root   sh -c x\n");
        assert_eq!(table(2, &[b"", b"S"], None), "     S\n", "five columns at least");
        assert_eq!(table(2, &["日本".as_bytes(), b"x"], None), "日本   x\n");
    }

    #[test]
    fn only_the_last_column_is_cut_and_no_blank_is_left_behind() {
        assert_eq!(table(2, &[b"12345", b"abcdef"], Some(10)), "12345   ab\n");
        assert_eq!(table(2, &[b"12345", b"ab  cd"], Some(12)), "12345   ab\n");
        assert_eq!(table(2, &[b"12345", "日本".as_bytes()], Some(11)), "12345   日\n");
        // A terminal on which it would not even begin shows it whole.
        assert_eq!(table(2, &[b"12345", b"abcdef"], Some(4)), "12345   abcdef\n");
        assert_eq!(table(2, &[b"12345", b""], None), "12345\n");
    }

    #[test]
    fn what_would_hurt_a_terminal_is_spelled_out() {
        assert_eq!(table(1, &[b"a\n\x1b[31m\xff"], None), "a\\n\\x1b[31m\\xff\n");
    }
}
