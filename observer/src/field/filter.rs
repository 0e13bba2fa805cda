//! Which rows to show: by the values of columns.

use super::{Field, Row, Value, View, select};
use crate::{Error, capabilities};

/// Conditions on columns: of several on one column any must hold, of several columns each.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    columns: Vec<(&'static Field, Vec<String>)>,
}

impl Filter {
    /// Adds the condition that a column has this value: a number, a word, a name; of a list any
    /// of its names, of capabilities the name of one that is set.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDescriptor`]; [`Error::NoFilter`] for a column of time.
    pub fn require(&mut self, column: &str, value: &str) -> Result<(), Error> {
        let field = select::find(column)?;
        if field.always_changes {
            return Err(Error::NoFilter(field.name));
        }
        let place = self.columns.iter().position(|(known, _)| *known == field);
        match place.and_then(|place| self.columns.get_mut(place)) {
            Some((_, values)) => values.push(value.to_owned()),
            None => self.columns.push((field, vec![value.to_owned()])),
        }
        Ok(())
    }

    /// The columns it looks at.
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.columns.iter().map(|(field, _)| *field)
    }

    /// Whether a row meets all conditions.
    pub fn matches(&self, row: &Row, view: &View) -> bool {
        self.columns.iter().all(|(field, wanted)| {
            let value = field.value(row, view);
            wanted.iter().any(|wanted| match &value {
                Some(value) => is(value, wanted),
                None => wanted == field.absent,
            })
        })
    }
}

fn is(value: &Value<'_>, wanted: &str) -> bool {
    match value {
        Value::Number(number) => wanted.parse() == Ok(*number),
        Value::Word(word) => word == wanted,
        Value::Bytes(bytes) => bytes.as_ref() == wanted.as_bytes(),
        Value::Names(names) => names.iter().any(|name| name.as_ref() == wanted.as_bytes()),
        Value::Capabilities { mask, last } => {
            capabilities::text(*mask, *last) == wanted
                || capabilities::names(*mask).any(|name| name == wanted)
        }
        Value::Percent(_) | Value::Elapsed(_) | Value::CpuTime(_) | Value::Moment(..) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_met_as_it_is_printed() {
        assert!(is(&Value::Number(-5), "-5"));
        assert!(!is(&Value::Number(5), "5x"));
        assert!(is(&Value::bytes(b"a b"), "a b"));
        assert!(is(&Value::Names(vec![b"adm"[..].into(), b"lp"[..].into()]), "lp"));
        let some = Value::Capabilities { mask: 1 << 13, last: 40 };
        assert!(is(&some, "NET_RAW") && !is(&some, "none"));
        assert!(is(&Value::Capabilities { mask: 0, last: 40 }, "none"));
    }

    #[test]
    fn a_column_that_always_changes_is_refused() {
        let mut filter = Filter::default();
        assert!(matches!(filter.require("etime", "1s"), Err(Error::NoFilter("etime"))));
        assert!(filter.require("user", "root").is_ok());
        assert!(filter.require("nothing", "x").is_err());
    }
}
