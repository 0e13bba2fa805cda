//! Spans and moments in the forms of ps(1) of procps, and moments in the form of RFC 3339 for
//! programs.

use jiff::tz::TimeZone;

use super::calendar::{Local, padded, two};

const NS_OF_SECOND: u128 = 1_000_000_000;

/// ps's `etime`: `[[DD-]hh:]mm:ss` of a span in nanoseconds. A negative one, as from a clock that
/// was set, counts as 0.
pub fn ps_elapsed(out: &mut Vec<u8>, ns: i128) {
    let span = Span::new(ns);
    span.write_days(out);
    if span.days > 0 || span.hours > 0 {
        padded(out, 2, span.hours);
        out.push(b':');
    }
    span.write_minutes(out);
}

/// ps's `time`: `[DD-]hh:mm:ss` of a span in nanoseconds. A negative one counts as 0.
pub fn ps_time(out: &mut Vec<u8>, ns: i128) {
    let span = Span::new(ns);
    span.write_days(out);
    padded(out, 2, span.hours);
    out.push(b':');
    span.write_minutes(out);
}

struct Span {
    days: u64,
    hours: u32,
    minutes: u32,
    seconds: u32,
}

impl Span {
    fn new(ns: i128) -> Self {
        let seconds = u128::try_from(ns).unwrap_or(0) / NS_OF_SECOND;
        let part = |unit, modulus| u32::try_from(seconds / unit % modulus).unwrap_or(0);
        Self {
            days: u64::try_from(seconds / 86_400).unwrap_or(u64::MAX),
            hours: part(3600, 24),
            minutes: part(60, 60),
            seconds: part(1, 60),
        }
    }

    fn write_days(&self, out: &mut Vec<u8>) {
        if self.days > 0 {
            out.extend_from_slice(itoa::Buffer::new().format(self.days).as_bytes());
            out.push(b'-');
        }
    }

    fn write_minutes(&self, out: &mut Vec<u8>) {
        padded(out, 2, self.minutes);
        out.push(b':');
        padded(out, 2, self.seconds);
    }
}

/// ps's `start_time`: `10:02` for a start on the day of `now`, `Nov24` in the same year, else
/// `2026`. Both moments in nanoseconds since 1970; days and years are those of the zone.
pub fn ps_start(out: &mut Vec<u8>, start_unix_ns: i128, now_unix_ns: i128, zone: &TimeZone) {
    let start = Local::new(start_unix_ns, zone);
    let now = Local::new(now_unix_ns, zone);
    if start.at.date() == now.at.date() {
        two(out, start.at.hour());
        out.push(b':');
        two(out, start.at.minute());
    } else if start.at.year() == now.at.year() {
        out.extend_from_slice(start.month().as_bytes());
        two(out, start.at.day());
    } else {
        start.write_year(out);
    }
}

/// ps's `lstart`: `Tue Nov 24 10:02:04 2026`, as ctime(3) prints it. The moment is given in
/// nanoseconds since 1970.
pub fn ps_lstart(out: &mut Vec<u8>, unix_ns: i128, zone: &TimeZone) {
    let local = Local::new(unix_ns, zone);
    out.extend_from_slice(local.weekday().as_bytes());
    out.push(b' ');
    out.extend_from_slice(local.month().as_bytes());
    out.extend_from_slice(if local.at.day() < 10 { b"  " } else { b" " });
    padded(out, 1, local.at.day().unsigned_abs().into());
    out.push(b' ');
    local.write_time(out);
    out.push(b' ');
    local.write_year(out);
}

/// RFC 3339 in UTC with two digits behind the second, which is what /proc knows of a start:
/// `2026-11-24T10:02:04.25Z`. The moment is given in nanoseconds since 1970.
pub fn rfc3339_hundredths(out: &mut Vec<u8>, unix_ns: i128) {
    let utc = TimeZone::UTC;
    let local = Local::new(unix_ns, &utc);
    local.write_year(out);
    out.push(b'-');
    two(out, local.at.month());
    out.push(b'-');
    two(out, local.at.day());
    out.push(b'T');
    local.write_time(out);
    out.push(b'.');
    padded(out, 2, local.at.subsec_nanosecond().unsigned_abs() / 10_000_000);
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i128 = 1_000_000_000;
    const MINUTE: i128 = 60 * SECOND;
    const HOUR: i128 = 60 * MINUTE;
    const DAY: i128 = 24 * HOUR;
    /// Tuesday, 24 November 2026, 09:02:04 UTC.
    const MOMENT: i128 = 1_795_510_924 * SECOND;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn elapsed_time_shows_larger_units_only_when_there() {
        let check = |ns, expected: &str| assert_eq!(text(|out| ps_elapsed(out, ns)), expected);
        check(0, "00:00");
        check(SECOND - 1, "00:00");
        check(59 * MINUTE + 59 * SECOND, "59:59");
        check(HOUR, "01:00:00");
        check(DAY - SECOND, "23:59:59");
        check(DAY, "1-00:00:00");
        check(123 * DAY + 4 * HOUR + 5 * MINUTE + 6 * SECOND, "123-04:05:06");
        check(-HOUR, "00:00");
    }

    #[test]
    fn used_time_always_shows_hours() {
        let check = |ns, expected: &str| assert_eq!(text(|out| ps_time(out, ns)), expected);
        check(0, "00:00:00");
        check(1999 * SECOND / 1000, "00:00:01");
        check(25 * HOUR + MINUTE + SECOND, "1-01:01:01");
        check(-SECOND, "00:00:00");
    }

    #[test]
    fn a_start_is_told_by_clock_day_or_year() {
        let check = |start, now, zone: &TimeZone, expected: &str| {
            assert_eq!(text(|out| ps_start(out, start, now, zone)), expected);
        };
        let utc = &TimeZone::UTC;
        check(MOMENT, MOMENT, utc, "09:02");
        check(MOMENT - 9 * HOUR, MOMENT, utc, "00:02");
        check(MOMENT - 10 * HOUR, MOMENT, utc, "Nov23");
        check(MOMENT - 30 * DAY, MOMENT, utc, "Oct25");
        check(MOMENT - 365 * DAY, MOMENT, utc, "2025");
        let tokyo = &TimeZone::posix("JST-9").unwrap();
        check(MOMENT - 10 * HOUR, MOMENT, tokyo, "08:02");
    }

    #[test]
    fn the_long_start_is_ctimes() {
        let check = |at, zone: &TimeZone, expected: &str| {
            assert_eq!(text(|out| ps_lstart(out, at, zone)), expected);
        };
        check(MOMENT, &TimeZone::UTC, "Tue Nov 24 09:02:04 2026");
        check(MOMENT, &TimeZone::posix("JST-9").unwrap(), "Tue Nov 24 18:02:04 2026");
        check(0, &TimeZone::UTC, "Thu Jan  1 00:00:00 1970");
        check(-1, &TimeZone::UTC, "Wed Dec 31 23:59:59 1969");
    }

    #[test]
    fn every_month_and_day_is_named_as_another_printer_names_it() {
        for day in 0..400 {
            let at = MOMENT + day * DAY;
            let other = jiff::Timestamp::from_nanosecond(at).unwrap();
            let other = other.strftime("%a %b %e %H:%M:%S %Y").to_string();
            assert_eq!(text(|out| ps_lstart(out, at, &TimeZone::UTC)), other);
        }
    }

    #[test]
    fn programs_get_hundredths_in_utc() {
        let check = |at, expected: &str| {
            assert_eq!(text(|out| rfc3339_hundredths(out, at)), expected);
        };
        check(MOMENT + SECOND / 4, "2026-11-24T09:02:04.25Z");
        check(MOMENT + 70_000_000, "2026-11-24T09:02:04.07Z");
        check(MOMENT + 999_999_999, "2026-11-24T09:02:04.99Z");
        check(0, "1970-01-01T00:00:00.00Z");
    }
}
