//! Moments → text.

use std::borrow::Cow;

use jiff::{Timestamp, fmt::temporal::DateTimePrinter, tz::TimeZone};

use crate::machine::WallClock;

/// How the time of an event is printed.
#[derive(Clone, Debug)]
pub enum TimeStyle {
    /// Hour, minute, second and millisecond in this zone.
    Clock(TimeZone),
    /// Seconds since 1970.
    Unix,
    /// Seconds since boot.
    Boot,
    /// Seconds since the event before.
    Delta,
    /// Not at all.
    None,
}

impl TimeStyle {
    /// Columns that it takes.
    pub fn width(&self) -> usize {
        match self {
            Self::Clock(_) => 12,
            Self::Unix => 17,
            Self::Boot => 14,
            Self::Delta => 11,
            Self::None => 0,
        }
    }
}

/// The moments of one stream, printed one after the other.
#[derive(Debug)]
pub(super) struct Moments {
    style: TimeStyle,
    before_ns: Option<u64>,
    /// The millisecond that a clock showed last, and its text: many events have the same.
    shown: (i128, String),
}

impl Moments {
    pub(super) fn new(style: TimeStyle) -> Self {
        Self { style, before_ns: None, shown: (i128::MIN, String::new()) }
    }

    /// Columns that each takes; `None` where none is printed.
    pub(super) fn width(&self) -> Option<usize> {
        (!matches!(self.style, TimeStyle::None)).then(|| self.style.width())
    }

    /// The next one.
    pub(super) fn print(&mut self, boot_ns: u64, clock: WallClock) -> Cow<'_, str> {
        const MILLISECOND: i128 = 1_000_000;
        let before_ns = self.before_ns.replace(boot_ns).unwrap_or(boot_ns);
        Cow::Owned(match &self.style {
            TimeStyle::Clock(zone) => {
                let unix_ns = clock.unix_ns(boot_ns);
                let millisecond = unix_ns.div_euclid(MILLISECOND);
                if self.shown.0 != millisecond {
                    let zoned = timestamp(unix_ns).to_zoned(zone.clone());
                    self.shown = (millisecond, zoned.strftime("%H:%M:%S.%3f").to_string());
                }
                return Cow::Borrowed(&self.shown.1);
            }
            TimeStyle::Unix => seconds(clock.unix_ns(boot_ns)),
            TimeStyle::Boot => seconds(i128::from(boot_ns)),
            TimeStyle::Delta => seconds(i128::from(boot_ns) - i128::from(before_ns)),
            TimeStyle::None => String::new(),
        })
    }
}

/// RFC 3339 in UTC, to the nanosecond.
pub(super) fn rfc3339(unix_ns: i128) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(9));
    PRINTER.timestamp_to_string(&timestamp(unix_ns))
}

/// A span as a person would say it.
pub(super) fn span(ns: u64) -> String {
    let (ms, rest) = (ns / 1_000_000, ns % 1_000_000);
    let seconds = ms / 1000;
    match seconds {
        0 => format!("{ms}.{}ms", rest / 100_000),
        1..60 => format!("{seconds}.{:03}s", ms % 1000),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

fn timestamp(unix_ns: i128) -> Timestamp {
    Timestamp::from_nanosecond(unix_ns).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn seconds(ns: i128) -> String {
    let sign = if ns < 0 { "-" } else { "" };
    let ns = ns.unsigned_abs();
    format!("{sign}{}.{:06}", ns / 1_000_000_000, ns / 1000 % 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_keep_three_digits_or_two_units() {
        let check = |ns, expected| assert_eq!(span(ns), expected);
        check(0, "0.0ms");
        check(999_999, "0.9ms");
        check(102_340_000, "102.3ms");
        check(1_203_000_000, "1.203s");
        check(192_000_000_000, "3m12s");
        check(3_660_000_000_000, "1h01m");
        check(90_000_000_000_000, "1d01h");
    }

    #[test]
    fn a_clock_shows_every_millisecond() {
        let clock = WallClock::read().unwrap();
        let mut moments = Moments::new(TimeStyle::Clock(TimeZone::UTC));
        for boot_ns in (0..5_000_000_000).step_by(777_777) {
            let expected = timestamp(clock.unix_ns(boot_ns)).to_zoned(TimeZone::UTC);
            let expected = expected.strftime("%H:%M:%S.%3f").to_string();
            assert_eq!(moments.print(boot_ns, clock), expected);
            assert_eq!(Some(expected.len()), moments.width());
        }
    }

    #[test]
    fn the_first_moment_has_none_before_it() {
        let clock = WallClock::read().unwrap();
        let mut moments = Moments::new(TimeStyle::Delta);
        assert_eq!(moments.print(5_000_000, clock), "0.000000");
        assert_eq!(moments.print(7_000_000, clock), "0.002000");
        assert_eq!(moments.print(6_000_000, clock), "-0.001000");
    }

    #[test]
    fn seconds_keep_their_sign() {
        assert_eq!(seconds(-1_500_000), "-0.001500");
        assert_eq!(seconds(12_000_001_000), "12.000001");
    }

    #[test]
    fn utc_to_the_nanosecond() {
        assert_eq!(rfc3339(1_000_000_000), "1970-01-01T00:00:01.000000000Z");
    }
}
