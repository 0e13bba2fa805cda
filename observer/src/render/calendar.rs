//! Nanoseconds since 1970 → a date and a time of day, and both → digits.

use jiff::{
    Timestamp,
    civil::{DateTime, Weekday},
    tz::{TimeZone, TimeZoneOffsetInfo},
};

/// A moment as clocks of a zone show it.
pub(super) struct Local<'a> {
    /// Date and time of day.
    pub(super) at: DateTime,
    /// What the zone is at that moment.
    pub(super) zone: TimeZoneOffsetInfo<'a>,
}

impl<'a> Local<'a> {
    /// Moments that no calendar of ours holds become the first or the last that it does.
    pub(super) fn new(unix_ns: i128, zone: &'a TimeZone) -> Self {
        let edge = if unix_ns < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let moment = Timestamp::from_nanosecond(unix_ns).unwrap_or(edge);
        let zone = zone.to_offset_info(moment);
        Self { at: zone.offset().to_datetime(moment), zone }
    }

    /// Three letters.
    pub(super) fn weekday(&self) -> &'static str {
        match self.at.date().weekday() {
            Weekday::Monday => "Mon",
            Weekday::Tuesday => "Tue",
            Weekday::Wednesday => "Wed",
            Weekday::Thursday => "Thu",
            Weekday::Friday => "Fri",
            Weekday::Saturday => "Sat",
            Weekday::Sunday => "Sun",
        }
    }

    /// Three letters.
    pub(super) fn month(&self) -> &'static str {
        const NAMES: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let index = usize::from(self.at.month().unsigned_abs()).saturating_sub(1);
        NAMES.get(index).copied().unwrap_or_default()
    }

    /// `2026`, four digits at least.
    pub(super) fn write_year(&self, out: &mut Vec<u8>) {
        if self.at.year() < 0 {
            out.push(b'-');
        }
        padded(out, 4, self.at.year().unsigned_abs().into());
    }

    /// `10:02:04`
    pub(super) fn write_time(&self, out: &mut Vec<u8>) {
        two(out, self.at.hour());
        out.push(b':');
        two(out, self.at.minute());
        out.push(b':');
        two(out, self.at.second());
    }
}

/// Two digits of a number that is not negative.
pub(super) fn two(out: &mut Vec<u8>, number: i8) {
    padded(out, 2, number.unsigned_abs().into());
}

/// A number in `width` digits at least.
pub(super) fn padded(out: &mut Vec<u8>, width: usize, number: u32) {
    let mut digits = itoa::Buffer::new();
    let digits = digits.format(number).as_bytes();
    out.extend(std::iter::repeat_n(b'0', width.saturating_sub(digits.len())));
    out.extend_from_slice(digits);
}
