//! What was asked for → columns.

use std::borrow::Cow;

use super::{DEFAULT, Field};
use crate::Error;

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// What it shows.
    pub field: &'static Field,
    /// What stands above it.
    pub header: Cow<'static, str>,
}

impl From<&'static Field> for Column {
    fn from(field: &'static Field) -> Self {
        Self { field, header: Cow::Borrowed(field.header) }
    }
}

/// The names of all columns, sorted.
pub fn list() -> Vec<&'static str> {
    Field::all().map(|field| field.name).collect()
}

/// The columns of a listing that asks for none.
pub fn default_columns() -> Vec<Column> {
    DEFAULT.iter().filter_map(|name| named(name)).map(Column::from).collect()
}

/// The column of this name, synonym or code.
///
/// # Errors
///
/// [`Error::UnknownDescriptor`] with the names that come nearest.
pub fn find(name: &str) -> Result<&'static Field, Error> {
    named(name)
        .ok_or_else(|| Error::UnknownDescriptor { name: name.to_owned(), nearest: nearest(name) })
}

/// The columns of a list as it is typed: items between commas or blanks, each a name or a code;
/// `name=Header` renames a column, `name=` leaves its header empty. Empty items are passed over;
/// a list of nothing else means the default columns.
///
/// # Errors
///
/// As [`find`].
pub fn parse_columns(list: &str) -> Result<Vec<Column>, Error> {
    let items = list.split([',', ' ', '\t', '\n']).filter(|item| !item.is_empty());
    let columns = items.map(column).collect::<Result<Vec<_>, _>>()?;
    Ok(or_default(columns))
}

/// The columns of a list of items, each a name or a code, blanks around it allowed.
///
/// # Errors
///
/// As [`find`].
pub fn parse_items(items: &[&str]) -> Result<Vec<Column>, Error> {
    let items = items.iter().map(|item| item.trim()).filter(|item| !item.is_empty());
    let columns = items.map(|item| find(item).map(Column::from));
    Ok(or_default(columns.collect::<Result<Vec<_>, _>>()?))
}

fn or_default(columns: Vec<Column>) -> Vec<Column> {
    if columns.is_empty() { default_columns() } else { columns }
}

fn column(item: &str) -> Result<Column, Error> {
    match item.split_once('=') {
        Some((name, header)) => {
            Ok(Column { field: find(name)?, header: Cow::Owned(header.to_owned()) })
        }
        None => find(item).map(Column::from),
    }
}

fn named(name: &str) -> Option<&'static Field> {
    let code = name.strip_prefix('%').and_then(single);
    Field::all().find(|field| {
        field.name == name
            || field.synonyms.contains(&name)
            || (code.is_some() && field.code == code)
    })
}

fn single(text: &str) -> Option<char> {
    let mut characters = text.chars();
    characters.next().filter(|_| characters.next().is_none())
}

/// At most three names, the most similar first.
fn nearest(name: &str) -> Vec<&'static str> {
    let names = Field::all().flat_map(|field| field.synonyms.iter().chain([&field.name]));
    crate::nearest::nearest(name, names.copied(), 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &str) -> Vec<&'static str> {
        parse_columns(list).unwrap().iter().map(|column| column.field.name).collect()
    }

    fn unknown<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        match result.unwrap_err() {
            Error::UnknownDescriptor { name, .. } => name,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn commas_blanks_codes_and_names() {
        assert_eq!(names("pid,user"), ["pid", "user"]);
        assert_eq!(names(" pid  %C,args\targs "), ["pid", "pcpu", "args", "args"]);
        assert_eq!(names("pid,"), ["pid"]);
        assert_eq!(names(","), DEFAULT);
        assert_eq!(names(""), DEFAULT);
        assert_eq!(names("cmd,ni,%cpu"), ["args", "nice", "pcpu"]);
    }

    #[test]
    fn every_name_and_code_is_found() {
        for field in Field::all() {
            assert_eq!(find(field.name).unwrap(), field);
            if let Some(code) = field.code {
                assert_eq!(find(&format!("%{code}")).unwrap(), field);
            }
        }
        assert_eq!(list().len(), Field::all().count());
    }

    #[test]
    fn a_header_can_be_renamed_or_left_out() {
        let columns = parse_columns("pid=Process,user=,%c=N=1").unwrap();
        let headers: Vec<_> = columns.iter().map(|column| column.header.as_ref()).collect();
        assert_eq!(headers, ["Process", "", "N=1"]);
    }

    #[test]
    fn what_is_unknown_is_named_with_its_neighbours() {
        for name in ["foo", "PID", "%X", "%%", "%", "p"] {
            assert_eq!(unknown(parse_columns(&format!("pid,{name}"))), name);
        }
        assert_eq!(unknown(parse_items(&["pid user"])), "pid user");
        let near = |name: &str| match find(name).unwrap_err() {
            Error::UnknownDescriptor { nearest, .. } => nearest,
            other => panic!("{other}"),
        };
        assert!(near("usr").contains(&"user"));
        assert!(near("PID").contains(&"pid"));
        assert!(near("capef").contains(&"capeff"));
        assert!(near("zzzzz").is_empty());
    }

    #[test]
    fn items_are_trimmed_and_empty_ones_passed_over() {
        let columns = parse_items(&[" pid ", "", "%u"]).unwrap();
        let names: Vec<_> = columns.iter().map(|column| column.field.name).collect();
        assert_eq!(names, ["pid", "ruser"]);
        assert_eq!(parse_items(&[]).unwrap(), default_columns());
    }
}
