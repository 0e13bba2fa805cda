//! Value → text, in psgo's words. Bytes that others chose stay as they are: whoever shows them
//! escapes them.

use std::io::Write as _;

use super::{
    go::{go_duration, go_time},
    ps_time::{ps_elapsed, ps_lstart, ps_start, ps_time, rfc3339_hundredths},
};
use crate::{
    capabilities,
    field::{Field, MomentStyle, Row, Times, Value, View},
};

/// Appends the cell of a row; where its value is unknown, the word for that.
pub fn write_cell(out: &mut Vec<u8>, field: &Field, row: &Row, view: &View) {
    match field.value(row, view) {
        Some(value) => write_value(out, &value, view),
        None => out.extend_from_slice(field.absent.as_bytes()),
    }
}

/// Appends a value.
pub fn write_value(out: &mut Vec<u8>, value: &Value<'_>, view: &View) {
    match value {
        Value::Number(number) => {
            out.extend_from_slice(itoa::Buffer::new().format(*number).as_bytes());
        }
        Value::Word(word) => out.extend_from_slice(word.as_bytes()),
        Value::Bytes(bytes) => out.extend_from_slice(bytes),
        Value::Names(names) => {
            for (index, name) in names.iter().enumerate() {
                let comma: &[u8] = if index == 0 { b"" } else { b"," };
                out.extend_from_slice(comma);
                out.extend_from_slice(name);
            }
        }
        Value::Capabilities { mask, last } => {
            out.extend_from_slice(capabilities::text(*mask, *last).as_bytes());
        }
        Value::Percent(thousandths) => write_percent(out, *thousandths, view.times),
        Value::Elapsed(ns) => match view.times {
            Times::Psgo => go_duration(out, (*ns).into()),
            Times::Ps => ps_elapsed(out, (*ns).into()),
        },
        Value::CpuTime(ns) => match view.times {
            Times::Psgo => go_duration(out, (*ns).into()),
            Times::Ps => ps_time(out, (*ns).into()),
        },
        Value::Moment(unix_ns, style) => write_moment(out, *unix_ns, *style, view),
    }
}

/// Three decimals for psgo, one for ps.
fn write_percent(out: &mut Vec<u8>, thousandths: u64, times: Times) {
    let (whole, rest) = (thousandths / 1000, thousandths % 1000);
    let _infallible = match times {
        Times::Psgo => write!(out, "{whole}.{rest:03}"),
        Times::Ps => write!(out, "{whole}.{}", rest / 100),
    };
}

fn write_moment(out: &mut Vec<u8>, unix_ns: i128, style: MomentStyle, view: &View) {
    let short = |out: &mut Vec<u8>| ps_start(out, unix_ns, view.now.unix_ns, &view.zone);
    match (style, view.times) {
        (MomentStyle::Go, Times::Psgo) => go_time(out, unix_ns, &view.zone),
        (MomentStyle::Machine, _) => rfc3339_hundredths(out, unix_ns),
        (MomentStyle::Long, _) => ps_lstart(out, unix_ns, &view.zone),
        (MomentStyle::Short, _) | (MomentStyle::Go, Times::Ps) => short(out),
    }
}
