//! The kernel's filter language, checked before the kernel sees it: it refuses with a bare number,
//! which for half of the mistakes is that of a missing right or file. Refuses nothing that the
//! kernel takes and can mean something; changes nothing: what is handed on is what was typed.
//!
//! An expression is comparisons with `&&`, `||`, `!` and parentheses between them; `&&` binds
//! tighter. A comparison is `FIELD OP VALUE`:
//!
//! | field | operators | value |
//! | --- | --- | --- |
//! | number, pointer, array of 1, 2, 4 or 8 bytes | `==` `!=` `<` `<=` `>` `>=` `&` | `12`, `-1` if it is signed, `0x1f`, `017` |
//! | text: `char` array, `__data_loc char[]`, `char *` | `==` `!=` `~` | `"x"` or `'x'`; with `~` a glob of `*` `?` `[ab]` |
//! | number or `cpumask_t`, since Linux 6.7 | `==` `!=` `&` | `CPUS{0-3,5}` |
//! | 8 bytes, as `FIELD.function`, since Linux 6.5 | `==` `!=` | a kernel function's name or address |
//!
//! `FIELD.ustring` reads the text behind a pointer from the memory of the process. Besides the
//! event's fields there are `comm` and `cpu`, the current task's name and CPU, also written in
//! capitals.
//!
//! Two habits of the kernel's globs: one that begins with a digit stands for itself (`"1*"`), and at
//! the end of text of fixed size it looks behind the text (`"*sh"`). A bracket helps both: `"[1]*"`,
//! `"*[s]h"`.
//!
//! Refused here although some kernels take it, since it means nothing: an operator with nothing
//! behind it at the end (`pid == 1 &&`); a number compared with an array of another size, with a
//! dynamic array or with `stacktrace`, which is never true, or true by chance. Left to the kernel:
//! whether a function of that name is there, and whether it has that many CPUs.

mod cpus;
mod cursor;
mod error;
mod kind;
mod number;
mod term;

use std::ffi::CString;

pub use self::error::{FilterError, Why};
use self::{cursor::Cursor, term::term};
use crate::tracepoint::format::Format;

/// The kernel reads a page at most, the end included.
const LONGEST: usize = 4095;

/// Checks an expression against the fields of an event. What comes back is for the kernel
/// (`PERF_EVENT_IOC_SET_FILTER`, see `perf_event_open(2)`).
///
/// # Errors
///
/// [`FilterError`] with the place and the cause.
pub fn check(expression: &str, format: &Format) -> Result<CString, FilterError> {
    let failed = |(column, why)| FilterError {
        event: format.name.to_string(),
        expression: expression.to_owned(),
        column,
        why,
    };
    walk(expression, format).map_err(failed)?;
    // The walk lets no NUL through.
    CString::new(expression).map_err(|error| failed((error.nul_position(), Why::Nul)))
}

/// A cause and its place.
type Refused = (usize, Why);

fn walk(expression: &str, format: &Format) -> Result<(), Refused> {
    refuse_what_no_filter_can_be(expression)?;
    let mut cursor = Cursor::new(expression);
    let mut open = Vec::new();
    loop {
        cursor.skip_blank();
        let at = cursor.at();
        if cursor.take("(") {
            open.push(at);
        } else if cursor.is_not() {
            cursor.take("!");
        } else {
            term(&mut cursor, format)?;
            if !joined(&mut cursor, &mut open)? {
                return Ok(());
            }
        }
    }
}

fn refuse_what_no_filter_can_be(expression: &str) -> Result<(), Refused> {
    if expression.len() > LONGEST {
        return Err((LONGEST, Why::TooLong));
    }
    match expression.find('\0') {
        Some(at) => Err((at, Why::Nul)),
        None => Ok(()),
    }
}

/// What stands behind a comparison: whether another follows. An end is one only where nothing is
/// open.
fn joined(cursor: &mut Cursor<'_>, open: &mut Vec<usize>) -> Result<bool, Refused> {
    loop {
        cursor.skip_blank();
        let at = cursor.at();
        if cursor.is_at_end() {
            return open.pop().map_or(Ok(false), |at| Err((at, Why::NeverClosed)));
        }
        if cursor.take("&&") || cursor.take("||") {
            return Ok(true);
        }
        if !cursor.take(")") {
            return Err((at, Why::NotJoined { found: cursor.word().to_owned() }));
        }
        if open.pop().is_none() {
            return Err((at, Why::ClosesNothing));
        }
    }
}

#[cfg(test)]
mod tests;
