//! Fields by name, as a program that reads records wants them: numbers and texts, or why not.

use super::{Fault, Format, Value, format::Field};
use crate::Error;

impl Format {
    /// What the field of that name holds in a record.
    ///
    /// # Errors
    ///
    /// [`Fault::UnknownField`], which names those that there are; [`Fault::DamagedRecord`].
    pub fn value<'a>(&self, name: &str, record: &'a [u8]) -> Result<Value<'a>, Error> {
        Ok(self.value_of(self.field(name)?, record)?)
    }

    /// A number that fits into an `i64`. Addresses and truth values are numbers too.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value); [`Fault::WrongKind`] for what is no number;
    /// [`Fault::OutOfRange`] for one above [`i64::MAX`].
    pub fn signed(&self, name: &str, record: &[u8]) -> Result<i64, Error> {
        self.number(name, record, Value::as_i64)
    }

    /// A number that is not negative. Addresses and truth values are numbers too.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value); [`Fault::WrongKind`] for what is no number;
    /// [`Fault::OutOfRange`] for a negative one.
    pub fn unsigned(&self, name: &str, record: &[u8]) -> Result<u64, Error> {
        self.number(name, record, Value::as_u64)
    }

    /// A text, of an array of `char` at its place or elsewhere in the record; its NUL is left out.
    ///
    /// # Errors
    ///
    /// As [`value`](Self::value); [`Fault::WrongKind`] for what is no text.
    pub fn text<'a>(&self, name: &str, record: &'a [u8]) -> Result<&'a [u8], Error> {
        let field = self.field(name)?;
        match self.value_of(field, record)? {
            Value::Text(text) => Ok(text),
            _ => Err(self.wrong_kind(field, "text").into()),
        }
    }

    fn number<'a, T>(
        &self,
        name: &str,
        record: &'a [u8],
        convert: impl Fn(Value<'a>) -> Option<T>,
    ) -> Result<T, Error> {
        let field = self.field(name)?;
        let value = self.value_of(field, record)?;
        let refusal = || match value.as_u64().map(i128::from).or(value.as_i64().map(i128::from)) {
            Some(value) => {
                Fault::OutOfRange { event: self.name.to_string(), field: name.to_owned(), value }
            }
            None => self.wrong_kind(field, "number"),
        };
        Ok(convert(value).ok_or_else(refusal)?)
    }

    fn value_of<'a>(&self, field: &Field, record: &'a [u8]) -> Result<Value<'a>, Fault> {
        field.value(record).map_err(|why| Fault::DamagedRecord {
            event: self.name.to_string(),
            field: field.name.clone(),
            why,
        })
    }

    fn wrong_kind(&self, field: &Field, wanted: &'static str) -> Fault {
        Fault::WrongKind {
            event: self.name.to_string(),
            field: field.name.clone(),
            wanted,
            declaration: field.declaration.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str = "\
name: sample
ID: 1
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:u64 large;\toffset:8;\tsize:8;\tsigned:0;
\tfield:s32 negative;\toffset:16;\tsize:4;\tsigned:1;
\tfield:char comm[4];\toffset:20;\tsize:4;\tsigned:0;
\tfield:__data_loc char[] path;\toffset:24;\tsize:4;\tsigned:0;

print fmt: \"\"
";

    fn format() -> Format {
        Format::parse("test", FORMAT).unwrap()
    }

    fn record() -> Vec<u8> {
        let mut record = vec![0; 8];
        record.extend(u64::MAX.to_ne_bytes());
        record.extend((-7_i32).to_ne_bytes());
        record.extend(b"sh\0\0");
        record.extend(0x0003_001c_u32.to_ne_bytes());
        record.extend(b"/x\0");
        record
    }

    fn fault<T: std::fmt::Debug>(result: Result<T, Error>) -> Fault {
        match result {
            Err(Error::Tracepoint(fault)) => fault,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_and_texts_by_name() {
        let (format, record) = (format(), record());
        assert_eq!(format.unsigned("large", &record).unwrap(), u64::MAX);
        assert_eq!(format.signed("negative", &record).unwrap(), -7);
        assert_eq!(format.text("comm", &record).unwrap(), b"sh");
        assert_eq!(format.text("path", &record).unwrap(), b"/x");
        assert_eq!(format.value("common_type", &record).unwrap(), Value::Unsigned(0));
    }

    #[test]
    fn what_is_not_what_was_asked_for_is_an_error() {
        let (format, record) = (format(), record());
        let told = |fault: Fault| fault.to_string();
        let large = told(fault(format.signed("large", &record)));
        assert!(large.contains("18446744073709551615"), "{large}");
        let negative = told(fault(format.unsigned("negative", &record)));
        assert!(negative.contains("-7"), "{negative}");
        let text = told(fault(format.signed("comm", &record)));
        assert!(text.contains("`char comm[4]`"), "{text}");
        assert!(matches!(fault(format.text("large", &record)), Fault::WrongKind { .. }));
        assert!(matches!(fault(format.value("none", &record)), Fault::UnknownField { .. }));
        let cut = fault(format.text("path", &record[..30]));
        assert!(matches!(cut, Fault::DamagedRecord { ref field, .. } if field == "path"), "{cut}");
    }
}
