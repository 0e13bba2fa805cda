//! One comparison: `FIELD OP VALUE`.

use super::{
    Refused, Why, cpus,
    cursor::{Cursor, is_blank},
    kind::{self, Compared, EVERYWHERE, Kind},
    number,
};
use crate::tracepoint::format::Format;

/// In the kernel's order: the longer ones before those that they begin with.
const OPERATORS: [&str; 8] = ["~", "!=", "==", "<=", "<", ">=", ">", "&"];

/// Longer text does not fit into the kernel's buffer.
const LONGEST_TEXT: usize = 255;

/// A comparison that is under way.
struct Term<'a> {
    field: &'a str,
    kind: Kind,
    operator: &'static str,
    operator_at: usize,
}

/// Goes behind a comparison.
pub(super) fn term(cursor: &mut Cursor<'_>, format: &Format) -> Result<(), Refused> {
    let at = cursor.at();
    let found = cursor.word();
    let field = cursor.take_name();
    if field.is_empty() || field.starts_with(|first: char| first.is_ascii_digit()) {
        return Err((at, Why::NoField { found: found.to_owned() }));
    }
    let Some(kind) = kind::find(field, format) else {
        return Err((
            at,
            Why::UnknownField { name: field.to_owned(), names: nearest(field, format) },
        ));
    };
    cursor.take(".ustring");
    let function = cursor.take(".function");
    let (operator_at, operator) = operator(cursor)?;
    let term = Term { field, kind, operator, operator_at };
    cursor.skip_blank();
    if function { term.function(cursor) } else { term.value(cursor) }
}

fn operator(cursor: &mut Cursor<'_>) -> Result<(usize, &'static str), Refused> {
    cursor.skip_blank();
    let at = cursor.at();
    let found = OPERATORS.into_iter().find(|operator| cursor.take(operator));
    found.map(|operator| (at, operator)).ok_or_else(|| {
        (
            at,
            if cursor.peek() == Some(b'[') {
                Why::Element
            } else {
                Why::NoOperator { found: cursor.word().to_owned() }
            },
        )
    })
}

impl Term<'_> {
    fn value(&self, cursor: &mut Cursor<'_>) -> Result<(), Refused> {
        let at = cursor.at();
        if cursor.take("CPUS{") {
            return self.cpus(cursor, at);
        }
        match cursor.peek() {
            Some(b'"') => self.text(cursor, '"'),
            Some(b'\'') => self.text(cursor, '\''),
            Some(b'-' | b'0'..=b'9') => self.number(cursor),
            _ => Err((at, self.no_value(cursor.word()))),
        }
    }

    fn text(&self, cursor: &mut Cursor<'_>, quote: char) -> Result<(), Refused> {
        let at = cursor.at();
        if self.kind.compared != Compared::Text {
            return Err((at, Why::NotText { field: self.field.to_owned() }));
        }
        self.allow(&["==", "!=", "~"])?;
        cursor.take(quote.encode_utf8(&mut [0; 4]));
        match cursor.take_until(quote) {
            None => Err((at, Why::NeverQuoted { quote })),
            Some(text) if text.len() > LONGEST_TEXT => Err((at, Why::TextTooLong)),
            Some(_) => Ok(()),
        }
    }

    fn number(&self, cursor: &mut Cursor<'_>) -> Result<(), Refused> {
        let at = cursor.at();
        let field = || self.field.to_owned();
        let signed = match self.kind.compared {
            Compared::Number { signed } => signed,
            Compared::Text => return Err((at, Why::NotANumber { field: field() })),
            Compared::Cpus => return Err((at, Why::NotACpu { field: field() })),
            Compared::Never => return Err((at, Why::Incomparable { field: field() })),
        };
        if self.operator == "~" {
            return Err((self.operator_at, Why::GlobOnNumber { field: field() }));
        }
        let minus = cursor.take("-");
        let digits = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
        let text = format!("{}{digits}", if minus { "-" } else { "" });
        let fits = if signed { number::is_signed(&text) } else { number::is_unsigned(&text) };
        if fits {
            return Ok(());
        }
        match number::without_sign(&text, self.kind.size) {
            Some(value) if !signed => Err((at, Why::Negative { field: field(), value })),
            _ => Err((at, Why::BadNumber { text })),
        }
    }

    /// `CPUS{0-3}`, behind the brace.
    fn cpus(&self, cursor: &mut Cursor<'_>, at: usize) -> Result<(), Refused> {
        match self.kind.compared {
            Compared::Number { .. } | Compared::Cpus => {}
            Compared::Text => return Err((at, Why::NotANumber { field: self.field.to_owned() })),
            Compared::Never => {
                return Err((at, Why::Incomparable { field: self.field.to_owned() }));
            }
        }
        self.allow(&["==", "!=", "&"])?;
        match cursor.take_until('}') {
            Some(list) if cpus::is_list(list) => Ok(()),
            Some(list) => Err((at, Why::BadCpus { list: list.to_owned() })),
            None => Err((at, Why::NeverClosed)),
        }
    }

    /// `vfs_read`, or an address within.
    fn function(&self, cursor: &mut Cursor<'_>) -> Result<(), Refused> {
        let at = cursor.at();
        if self.kind.size != size_of::<u64>() {
            return Err((at, Why::NoAddress { field: self.field.to_owned() }));
        }
        self.allow(&["==", "!="])?;
        let (function, is_one) = if cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            let address = cursor.take_while(|byte| byte.is_ascii_alphanumeric());
            (address, number::is_unsigned(address))
        } else {
            let name = cursor.take_while(|byte| byte.is_ascii_graphic());
            (name, is_symbol(name) && is_behind_blank_or_end(cursor))
        };
        if is_one { Ok(()) } else { Err((at, Why::NoFunction { found: function.to_owned() })) }
    }

    fn allow(&self, operators: &'static [&'static str]) -> Result<(), Refused> {
        if operators.contains(&self.operator) {
            return Ok(());
        }
        let why =
            Why::BadOperator { operator: self.operator, field: self.field.to_owned(), operators };
        Err((self.operator_at, why))
    }

    fn no_value(&self, found: &str) -> Why {
        match self.kind.compared {
            Compared::Text => Why::NotQuoted { found: found.to_owned() },
            _ => Why::NoNumber { found: found.to_owned() },
        }
    }
}

/// Names of functions have dots where a compiler made parts of them.
fn is_symbol(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'$');
    !name.is_empty() && name.bytes().all(is_part)
}

fn is_behind_blank_or_end(cursor: &Cursor<'_>) -> bool {
    cursor.peek().is_none_or(is_blank)
}

/// All names that could have been meant, the most similar first.
fn nearest(name: &str, format: &Format) -> Vec<String> {
    let fields = format.fields.iter().chain(&format.common).map(|field| field.name.as_str());
    let mut names: Vec<&str> = fields.chain(EVERYWHERE).collect();
    let alike = |known: &str| strsim::normalized_damerau_levenshtein(&name.to_lowercase(), known);
    names.sort_by(|left, right| alike(right).total_cmp(&alike(left)));
    let mut seen = Vec::new();
    for name in names {
        if !seen.iter().any(|known| known == name) {
            seen.push(name.to_owned());
        }
    }
    seen
}
