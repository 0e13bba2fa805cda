//! What tracepoints there are, and how the records of one are laid out → text and JSON.

use std::{borrow::Cow, convert::Infallible};

use super::Header;
use crate::{
    render::{
        Color, Table,
        json::write,
        schema::{
            self, DescribedField, Number, TraceLine, TracepointDescription, TracepointList,
            WordOfNumber,
        },
    },
    tracepoint::{
        Name, Words,
        format::{Field, Format},
    },
};

/// The names, one a line.
pub fn listing(names: &[Name]) -> Vec<u8> {
    let mut table = Table::new(1);
    for name in names {
        table.push(name.to_string().as_bytes());
    }
    written(&table)
}

/// The names as a document.
pub fn listed(names: &[Name]) -> Vec<u8> {
    let events = names.iter().map(Name::to_string).collect();
    line(&TraceLine::List(TracepointList { v: schema::VERSION, events }))
}

/// The fields as a table: declaration, place and size in bytes, words.
pub fn description(format: &Format, header: Header) -> Vec<u8> {
    let mut table = Table::new(4);
    if header == Header::Yes {
        table = table.with_header();
        for name in ["FIELD", "OFFSET", "SIZE", "WORDS"] {
            table.push(name.as_bytes());
        }
    }
    for field in format.fields.iter().chain(&format.common) {
        table.push(field.declaration.as_bytes());
        table.push(field.offset.to_string().as_bytes());
        table.push(field.size.to_string().as_bytes());
        table.push(field.words.as_ref().map_or_else(String::new, words).as_bytes());
    }
    written(&table)
}

/// `0x1=S 0x2=D`
fn words(words: &Words) -> String {
    let pairs = words.pairs().map(|(number, word)| format!("{number:#x}={word}"));
    pairs.collect::<Vec<_>>().join(" ")
}

/// The fields as a document.
pub fn described(format: &Format) -> Vec<u8> {
    line(&TraceLine::Description(TracepointDescription {
        v: schema::VERSION,
        event: format.name.to_string(),
        id: format.id,
        fields: format.fields.iter().map(described_field).collect(),
        common_fields: format.common.iter().map(described_field).collect(),
        print: &format.print,
    }))
}

fn described_field(field: &Field) -> DescribedField<'_> {
    DescribedField {
        name: &field.name,
        declaration: &field.declaration,
        offset: field.offset,
        size: field.size,
        signed: field.signed,
        words: field.words.as_ref().map(|words| {
            words
                .pairs()
                .map(|(number, word)| WordOfNumber {
                    number: Number(number),
                    word: Cow::Borrowed(word),
                })
                .collect()
        }),
    }
}

fn line(document: &TraceLine<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, document);
    out
}

fn written(table: &Table) -> Vec<u8> {
    let mut out = Vec::new();
    let Ok(()) = table.write(None, Color::No, |text| {
        out.extend_from_slice(text);
        Ok::<_, Infallible>(())
    });
    out
}
