//! Spans and moments as Go's package `time` prints them, which is how psgo does.
//!
//! Only the default forms: `Duration.String` and the layout `2006-01-02 15:04:05 -0700 MST`. What
//! cannot be in them, as a month's name, is for other modules.

use jiff::tz::TimeZone;

use super::calendar::{Local, padded, two};

const NS_OF_SECOND: u128 = 1_000_000_000;

/// A span of nanoseconds by the grammar of Go's `Duration.String`: `0s`, `1.5µs`, `2m0.25s`,
/// `128h52m44.19s`. There are no days, and hours have no bound.
pub fn go_duration(out: &mut Vec<u8>, ns: i128) {
    if ns < 0 {
        out.push(b'-');
    }
    let ns = ns.unsigned_abs();
    match ns {
        0 => out.extend_from_slice(b"0s"),
        1..1000 => decimal::<0>(out, ns, "ns"),
        1000..1_000_000 => decimal::<3>(out, ns, "µs"),
        1_000_000..NS_OF_SECOND => decimal::<6>(out, ns, "ms"),
        _ => hours_to_seconds(out, ns),
    }
}

/// A zero stays where a larger unit stands before it.
fn hours_to_seconds(out: &mut Vec<u8>, ns: u128) {
    let minutes = ns / (60 * NS_OF_SECOND);
    let hours = minutes / 60;
    if hours > 0 {
        decimal::<0>(out, hours, "h");
    }
    if minutes > 0 {
        decimal::<0>(out, minutes % 60, "m");
    }
    decimal::<9>(out, ns % (60 * NS_OF_SECOND), "s");
}

/// A number of parts of a unit, 10 to the power of `DIGITS` of which make one, as the shortest
/// decimal fraction.
fn decimal<const DIGITS: u32>(out: &mut Vec<u8>, number: u128, unit: &str) {
    let parts = const { 10_u128.pow(DIGITS) };
    out.extend_from_slice(itoa::Buffer::new().format(number / parts).as_bytes());
    let rest = u32::try_from(number % parts).unwrap_or(0);
    if rest > 0 {
        out.push(b'.');
        padded(out, DIGITS as usize, rest);
        let zeros = out.iter().rev().take_while(|digit| **digit == b'0').count();
        out.truncate(out.len() - zeros);
    }
    out.extend_from_slice(unit.as_bytes());
}

/// A moment, given in nanoseconds since 1970, in whole seconds of this zone:
/// `2026-11-24 10:02:04 +0900 JST`. A zone without an abbreviation is named by its offset.
pub fn go_time(out: &mut Vec<u8>, unix_ns: i128, zone: &TimeZone) {
    let local = Local::new(unix_ns, zone);
    local.write_year(out);
    out.push(b'-');
    two(out, local.at.month());
    out.push(b'-');
    two(out, local.at.day());
    out.push(b' ');
    local.write_time(out);
    out.push(b' ');
    let offset = local.zone.offset().seconds();
    out.push(if offset < 0 { b'-' } else { b'+' });
    padded(out, 2, offset.unsigned_abs() / 3600);
    padded(out, 2, offset.unsigned_abs() / 60 % 60);
    out.push(b' ');
    out.extend_from_slice(local.zone.abbreviation().as_bytes());
}

#[cfg(test)]
mod tests {
    use jiff::tz;
    use proptest::prelude::*;

    use super::*;

    const MICROSECOND: i128 = 1000;
    const MILLISECOND: i128 = 1000 * MICROSECOND;
    const SECOND: i128 = 1000 * MILLISECOND;
    const MINUTE: i128 = 60 * SECOND;
    const HOUR: i128 = 60 * MINUTE;

    fn duration(ns: i128) -> String {
        let mut out = Vec::new();
        go_duration(&mut out, ns);
        String::from_utf8(out).unwrap()
    }

    fn time(unix_ns: i128, zone: &TimeZone) -> String {
        let mut out = Vec::new();
        go_time(&mut out, unix_ns, zone);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn spans_below_a_second_have_one_unit() {
        assert_eq!(duration(0), "0s");
        assert_eq!(duration(1), "1ns");
        assert_eq!(duration(999), "999ns");
        assert_eq!(duration(1000), "1µs");
        assert_eq!(duration(1100), "1.1µs");
        assert_eq!(duration(1001), "1.001µs");
        assert_eq!(duration(2_200_000), "2.2ms");
        assert_eq!(duration(2_000_001), "2.000001ms");
        assert_eq!(duration(999_999_999), "999.999999ms");
    }

    #[test]
    fn spans_from_a_second_on_keep_inner_zeros_and_drop_trailing_ones() {
        assert_eq!(duration(SECOND), "1s");
        assert_eq!(duration(4 * SECOND), "4s");
        assert_eq!(duration(3300 * MILLISECOND), "3.3s");
        assert_eq!(duration(MINUTE), "1m0s");
        assert_eq!(duration(MINUTE + 3 * SECOND), "1m3s");
        assert_eq!(duration(4 * MINUTE + 5 * SECOND + MILLISECOND), "4m5.001s");
        assert_eq!(duration(HOUR), "1h0m0s");
        assert_eq!(duration(HOUR + 1), "1h0m0.000000001s");
        assert_eq!(duration(5 * HOUR + 6 * MINUTE + 7 * SECOND + 8 * MILLISECOND), "5h6m7.008s");
        assert_eq!(
            duration(128 * HOUR + 52 * MINUTE + 44 * SECOND + 190 * MILLISECOND),
            "128h52m44.19s"
        );
        assert_eq!(duration(1_443_591_108_119), "24m3.591108119s");
    }

    #[test]
    fn spans_beyond_gos_own_are_printed_by_the_same_grammar() {
        assert_eq!(duration(i64::MAX.into()), "2562047h47m16.854775807s");
        assert_eq!(duration(i64::MIN.into()), "-2562047h47m16.854775808s");
        assert_eq!(duration(10_000_000 * HOUR), "10000000h0m0s");
        assert_eq!(duration(-SECOND / 2), "-500ms");
        assert!(duration(i128::MIN).starts_with('-'));
    }

    #[test]
    fn moments_show_zone_and_offset() {
        let at = 1_795_510_924 * SECOND;
        assert_eq!(time(at, &TimeZone::UTC), "2026-11-24 09:02:04 +0000 UTC");
        assert_eq!(time(at + SECOND - 1, &TimeZone::UTC), "2026-11-24 09:02:04 +0000 UTC");
        let zone = |rule| TimeZone::posix(rule).unwrap();
        assert_eq!(time(at, &zone("JST-9")), "2026-11-24 18:02:04 +0900 JST");
        assert_eq!(time(at, &zone("IST-5:30")), "2026-11-24 14:32:04 +0530 IST");
        assert_eq!(time(at, &zone("NST3:30NDT,M3.2.0,M11.1.0")), "2026-11-24 05:32:04 -0330 NST");
        assert_eq!(time(at, &zone("<+03>-3")), "2026-11-24 12:02:04 +0300 +03");
    }

    #[test]
    fn a_zone_without_a_name_is_called_by_its_offset() {
        let east = TimeZone::fixed(tz::offset(3));
        assert_eq!(time(0, &east), "1970-01-01 03:00:00 +0300 +03");
        let west = TimeZone::fixed(tz::offset(-11));
        assert_eq!(time(0, &west), "1969-12-31 13:00:00 -1100 -11");
        assert_eq!(time(0, &TimeZone::unknown()), "1970-01-01 00:00:00 +0000 UTC");
    }

    #[test]
    fn moments_that_no_calendar_holds_are_not_in_between() {
        assert!(time(i128::MAX, &TimeZone::UTC).starts_with("9999-12-"));
        assert!(time(i128::MIN, &TimeZone::UTC).starts_with("-9999-01-"));
        assert_eq!(time(-1, &TimeZone::UTC), "1969-12-31 23:59:59 +0000 UTC");
    }

    /// Reads what Go's `time.ParseDuration` reads: numbers, each with a unit.
    fn parse(text: &str) -> i128 {
        let (sign, mut rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
        let mut sum = 0;
        while !rest.is_empty() {
            let unit_at = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap();
            let (number, after) = rest.split_at(unit_at);
            let unit_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
            let (unit, next) = after.split_at(unit_end);
            let (unit_ns, digits) = match unit {
                "h" => (HOUR, 0),
                "m" => (MINUTE, 0),
                "s" => (SECOND, 9),
                "ms" => (MILLISECOND, 6),
                "µs" => (MICROSECOND, 3),
                "ns" => (1, 0),
                _ => panic!("no unit: {unit}"),
            };
            let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
            assert!(!fraction.ends_with('0') && fraction.len() <= digits, "{text}");
            sum += whole.parse::<i128>().unwrap() * unit_ns;
            sum += format!("{fraction:0<digits$}").parse::<i128>().unwrap_or(0);
            rest = next;
        }
        sign * sum
    }

    proptest! {
        #[test]
        fn a_span_is_read_back_as_it_was(ns: i64, shift in 0_u32..63) {
            let ns = i128::from(ns >> shift);
            prop_assert_eq!(parse(&duration(ns)), ns);
        }

        #[test]
        fn only_the_largest_unit_is_not_bounded(ns in SECOND..1000 * HOUR) {
            let text = duration(ns);
            let seconds = text.rsplit(['h', 'm']).next().unwrap().trim_end_matches('s');
            prop_assert!(seconds.parse::<f64>().unwrap() < 60.0);
            prop_assert_eq!(text.contains('h'), ns >= HOUR);
            prop_assert_eq!(text.contains('m'), ns >= MINUTE);
        }
    }
}
