//! Every format file of the running kernel, read through the library.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use observer::tracepoint::Format;
use observer::tracepoint::Value;
use observer::tracepoint::format::{Field, Shape};

use super::{name, tracefs};
use crate::support::harness::{Case, cases};
use crate::support::need::perf;

pub(crate) fn cases() -> Vec<Case> {
    cases![
        EveryKernel [perf] {
            every_line_is_printed_again,
            every_field_lies_in_its_record,
            common_fields_come_first,
            every_id_is_that_of_the_format,
            numbers_have_the_kernels_words,
        }
    ]
}

/// Each format with the text that it is of.
static ALL: LazyLock<Vec<(Format, String)>> = LazyLock::new(|| {
    let tracefs = tracefs();
    let read = |name| {
        let format = tracefs.format(&name).unwrap_or_else(|error| panic!("{name}: {error:?}"));
        (format, tracefs.format_text(&name).expect("its text"))
    };
    let all: Vec<_> = tracefs.described().expect("names").into_iter().map(read).collect();
    assert!(all.len() > 500, "only {} formats", all.len());
    all
});

fn every_line_is_printed_again() {
    for (format, text) in ALL.iter() {
        let expected: Vec<_> =
            text.lines().filter(|line| line.starts_with("\tfield:")).map(str::to_owned).collect();
        let printed: Vec<_> = format.all_fields().map(Field::to_string).collect();
        assert_eq!(printed, expected, "{}", format.name);
        assert!(text.ends_with(&format!("\nprint fmt: {}\n", format.print)), "{}", format.name);
        assert!(text.starts_with(&format!("name: {}\n", format.name.event())), "{}", format.name);
    }
}

fn every_field_lies_in_its_record() {
    for (format, _) in ALL.iter() {
        let end = format.all_fields().map(|field| field.offset + field.size).max().unwrap_or(0);
        let record = vec![0; end];
        let mut before = 0;
        for field in format.all_fields() {
            let place = format!("{}: {field}", format.name);
            assert!(before <= field.offset, "it begins in the one before: {place}");
            before = field.offset + field.size;
            assert_shape(field, &place);
            let value = field.value(&record).unwrap_or_else(|error| panic!("{place}: {error}"));
            assert_zero(value, &place);
            let cut = field.value(&record[..before.saturating_sub(1)]);
            assert!(field.size == 0 || cut.is_err(), "read from a record too short: {place}");
        }
    }
}

fn assert_shape(field: &Field, place: &str) {
    let size = match field.shape {
        Shape::Scalar(scalar) => scalar.size,
        Shape::Array { element, count } => element.size * count,
        Shape::Dynamic { locators, .. } => locators * 4,
    };
    assert_eq!(size, field.size, "{place}");
    let width = field.shape.element().width;
    assert!((1..=field.shape.element().size).contains(&width), "{place}");
}

fn assert_zero(value: Value<'_>, place: &str) {
    match value {
        Value::Text(text) => assert_eq!(text, b"", "{place}"),
        Value::Bytes(bytes) => assert!(bytes.iter().all(|byte| *byte == 0), "{place}"),
        Value::Array(array) => array.iter().for_each(|item| assert_zero(item, place)),
        number => assert_eq!(number.as_u64(), Some(0), "{place}"),
    }
}

fn common_fields_come_first() {
    for (format, _) in ALL.iter() {
        let first = &format.common[0];
        assert_eq!((first.name.as_str(), first.offset), ("common_type", 0), "{}", format.name);
        let is_common = |field: &Field| field.name.starts_with("common_");
        assert!(format.common.iter().all(is_common), "{}", format.name);
        assert!(!format.fields.iter().any(is_common), "{}", format.name);
        let names: BTreeSet<_> = format.all_fields().map(|field| &field.name).collect();
        assert_eq!(names.len(), format.all_fields().count(), "a name twice in {}", format.name);
    }
}

fn every_id_is_that_of_the_format() {
    let tracefs = tracefs();
    let mut ids = BTreeSet::new();
    for name in tracefs.names().expect("names") {
        let id = tracefs.id(&name).expect("an id");
        assert_eq!(tracefs.format(&name).expect("a format").id, id, "{name}");
        assert!(ids.insert(id), "{name} has the id {id} of another");
    }
}

fn numbers_have_the_kernels_words() {
    let tracefs = tracefs();
    let word = |event: &str, field: &str, value: Value<'_>| {
        let format = tracefs.format(&name(event)).expect("a format");
        let words = format.field(field).expect("a field").words.clone();
        words.and_then(|words| words.of(value).map(String::from))
    };
    let state = |value| word("sched:sched_switch", "prev_state", Value::Signed(value));
    assert_eq!(state(0).as_deref(), Some("R"));
    assert_eq!(state(1).as_deref(), Some("S"));
    assert_eq!(state(2).as_deref(), Some("D"));
    let softirq = |value| word("irq:softirq_entry", "vec", Value::Unsigned(value));
    assert_eq!(softirq(1).as_deref(), Some("TIMER"));
    let memory = |value| word("kmem:mm_page_alloc", "gfp_flags", Value::Unsigned(value));
    assert_eq!(memory(0).as_deref(), Some("none"));
    assert!(memory(0xcc0).is_some_and(|flags| flags.contains("GFP_KERNEL")));
    assert_eq!(word("sched:sched_switch", "prev_prio", Value::Signed(120)), None);
}
