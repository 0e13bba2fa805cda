use std::slice;

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::{
    machine::WallClock,
    render::{Color, TimeStyle, escape::is_harmful},
    tracepoint::format::Format,
};

const FORMAT: &str = "name: everything
ID: 7
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

\tfield:char comm[8];\toffset:8;\tsize:8;\tsigned:0;
\tfield:long state;\toffset:16;\tsize:8;\tsigned:1;
\tfield:u64 number;\toffset:24;\tsize:8;\tsigned:0;
\tfield:const void * pointer;\toffset:32;\tsize:8;\tsigned:0;
\tfield:bool yes;\toffset:40;\tsize:1;\tsigned:0;
\tfield:u8 address[3];\toffset:41;\tsize:3;\tsigned:0;
\tfield:u32 list[2];\toffset:44;\tsize:8;\tsigned:0;
\tfield:__data_loc char[] path;\toffset:52;\tsize:4;\tsigned:0;

print fmt: \"%s\", __print_flags(REC->state, \"|\", { 0x01, \"S\" }, { 0x02, \"D\" })
";

fn shown() -> Shown {
    let format = Format::parse("test", FORMAT).unwrap();
    Shown::new(&format.name, format.fields)
}

/// A record with this name and path.
fn record(comm: &[u8], path: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 8];
    bytes.extend_from_slice(comm);
    bytes.resize(16, 0);
    bytes.extend_from_slice(&3_i64.to_ne_bytes());
    bytes.extend_from_slice(&u64::MAX.to_ne_bytes());
    bytes.extend_from_slice(&0xffff_u64.to_ne_bytes());
    bytes.extend_from_slice(&[1, 10, 0, 255]);
    bytes.extend_from_slice(&[1_u32, 2].map(u32::to_ne_bytes).concat());
    let size = u32::try_from(path.len()).unwrap();
    bytes.extend_from_slice(&(0x38 | size << 16).to_ne_bytes());
    bytes.extend_from_slice(path);
    bytes
}

fn firing<'a>(shown: &'a Shown, record: &'a [u8]) -> Firing<'a> {
    Firing { shown, boot_ns: 1_500_000_000, late_ns: 0, cpu: 1, pid: Some(42), tid: None, record }
}

fn text_of(record: &[u8]) -> String {
    let shown = shown();
    let mut text = TraceText::new(TimeStyle::Boot, Color::No, slice::from_ref(&shown));
    let mut out = Vec::new();
    text.firing(&mut out, &firing(&shown, record), WallClock::read().unwrap());
    String::from_utf8(out).unwrap()
}

fn json_of(record: &[u8]) -> Json {
    let shown = shown();
    let mut out = Vec::new();
    TraceJson::default().firing(&mut out, &firing(&shown, record), WallClock::read().unwrap());
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn a_line_has_every_field_by_name() {
    assert_eq!(
        text_of(&record(b"sh\0junk", b"/bin/sh\0")),
        "1.500000       1   42      test:everything comm=sh state=S|D number=18446744073709551615 \
         pointer=0xffff yes=true address=[0a,00,ff] list=[1,2] path=/bin/sh\n"
    );
}

#[test]
fn a_text_cannot_be_taken_for_fields() {
    let line = text_of(&record(b"x a=1", b""));
    assert!(line.contains(" comm=\"x a=1\" state="), "{line}");
    assert!(line.ends_with(" path=\"\"\n"), "{line}");
    assert!(text_of(&record(b"\"\x1b\n", b"")).contains(r#" comm="\"\x1b\n" "#));
}

#[test]
fn json_has_every_field_by_name() {
    let event = json_of(&record(b"sh\0junk", b"/bin/sh\0"));
    assert_eq!(event["event"], "test:everything");
    assert_eq!((&event["v"], &event["seq"]), (&json!(1), &json!(1)));
    assert_eq!((&event["cpu"], &event["boot_ns"]), (&json!(1), &json!("1500000000")));
    assert_eq!((&event["pid"], event.get("tid")), (&json!(42), None));
    assert_eq!(
        event["fields"],
        json!({
            "comm": "sh", "state": 3, "number": "18446744073709551615", "pointer": "0xffff",
            "yes": true, "address": [10, 0, 255], "list": [1, 2], "path": "/bin/sh",
        })
    );
    assert_eq!(event["words"], json!({ "state": "S|D" }));
    assert_eq!(event.get("raw"), None);
}

#[test]
fn text_that_is_not_utf_8_keeps_its_bytes() {
    let event = json_of(&record(b"a\xff", b"/bin/sh\0"));
    assert_eq!(event["fields"]["comm"], "a\u{fffd}");
    assert_eq!(event["raw"], json!({ "comm": "Yf8=" }));
}

#[test]
fn of_a_damaged_record_the_rest_is_told() {
    let record = record(b"sh", b"");
    assert!(text_of(&record[..52]).ends_with(" list=[1,2] path=(damaged)\n"));
    let event = json_of(&record[..52]);
    assert_eq!((event["fields"].get("path"), &event["fields"]["comm"]), (None, &json!("sh")));
}

#[test]
fn a_count_has_a_decimal_where_it_tells_something() {
    let counted = [
        Counted { name: "a:b", count: 20, rate: 20.4, total: 50 },
        Counted { name: "c:d", count: 1, rate: 0.5, total: 3 },
    ];
    let mut out = Vec::new();
    let write = |text: &[u8]| -> Result<(), ()> {
        out.extend_from_slice(text);
        Ok(())
    };
    count_table(&counted, Header::Yes).write(None, Color::No, write).unwrap();
    let table = String::from_utf8(out).unwrap();
    assert_eq!(table, "EVENTS/S   TOTAL   EVENT\n20         50      a:b\n0.5        3       c:d\n");
}

#[test]
fn a_description_tells_place_size_and_words() {
    let format = Format::parse("test", FORMAT).unwrap();
    let text = String::from_utf8(description(&format, Header::Yes)).unwrap();
    assert!(text.contains("long state"), "{text}");
    assert!(text.contains("16       8      0x1=S 0x2=D\n"), "{text}");
    let document: Json = serde_json::from_slice(&described(&format)).unwrap();
    assert_eq!(document["event"], "test:everything");
    assert_eq!(document["fields"][1]["words"][1], json!({ "number": 2, "word": "D" }));
    assert_eq!(document["common_fields"][1]["declaration"], "int common_pid");
}

proptest! {
    #[test]
    fn no_record_hurts_a_terminal(record: Vec<u8>) {
        let shown = shown();
        let firing = firing(&shown, &record);
        let clock = WallClock::read().unwrap();
        let mut out = Vec::new();
        TraceText::new(TimeStyle::None, Color::No, &[]).firing(&mut out, &firing, clock);
        TraceJson::default().firing(&mut out, &firing, clock);
        let text = String::from_utf8(out).unwrap();
        prop_assert_eq!(text.lines().count(), 2);
        prop_assert!(!text.replace('\n', "").contains(is_harmful));
    }
}
