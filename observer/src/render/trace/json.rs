//! Tracepoints that fired → JSON, one object a line.

use std::{borrow::Cow, fmt};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};

use super::{Firing, Loss, Tally};
use crate::{
    event,
    machine::WallClock,
    pace::Totals,
    render::{
        json::write,
        schema::{
            self, Base64, Bye, CountedEvent, Counts, Digits, Hello, Lost, Number, Ready, TraceLine,
            TraceNews, Traced,
        },
        time::rfc3339,
    },
    tracepoint::{Value, format::Field},
};

/// Writes what fired as lines of JSON.
#[derive(Debug, Default)]
pub struct TraceJson {
    /// Lines so far, of events and losses.
    seq: u64,
}

impl TraceJson {
    /// The first line.
    pub fn hello(out: &mut Vec<u8>) {
        write(out, &TraceLine::News(TraceNews::Hello(Hello::of("observer.trace/1"))));
    }

    /// The line that says that nothing is missed any more.
    pub fn ready(out: &mut Vec<u8>) {
        write(out, &TraceLine::News(TraceNews::Ready(Ready {})));
    }

    /// The last line.
    pub fn bye(out: &mut Vec<u8>, totals: &Totals, printed: u64) {
        write(out, &TraceLine::News(TraceNews::Bye(Bye::of(totals, printed))));
    }

    /// One that fired.
    pub fn firing(&mut self, out: &mut Vec<u8>, firing: &Firing<'_>, clock: WallClock) {
        let Firing { shown, boot_ns, late_ns, cpu, pid, tid, record } = *firing;
        self.seq += 1;
        let fields = Fields { fields: &shown.fields, record };
        write(
            out,
            &TraceLine::Event(Traced {
                event: Cow::Borrowed(&shown.name),
                v: schema::VERSION,
                seq: self.seq,
                time: rfc3339(clock.unix_ns(boot_ns)),
                boot_ns: Digits(boot_ns),
                late_ns: (late_ns > 0).then_some(Number(late_ns)),
                cpu,
                pid,
                tid,
                fields: FieldValues(fields),
                words: fields.has_words().then_some(WordsOfFields(fields)),
                raw: fields.has_raw().then_some(RawTexts(fields)),
            }),
        );
    }

    /// Records that found no room, at their place.
    pub fn lost(&mut self, out: &mut Vec<u8>, loss: Loss, clock: WallClock) {
        let Loss { boot_ns, cpu, count } = loss;
        self.seq += 1;
        let lost = Lost::of(self.seq, boot_ns, count, (event::Loss::NoRoom, cpu), clock);
        write(out, &TraceLine::News(TraceNews::Lost(lost)));
    }

    /// How often each fired since the line before.
    pub fn counts(&mut self, out: &mut Vec<u8>, tally: &Tally<'_>, clock: WallClock) {
        let Tally { boot_ns, interval_ns, events } = *tally;
        self.seq += 1;
        let events = events.iter().map(|counted| CountedEvent {
            event: Cow::Borrowed(counted.name),
            count: Number(counted.count),
            rate: counted.rate,
            total: Number(counted.total),
        });
        let counts = Counts {
            v: schema::VERSION,
            seq: self.seq,
            time: rfc3339(clock.unix_ns(boot_ns)),
            boot_ns: Digits(boot_ns),
            interval_ns: Number(interval_ns),
            events: events.collect(),
        };
        write(out, &TraceLine::News(TraceNews::Counts(counts)));
    }
}

/// The fields of one record.
#[derive(Clone, Copy, Debug)]
struct Fields<'a> {
    fields: &'a [Field],
    record: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Those that the record holds; a damaged one lacks some.
    fn values(self) -> impl Iterator<Item = (&'a Field, Value<'a>)> {
        let Self { fields, record } = self;
        fields.iter().filter_map(move |field| Some((field, field.value(record).ok()?)))
    }

    fn words(self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> {
        self.values().filter_map(|(field, value)| {
            Some((field.name.as_str(), field.words.as_ref()?.of(value)?))
        })
    }

    fn has_words(self) -> bool {
        self.words().next().is_some()
    }

    fn raw(self) -> impl Iterator<Item = (&'a str, Value<'a>)> {
        let named = self.values().map(|(field, value)| (field.name.as_str(), value));
        named.filter(|(_, value)| is_lossy(*value))
    }

    fn has_raw(self) -> bool {
        self.raw().next().is_some()
    }
}

/// Whether it has text that is not UTF-8.
fn is_lossy(value: Value<'_>) -> bool {
    match value {
        Value::Text(bytes) => str::from_utf8(bytes).is_err(),
        Value::Array(values) => values.iter().any(is_lossy),
        _ => false,
    }
}

/// The values by the names of their fields.
#[derive(Debug)]
pub struct FieldValues<'a>(Fields<'a>);

impl Serialize for FieldValues<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let values = self.0.values().map(|(field, value)| (&field.name, JsonValue(value)));
        serializer.collect_map(values)
    }
}

/// The words for numbers, by the names of their fields.
#[derive(Debug)]
pub struct WordsOfFields<'a>(Fields<'a>);

impl Serialize for WordsOfFields<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.words())
    }
}

/// The exact bytes of text that is not UTF-8, by the names of its fields.
#[derive(Debug)]
pub struct RawTexts<'a>(Fields<'a>);

impl Serialize for RawTexts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.0.raw() {
            match value {
                // As many as there are texts, so that each finds its own.
                Value::Array(values) => {
                    let texts: Vec<_> =
                        values.iter().filter_map(Value::as_bytes).map(Base64).collect();
                    map.serialize_entry(name, &texts)?;
                }
                other => map.serialize_entry(name, &other.as_bytes().map(Base64))?,
            }
        }
        map.end()
    }
}

/// A value as JSON has it.
struct JsonValue<'a>(Value<'a>);

impl Serialize for JsonValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Signed(number) if number < 0 => negative(number, serializer),
            Value::Signed(number) => Number(number.unsigned_abs()).serialize(serializer),
            Value::Unsigned(number) => Number(number).serialize(serializer),
            Value::Bool(value) => serializer.serialize_bool(value),
            Value::Pointer(address) => serializer.collect_str(&Address(address)),
            Value::Text(bytes) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
            Value::Bytes(bytes) => serializer.collect_seq(bytes),
            Value::Array(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values.iter() {
                    list.serialize_element(&JsonValue(value))?;
                }
                list.end()
            }
        }
    }
}

fn negative<S: Serializer>(number: i64, serializer: S) -> Result<S::Ok, S::Error> {
    const EXACT: i64 = -(1 << 53);
    if number >= EXACT { serializer.serialize_i64(number) } else { serializer.collect_str(&number) }
}

/// Of the kernel or a process.
struct Address(u64);

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
