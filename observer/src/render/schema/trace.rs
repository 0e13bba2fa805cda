//! The JSON of tracepoints: `{"event":"sched:sched_switch",…,"fields":{…}}`, and what there is of
//! them.

use std::borrow::Cow;

#[cfg(feature = "schema")]
use schemars::JsonSchema;
use serde::Serialize;

use super::{Bye, Digits, Hello, Lost, Number, Ready};
use crate::render::trace::{FieldValues, RawTexts, WordsOfFields};

/// What `observer trace --json` prints: lines of a stream, or with `--list` and `--show` one
/// document.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant's own type says what it is")]
pub enum TraceLine<'a> {
    News(TraceNews<'a>),
    Event(Traced<'a>),
    List(TracepointList),
    Description(TracepointDescription<'a>),
}

/// A line that is no tracepoint. `counts` with `--count` only, in place of the tracepoints.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
#[serde(tag = "event", rename_all = "lowercase")]
#[expect(missing_docs, reason = "each variant's own type says what it is")]
pub enum TraceNews<'a> {
    Hello(Hello<'a>),
    Ready(Ready),
    Lost(Lost),
    Counts(Counts<'a>),
    Bye(Bye),
}

/// A tracepoint that fired.
///
/// `pid` and `tid` are in the pid namespace of the observer. Pids among the fields, `common_pid`
/// for one, are in the initial pid namespace: the two must not be compared in a container.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Traced<'a> {
    /// Its name, `sched:sched_switch` for example. It has a colon; other lines' have none.
    pub event: Cow<'a, str>,
    /// Version of the schema.
    pub v: u32,
    /// Number of the line in this stream.
    pub seq: u64,
    /// When it fired, RFC 3339 in UTC.
    pub time: String,
    /// When it fired, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// By how much it is older than that: it came when younger ones had been told. Absent where it
    /// is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_ns: Option<Number>,
    /// The CPU on which it fired.
    pub cpu: u32,
    /// The process on that CPU; absent for the idle task and outside of the observer's pid
    /// namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Its thread.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tid: Option<u32>,
    /// The values by the names of their fields: numbers (beyond 2^53 strings of digits), booleans,
    /// addresses as strings in hexadecimal, text, and lists of these. A field that a damaged record
    /// does not hold is absent.
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeMap<String, JsonAny>"))]
    pub fields: FieldValues<'a>,
    /// The kernel's words for numbers among the fields, flags with a delimiter between, by the
    /// names of the fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<std::collections::BTreeMap<String, String>>")
    )]
    pub words: Option<WordsOfFields<'a>>,
    /// Exact bytes, in base64, of the fields whose text is not UTF-8; a list where the field is
    /// one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        feature = "schema",
        schemars(with = "Option<std::collections::BTreeMap<String, JsonAny>>")
    )]
    pub raw: Option<RawTexts<'a>>,
}

/// Any value.
#[cfg(feature = "schema")]
struct JsonAny;

#[cfg(feature = "schema")]
impl JsonSchema for JsonAny {
    fn schema_name() -> Cow<'static, str> {
        "Value".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": ["integer", "string", "boolean", "array"] })
    }
}

/// How often tracepoints fired.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct Counts<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Number of the line in this stream.
    pub seq: u64,
    /// When it was counted, RFC 3339 in UTC.
    pub time: String,
    /// That time, in nanoseconds since boot.
    pub boot_ns: Digits,
    /// Since the line before, or since `ready`.
    pub interval_ns: Number,
    /// Those that fired, the most frequent first.
    pub events: Vec<CountedEvent<'a>>,
}

/// How often one fired.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct CountedEvent<'a> {
    /// Its name.
    pub event: Cow<'a, str>,
    /// How often in this interval.
    pub count: Number,
    /// How often per second.
    pub rate: f64,
    /// How often since `ready`.
    pub total: Number,
}

/// What tracepoints there are.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct TracepointList {
    /// Version of the schema.
    pub v: u32,
    /// Their names, sorted.
    pub events: Vec<String>,
}

/// How the records of a tracepoint are laid out.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct TracepointDescription<'a> {
    /// Version of the schema.
    pub v: u32,
    /// Its name.
    pub event: String,
    /// What `perf_event_open(2)` knows it by; another after each boot.
    pub id: u32,
    /// Its own fields.
    pub fields: Vec<DescribedField<'a>>,
    /// Those that every tracepoint has.
    pub common_fields: Vec<DescribedField<'a>>,
    /// How the kernel prints it, as it stands in tracefs.
    pub print: &'a str,
}

/// A field of a record.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct DescribedField<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its declaration in C.
    pub declaration: &'a str,
    /// Where it begins, in bytes.
    pub offset: usize,
    /// How many bytes it takes there.
    pub size: usize,
    /// Whether the kernel compares it as a signed number.
    pub signed: bool,
    /// The words for its values, where the kernel tells them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub words: Option<Vec<WordOfNumber<'a>>>,
}

/// A word for a value or a flag.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(JsonSchema))]
pub struct WordOfNumber<'a> {
    /// The value or the bits.
    pub number: Number,
    /// The word.
    pub word: Cow<'a, str>,
}
