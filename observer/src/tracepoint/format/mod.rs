//! The format file of a tracepoint: its id, the fields of its records, the words of their values.
//!
//! Records are read by this and not by fixed layouts: they differ from kernel to kernel. What is
//! not understood whole is refused, with the line that is the cause.

mod ctype;
mod declaration;
mod field;
mod scalar;
mod shape;

pub(super) use self::ctype::CType;
pub use self::{
    field::Field,
    scalar::{Kind, Scalar},
    shape::Shape,
};
pub use crate::error::record::FormatError;

use super::{Fault, Name, words};
use crate::{Error, nearest::sorted};

/// How the records of a tracepoint are laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Format {
    /// Whose records.
    pub name: Name,
    /// What `perf_event_open(2)` knows it by; other after each boot.
    pub id: u32,
    /// The fields that every tracepoint has, first in the record; their names begin with `common_`.
    pub common: Vec<Field>,
    /// Its own fields.
    pub fields: Vec<Field>,
    /// The format line for printing, as it stands: a C string and expressions.
    pub print: String,
}

impl Format {
    /// Parses a format file of this system.
    ///
    /// # Errors
    ///
    /// What is not there or not understood.
    pub fn parse(system: &str, text: &str) -> Result<Self, FormatError> {
        let (head, print) =
            text.split_once("\nprint fmt: ").ok_or(FormatError::Missing("print fmt:"))?;
        let print = print.strip_suffix('\n').unwrap_or(print);
        let event = value_of("name: ", head).ok_or(FormatError::Missing("name:"))?;
        let name = Name::new(system, event).map_err(|_no_name| FormatError::Missing("name:"))?;
        let id = value_of("ID: ", head).and_then(|id| id.parse().ok());
        let id = id.ok_or(FormatError::Missing("ID:"))?;
        let (_, lines) = head.split_once("\nformat:\n").ok_or(FormatError::Missing("format:"))?;
        // An empty line stands between the two.
        let (common, own) = lines.split_once("\n\n").unwrap_or((lines, ""));
        let mut format = Self {
            name,
            id,
            common: fields(common)?,
            fields: fields(own)?,
            print: print.to_owned(),
        };
        format.find_words();
        Ok(format)
    }

    /// All fields, the common ones first.
    pub fn all_fields(&self) -> impl Iterator<Item = &Field> {
        self.common.iter().chain(&self.fields)
    }

    /// The field of that name.
    ///
    /// # Errors
    ///
    /// [`Fault::UnknownField`], which names those that there are.
    pub fn field(&self, name: &str) -> Result<&Field, Error> {
        let found = self.fields.iter().chain(&self.common).find(|field| field.name == name);
        found.ok_or_else(|| self.unknown(name).into())
    }

    fn unknown(&self, name: &str) -> Fault {
        let known = self.fields.iter().chain(&self.common).map(|field| field.name.as_str());
        let known = sorted(name, known).into_iter().map(str::to_owned).collect();
        Fault::UnknownField { event: self.name.to_string(), field: name.to_owned(), known }
    }

    fn find_words(&mut self) {
        for (name, words) in words::of_print(&self.print) {
            let single = |field: &&mut Field| matches!(field.shape, Shape::Scalar(_));
            let mut fields = self.fields.iter_mut().filter(single);
            if let Some(field) = fields.find(|field| field.name == name) {
                field.words = words;
            }
        }
    }
}

fn value_of<'a>(key: &str, head: &'a str) -> Option<&'a str> {
    head.lines().find_map(|line| line.strip_prefix(key))
}

fn fields(lines: &str) -> Result<Vec<Field>, FormatError> {
    lines.lines().filter(|line| !line.is_empty()).map(Field::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SWITCH: &str = "\
name: sched_switch
ID: 372
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:char prev_comm[16];\toffset:8;\tsize:16;\tsigned:0;
\tfield:long prev_state;\toffset:32;\tsize:8;\tsigned:1;

print fmt: \"%s\\n
 %s\", REC->prev_comm, __print_symbolic(REC->prev_state, { 1, \"S\" })
";

    fn names(fields: &[Field]) -> Vec<&str> {
        fields.iter().map(|field| field.name.as_str()).collect()
    }

    #[test]
    fn a_file_has_a_name_an_id_and_two_groups_of_fields() {
        let format = Format::parse("sched", SWITCH).unwrap();
        assert_eq!(format.name.to_string(), "sched:sched_switch");
        assert_eq!(format.id, 372);
        assert_eq!(names(&format.common), ["common_type", "common_pid"]);
        assert_eq!(names(&format.fields), ["prev_comm", "prev_state"]);
        assert!(format.print.starts_with("\"%s\\n\n %s\""), "{}", format.print);
        assert!(format.print.ends_with("\"S\" })"), "{}", format.print);
    }

    #[test]
    fn only_the_field_that_is_printed_in_words_has_them() {
        let format = Format::parse("sched", SWITCH).unwrap();
        let with_words = format.all_fields().filter(|field| field.words.is_some());
        assert_eq!(with_words.map(|field| field.name.as_str()).collect::<Vec<_>>(), ["prev_state"]);
    }

    #[test]
    fn a_tracepoint_may_have_no_field_of_its_own() {
        let begin = SWITCH.find("\tfield:char").unwrap();
        let end = SWITCH.find("print fmt").unwrap();
        let text = format!("{}\n{}", &SWITCH[..begin], &SWITCH[end..]);
        let format = Format::parse("sched", &text).unwrap();
        assert_eq!(names(&format.common), ["common_type", "common_pid"]);
        assert_eq!(names(&format.fields), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named() {
        for missing in ["name:", "ID:", "format:", "print fmt:"] {
            let text = SWITCH.replacen(missing, "x:", 1);
            assert_eq!(Format::parse("sched", &text), Err(FormatError::Missing(missing)));
        }
        let text = SWITCH.replace("offset:8;", "offset:8,");
        let error = Format::parse("sched", &text).unwrap_err().to_string();
        assert!(error.contains("char prev_comm[16]"), "{error}");
    }

    #[test]
    fn an_unknown_field_is_an_error_that_names_the_others() {
        let format = Format::parse("sched", SWITCH).unwrap();
        assert_eq!(format.field("common_pid").unwrap().offset, 4);
        match format.field("prev_stat") {
            Err(Error::Tracepoint(fault @ Fault::UnknownField { .. })) => {
                let remedy = fault.remedy().unwrap();
                assert!(remedy.starts_with("it has `prev_state`"), "{remedy}");
                assert!(remedy.contains("`common_type`"), "{remedy}");
            }
            other => panic!("{other:?}"),
        }
    }
}
